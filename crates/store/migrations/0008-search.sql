CREATE TABLE searchable (
    -- The texts of a document that a search looks at, as written, one or more lines each: computed
    -- and written with its summary, and as easily made again. `names` are what people call it.
    document INTEGER NOT NULL PRIMARY KEY REFERENCES document (key),
    names TEXT NOT NULL,
    body TEXT NOT NULL
) STRICT;

-- Which documents have which grams; the rowid is that of `searchable`. A token is a gram, a gram of
-- a name after '§', or where a document belongs after '¤' (see search.rs). Each is kept once for a
-- document, and neither texts nor positions are: the texts decide what matches.
CREATE VIRTUAL TABLE gram USING fts5 (
    tokens, content = '', contentless_delete = 1, detail = 'none', tokenize = 'ascii'
);

-- Merging a little with every commit would take as long as all other indexing; sixteen segments of
-- a size are merged anyway.
INSERT INTO gram (gram, rank) VALUES ('automerge', 0);

-- The same token by token, for verification.
CREATE VIRTUAL TABLE gram_token USING fts5vocab (gram, 'instance');

-- Stores of before get the texts of their documents as after a change.
UPDATE document SET dirty = 1 WHERE heads <> x'';
