-- What recipients said of bundles, receipts and words that one does not open, octet for octet as it was accepted, packed with zstd: beside
-- the evidence that names it, in the same commit, and gone with it (Profile §8.18).
CREATE TABLE word (
    evidence INTEGER PRIMARY KEY,
    octets   BLOB NOT NULL
) STRICT;

-- `words_from`: the evidence before which none was kept.
INSERT INTO counter (name, value) SELECT 'words_from', value FROM counter WHERE name = 'evidence';
