-- Which piece of evidence names a certificate or a state of trust last (Profile §8.29), as far as evidence was read for it: `papers_read` is
-- the last piece that was.
CREATE TABLE paper_named (
    name TEXT PRIMARY KEY,             -- as in `paper`
    last INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO counter (name, value) VALUES ('papers_read', 0);
