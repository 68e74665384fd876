-- What a node that waits has signed so that `parent`, which it asked, may admit it. Of nodes that
-- waited before there was such a thing it is not known: they give it when they ask again.
ALTER TABLE pending ADD COLUMN parent BLOB NOT NULL DEFAULT (zeroblob(32))
    CHECK (length(parent) = 32);
ALTER TABLE pending ADD COLUMN consent BLOB NOT NULL DEFAULT (zeroblob(64))
    CHECK (length(consent) = 64);
