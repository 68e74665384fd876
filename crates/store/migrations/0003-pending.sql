-- Enrolment that a person decides. `approval` says that whoever redeems an invitation waits until
-- somebody approves. `closed` says that it is worthless whoever presents it, and why: 'withdrawn'
-- before anybody used it, or 'rejected' by whoever had to approve, with `reason` as they wrote it.
ALTER TABLE invite ADD COLUMN approval INTEGER NOT NULL DEFAULT 0 CHECK (approval IN (0, 1));
ALTER TABLE invite ADD COLUMN closed TEXT CHECK (closed IN ('withdrawn', 'rejected'));
ALTER TABLE invite ADD COLUMN reason TEXT NOT NULL DEFAULT '';

CREATE TABLE pending (
    -- A node that redeemed an invitation and waits for a decision. `addresses` are those at which
    -- it wishes to be dialled, one a line; `software` is what it says it runs.
    secret_hash BLOB NOT NULL PRIMARY KEY REFERENCES invite (secret_hash),
    node BLOB NOT NULL CHECK (length(node) = 32),
    addresses TEXT NOT NULL,
    software TEXT NOT NULL,
    since_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
