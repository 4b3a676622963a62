-- What its recipient could not open waits, whatever the gateway saw before or after (Profile §8.22): it is told of, and expires.
UPDATE message SET state = 1
WHERE state = 2 AND handover IS NULL AND EXISTS (
    SELECT 1 FROM evidence f
    WHERE f.message = message.id AND f.kind = 'ContentHandoverFailure' AND f.doc ->> 'reason' = 'check-failed');

-- Its row of reminders may have left the list: 2 is the report that nobody collected it.
INSERT OR IGNORE INTO due (at, message, what, evidence)
SELECT m.received_at + 86400000, m.id, 2, m.answer FROM message m
WHERE m.state = 1 AND m.answer IS NOT NULL AND EXISTS (
    SELECT 1 FROM evidence f
    WHERE f.message = m.id AND f.kind = 'ContentHandoverFailure' AND f.doc ->> 'reason' = 'check-failed')
  AND m.id NOT IN (SELECT message FROM due WHERE what = 2);
