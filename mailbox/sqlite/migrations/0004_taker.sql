-- Of bundles whose octets went out whole, and nothing says yet that they were taken, to whom they went (Profile §8.10). Up to now nobody
-- wrote that down: where an office never mandated anybody it was the office itself, and elsewhere it is nobody.
CREATE TABLE sent_out_before AS
SELECT s.message FROM sent_out s JOIN office o ON o.id = s.office WHERE o.number NOT IN (SELECT doc ->> 'office' FROM mandate);

DROP TABLE sent_out;

CREATE TABLE sent_out (
    message INTEGER NOT NULL,
    mandate TEXT NOT NULL,           -- under which an agent got it; '': the office itself did
    PRIMARY KEY (message, mandate)
) STRICT, WITHOUT ROWID;

INSERT INTO sent_out (message, mandate) SELECT message, '' FROM sent_out_before;

DROP TABLE sent_out_before;
