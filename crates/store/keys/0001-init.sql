CREATE TABLE record_key (
    -- The key of the one record that is held of a person in a space, and its hash, by which that
    -- record names it.
    space BLOB NOT NULL CHECK (length(space) = 16),
    subject BLOB NOT NULL CHECK (length(subject) = 17),
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    key BLOB NOT NULL CHECK (length(key) = 32),
    PRIMARY KEY (space, subject)
) STRICT, WITHOUT ROWID;
