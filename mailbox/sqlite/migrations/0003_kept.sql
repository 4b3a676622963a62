-- `papers_followed` says how many pieces of evidence were pruned when papers went after them (Profile §8.18).
INSERT INTO counter (name, value) VALUES ('papers_followed', 0);

-- `after`: the last piece of evidence there was when somebody last asked for it to be kept. Of papers kept before that was written down,
-- the last there is now.
CREATE TABLE paper_before AS SELECT name, kind, octets, beside FROM paper;

DROP TABLE paper;

CREATE TABLE paper (
    name   TEXT PRIMARY KEY,           -- 32 letters of its SHA-256
    kind   TEXT NOT NULL,
    after  INTEGER NOT NULL,
    beside TEXT NOT NULL,              -- names of the certificates that came with it, as JSON
    octets BLOB NOT NULL
) STRICT;

INSERT INTO paper (name, kind, after, beside, octets)
SELECT name, kind, (SELECT value FROM counter WHERE name = 'evidence'), beside, octets FROM paper_before;

DROP TABLE paper_before;

-- Bundles all of whose octets went to their recipient, and nothing says yet that they were taken (Profile §8.10).
CREATE TABLE sent_out (
    office  INTEGER NOT NULL,
    message INTEGER NOT NULL,
    PRIMARY KEY (office, message)
) STRICT, WITHOUT ROWID;

CREATE INDEX sent_out_message ON sent_out (message);

-- What the gateway said with `$MDNSent` alone, where it had taken a receipt (state 3, 済), it says with `$Acknowledged` too (Profile §8.3).
INSERT INTO keyword (mailbox, bit, name)
SELECT mailbox, last + 1, '$Acknowledged'
FROM (SELECT mailbox, max(bit) AS last, max(name = '$MDNSent') AS said, max(name = '$Acknowledged') AS known FROM keyword GROUP BY mailbox)
WHERE said AND NOT known AND last < 63;

UPDATE entry SET keywords = keywords | (SELECT 1 << bit FROM keyword k WHERE k.mailbox = entry.mailbox AND k.name = '$Acknowledged')
WHERE EXISTS (SELECT 1 FROM keyword k WHERE k.mailbox = entry.mailbox AND k.name = '$Acknowledged')
  AND keywords & (SELECT 1 << bit FROM keyword k WHERE k.mailbox = entry.mailbox AND k.name = '$MDNSent') <> 0
  AND message IN (SELECT id FROM message WHERE state = 3);
