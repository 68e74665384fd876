CREATE TABLE vault (
    -- What nodes said about people, in the bytes that they signed: the order to erase somebody
    -- (kind 1), who has done so (2), and the newest record of everybody else (3), sealed. Its key
    -- lies in another database, which no backup holds.
    space INTEGER NOT NULL REFERENCES space (key),
    subject BLOB NOT NULL CHECK (length(subject) = 17),
    kind INTEGER NOT NULL CHECK (kind IN (1, 2, 3)),
    node BLOB NOT NULL CHECK (length(node) = 32),
    bytes BLOB NOT NULL,
    signature BLOB NOT NULL CHECK (length(signature) = 64),
    PRIMARY KEY (space, subject, kind, node)
) STRICT, WITHOUT ROWID;
