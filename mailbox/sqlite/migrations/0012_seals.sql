-- The seals of evidence over which no head is signed yet (Profile §8.20): written with it, in the same commit, and gone with the head that
-- covers it. A piece without one was written by another hand, or by a gateway that had no key for them.
CREATE TABLE seal (
    evidence INTEGER PRIMARY KEY,
    octets   BLOB NOT NULL
) STRICT;

CREATE TRIGGER change_sealed INSTEAD OF INSERT ON change BEGIN
    INSERT INTO seal (evidence, octets)
    SELECT json_extract(value, '$[0]'), substr(new.octets, json_extract(value, '$[8]'), 16)
    FROM jsonb_each(new.evidence) WHERE json_extract(value, '$[8]') IS NOT NULL;
END;
