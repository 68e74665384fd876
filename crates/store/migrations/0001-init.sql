CREATE TABLE meta (
    -- Facts about the store itself, each a handful of bytes: 'federation' and 'node' (32-byte
    -- keys) and 'epoch' (the 16-byte name of this life of the store).
    name TEXT NOT NULL PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE roster (
    -- The roster in force, in the bytes that were signed. At most one row.
    key INTEGER NOT NULL PRIMARY KEY CHECK (key = 1),
    bytes BLOB NOT NULL,
    signature BLOB NOT NULL CHECK (length(signature) = 64)
) STRICT;

CREATE TABLE space (
    -- A space whose manifest is known, with the manifest in force. The digest is the exclusive
    -- or of the digests of all its documents that have heads, so that a change of one document
    -- changes it without reading the others.
    key INTEGER NOT NULL PRIMARY KEY,
    id BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
    manifest BLOB NOT NULL,
    signature BLOB NOT NULL CHECK (length(signature) = 64),
    heads_digest BLOB NOT NULL CHECK (length(heads_digest) = 32)
) STRICT;

CREATE TABLE feed (
    -- One writer's feed in one space: how many entries are held, the hash of the last, and the
    -- payload bytes of all (dropped ones count). Entries from `applied` on are in quarantine:
    -- authentic and kept, but without effect on any document.
    key INTEGER NOT NULL PRIMARY KEY,
    space INTEGER NOT NULL REFERENCES space (key),
    author BLOB NOT NULL CHECK (length(author) = 32),
    epoch BLOB NOT NULL CHECK (length(epoch) = 16),
    length INTEGER NOT NULL,
    head BLOB NOT NULL CHECK (length(head) = 32),
    bytes INTEGER NOT NULL,
    applied INTEGER NOT NULL CHECK (applied BETWEEN 0 AND length),
    UNIQUE (space, author, epoch)
) STRICT;

CREATE TABLE entry (
    -- One entry of a feed. `place` is feed.key * 2^40 + position, so that a feed lies together
    -- in its own order and a place is one small number wherever it is referred to. The hash of a
    -- payload is stored only when the payload itself was dropped; otherwise it can be computed.
    place INTEGER NOT NULL PRIMARY KEY,
    kind INTEGER NOT NULL,
    time_ms INTEGER NOT NULL,
    payload BLOB,
    dropped_hash BLOB CHECK (length(dropped_hash) = 32),
    dropped_length INTEGER,
    CHECK ((payload IS NULL) = (dropped_hash IS NOT NULL AND dropped_length IS NOT NULL))
) STRICT;

CREATE TABLE checkpoint (
    -- An author's signature over the entry at `place` and so over all before it. `bytes` are the
    -- payload bytes of the feed up to and with that entry.
    place INTEGER NOT NULL PRIMARY KEY REFERENCES entry (place),
    head BLOB NOT NULL CHECK (length(head) = 32),
    signature BLOB NOT NULL CHECK (length(signature) = 64),
    bytes INTEGER NOT NULL
) STRICT;

CREATE TABLE document (
    -- A document of a space that at least one permitted change names. `heads` are the 32-byte
    -- hashes of its newest applied changes, ascending and concatenated; empty while all its
    -- changes wait. `changes` of them are applied. `dirty` says that `summary` is older than
    -- `heads`.
    key INTEGER NOT NULL PRIMARY KEY,
    space INTEGER NOT NULL REFERENCES space (key),
    id BLOB NOT NULL CHECK (length(id) = 17),
    heads BLOB NOT NULL CHECK (length(heads) % 32 = 0),
    changes INTEGER NOT NULL,
    dirty INTEGER NOT NULL CHECK (dirty IN (0, 1)),
    UNIQUE (space, id)
) STRICT;

CREATE INDEX document_dirty ON document (key) WHERE dirty = 1;

CREATE TABLE change (
    -- An Automerge change that a permitted entry carries. The entry at `place` holds its bytes.
    -- `state` is 1 when it is applied, 2 while it waits for another change, 3 when it can never
    -- be applied, 4 when in addition an earlier change of its feed has its actor and sequence
    -- number. `position` counts the applied changes of the document in the order of their
    -- application, which is causal.
    document INTEGER NOT NULL REFERENCES document (key),
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    place INTEGER NOT NULL REFERENCES entry (place),
    actor BLOB NOT NULL,
    seq INTEGER NOT NULL,
    last_op INTEGER NOT NULL,
    state INTEGER NOT NULL CHECK (state IN (1, 2, 3, 4)),
    position INTEGER CHECK ((position IS NOT NULL) = (state = 1)),
    PRIMARY KEY (document, hash)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX change_sequence ON change (document, actor, seq) WHERE state < 4;

CREATE TABLE waiting (
    -- The change `hash` waits for `missing`: the hash of a change that is not applied, or the key
    -- that stands for the previous change of its actor. `link` is what the algorithm must know
    -- of the change when its turn comes.
    document INTEGER NOT NULL REFERENCES document (key),
    missing BLOB NOT NULL CHECK (length(missing) = 32),
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    place INTEGER NOT NULL REFERENCES entry (place),
    link BLOB NOT NULL,
    PRIMARY KEY (document, missing, hash)
) STRICT, WITHOUT ROWID;

CREATE TABLE refused (
    -- A permitted entry that claims to be a change and has no effect: malformed, under an actor
    -- id that its feed may not use, or at odds with changes before it. Known by its place, since
    -- the bytes may not even have a hash, and somebody else may rightly publish the same change.
    place INTEGER NOT NULL PRIMARY KEY REFERENCES entry (place),
    reason TEXT NOT NULL
) STRICT;

CREATE TABLE snapshot (
    -- The saved state of a document with its first `changes` applied changes, for documents that
    -- would take long to build from single changes.
    document INTEGER NOT NULL PRIMARY KEY REFERENCES document (key),
    changes INTEGER NOT NULL,
    bytes BLOB NOT NULL
) STRICT;

CREATE TABLE summary (
    -- What lists show of a document, computed from its changes; can always be rebuilt. `broken`
    -- says why a document cannot be shown; then the other columns are empty or older.
    document INTEGER NOT NULL PRIMARY KEY REFERENCES document (key),
    title TEXT NOT NULL,
    summary TEXT NOT NULL,
    conflicts INTEGER NOT NULL,
    broken TEXT
) STRICT;

CREATE INDEX summary_conflicted ON summary (document) WHERE conflicts > 0;

CREATE TABLE invite (
    -- An invitation to enrol. The secret is known by its SHA-256 alone. `used_by` is the node
    -- that redeemed it.
    secret_hash BLOB NOT NULL PRIMARY KEY CHECK (length(secret_hash) = 32),
    name TEXT NOT NULL,
    area TEXT NOT NULL,
    role TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL,
    used_by BLOB CHECK (length(used_by) = 32)
) STRICT, WITHOUT ROWID;
