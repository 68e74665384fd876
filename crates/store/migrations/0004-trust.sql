CREATE TABLE branch (
    -- The nodes that one node admitted, in the bytes that it signed.
    parent BLOB NOT NULL PRIMARY KEY CHECK (length(parent) = 32),
    bytes BLOB NOT NULL,
    signature BLOB NOT NULL CHECK (length(signature) = 64)
) STRICT, WITHOUT ROWID;

CREATE TABLE receipt (
    -- The newest statement of a node of what it holds durably of a space, as it was signed.
    space INTEGER NOT NULL REFERENCES space (key),
    node BLOB NOT NULL CHECK (length(node) = 32),
    bytes BLOB NOT NULL,
    signature BLOB NOT NULL CHECK (length(signature) = 64),
    PRIMARY KEY (space, node)
) STRICT, WITHOUT ROWID;

CREATE TABLE fork (
    -- The proof that a feed was signed in two ways from the position `seq` on, so that it ends
    -- there.
    feed INTEGER NOT NULL PRIMARY KEY REFERENCES feed (key),
    seq INTEGER NOT NULL,
    proof BLOB NOT NULL
) STRICT;

CREATE TABLE severed (
    -- A run that was cut off a feed, here or by another node: the position of its first entry, the
    -- hash of the entry before, and its checkpoint. One of another author that was taken from a
    -- peer is `carried`: it is in nobody's way here, and goes once it is published again.
    key INTEGER NOT NULL PRIMARY KEY,
    feed INTEGER NOT NULL REFERENCES feed (key),
    seq INTEGER NOT NULL,
    previous BLOB NOT NULL CHECK (length(previous) = 32),
    head BLOB NOT NULL CHECK (length(head) = 32),
    signature BLOB NOT NULL CHECK (length(signature) = 64),
    carried INTEGER NOT NULL CHECK (carried IN (0, 1)),
    UNIQUE (feed, seq, head)
) STRICT;

CREATE TABLE severed_entry (
    -- An entry of such a run. `settled` says that it needs nobody's attention any more: it was
    -- published again, or discarded.
    run INTEGER NOT NULL REFERENCES severed (key),
    seq INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    time_ms INTEGER NOT NULL,
    payload BLOB,
    dropped_hash BLOB CHECK (length(dropped_hash) = 32),
    dropped_length INTEGER,
    settled INTEGER NOT NULL CHECK (settled IN (0, 1)),
    PRIMARY KEY (run, seq),
    CHECK ((payload IS NULL) = (dropped_hash IS NOT NULL AND dropped_length IS NOT NULL))
) STRICT, WITHOUT ROWID;

CREATE TABLE discarded (
    -- An entry in quarantine that nobody wants to be reminded of.
    place INTEGER NOT NULL PRIMARY KEY REFERENCES entry (place)
) STRICT;

-- Entries that were published again are few, and are looked for by what they say.
CREATE INDEX entry_republished ON entry (place) WHERE kind = 4;
