-- A change begins above all that rows, evidence and signed heads know, and not at what a counter alone says: a counter that was set back gives
-- no id again, and no number that a head covers. `covered` is how many pieces are under the newest head. Ids of days that are far keep theirs as
-- before.
DROP VIEW begun;
CREATE VIEW begun (message, evidence, pieces, covered) AS
SELECT (SELECT max(value, coalesce((SELECT max(id) FROM message WHERE id < (unixepoch() / 86400 + 2) << 40), 0),
                   coalesce((SELECT max(message) FROM evidence WHERE message < (unixepoch() / 86400 + 2) << 40), 0))
        FROM counter WHERE name = 'message'),
       (SELECT max(value, coalesce((SELECT max(id) FROM evidence WHERE id < (unixepoch() / 86400 + 2) << 40), 0),
                   coalesce((SELECT iif(last < (unixepoch() / 86400 + 2) << 40, last, 0)
                             FROM log_head WHERE size = (SELECT max(size) FROM log_head)), 0))
        FROM counter WHERE name = 'evidence'),
       (SELECT value FROM counter WHERE name = 'evidence_count'),
       coalesce((SELECT max(size) FROM log_head), 0);
