-- The counters with which a change begins. Another hand may have put a piece of evidence behind the last one: it keeps its id, is named, and
-- stops no mail. Ids of days that are far keep theirs as well until then.
CREATE VIEW begun (message, evidence, pieces) AS
SELECT (SELECT value FROM counter WHERE name = 'message'),
       (SELECT max(value, coalesce((SELECT max(id) FROM evidence WHERE id < (unixepoch() / 86400 + 2) << 40), 0))
        FROM counter WHERE name = 'evidence'),
       (SELECT value FROM counter WHERE name = 'evidence_count');
