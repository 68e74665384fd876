-- What was cut off also comes from other nodes, on its way to its author. A run of another author
-- that was taken from a peer is `carried`: it is in nobody's way here, and goes once it is published
-- again. Until now nobody took any.
ALTER TABLE severed ADD COLUMN carried INTEGER NOT NULL DEFAULT 0 CHECK (carried IN (0, 1));
