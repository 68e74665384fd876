-- An invitation for another key of a node that the federation knows: the key that is replaced, and
-- whether it was stolen, so that it need not vouch for the new one.
ALTER TABLE invite ADD COLUMN replaces BLOB CHECK (length(replaces) = 32);
ALTER TABLE invite ADD COLUMN stolen INTEGER NOT NULL DEFAULT 0 CHECK (stolen IN (0, 1));

CREATE TABLE former_key (
    -- A key under which this store was written before the one in `meta`. Of one that was stolen
    -- only what this store holds of its own work is this node's.
    node BLOB NOT NULL PRIMARY KEY CHECK (length(node) = 32),
    stolen INTEGER NOT NULL CHECK (stolen IN (0, 1))
) STRICT, WITHOUT ROWID;

CREATE TABLE former_feed (
    -- A feed of such a key as it was when the key was replaced: the hash of its last entry, and how
    -- many entries had an effect here. Those of them that have none any more, because a steward had
    -- not received them, are published again under the present key.
    feed INTEGER NOT NULL PRIMARY KEY REFERENCES feed (key),
    counted INTEGER NOT NULL,
    head BLOB NOT NULL CHECK (length(head) = 32)
) STRICT;
