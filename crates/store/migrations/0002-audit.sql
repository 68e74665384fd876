CREATE TABLE audit (
    -- One act of administration, one refusal, or `count` equal refusals; never changed and never
    -- removed. Numbers begin with 1 and have no gaps. `hash` is over all other columns; `previous`
    -- is the hash of the record before, zeros at the first, so that every hash stands for the
    -- whole log up to it.
    number INTEGER NOT NULL PRIMARY KEY,
    time_ms INTEGER NOT NULL,
    who TEXT NOT NULL,
    act TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail TEXT NOT NULL,
    count INTEGER NOT NULL CHECK (count > 0),
    previous BLOB NOT NULL CHECK (length(previous) = 32),
    hash BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;

CREATE INDEX audit_act ON audit (act, number);

CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;

CREATE TRIGGER audit_is_not_cut BEFORE DELETE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;

-- Also against REPLACE, which deletes without that trigger.
CREATE TRIGGER audit_goes_on BEFORE INSERT ON audit
WHEN NEW.number <> (SELECT coalesce(max(number), 0) + 1 FROM audit)
BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;
