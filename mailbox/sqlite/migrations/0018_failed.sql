-- What its recipient could not open waits, whatever the gateway saw before or after (Profile §8.22): it is told of, and expires.
UPDATE message SET state = 1
WHERE state = 2 AND handover IS NULL AND EXISTS (
    SELECT 1 FROM evidence f WHERE f.message = message.id AND f.kind = 'ContentHandoverFailure'
      AND CASE WHEN json_valid(f.doc) THEN f.doc ->> 'reason' END = 'check-failed');

-- The row of reminders of what was handed over left the list up to now, and its recipient may say yet that it does not open: 2 is the report
-- that nobody collected it. Moments before the last evidence about it count as told.
INSERT OR IGNORE INTO due (at, message, what, evidence, reminded)
SELECT m.received_at + 86400000, m.id, 2, m.answer, (SELECT max(e.at) FROM evidence e WHERE e.message = m.id)
FROM message m
WHERE m.handover IS NULL AND m.answer IS NOT NULL AND m.content_digest IS NOT NULL
  AND (m.state = 2 OR m.state = 1 AND EXISTS (
    SELECT 1 FROM evidence f WHERE f.message = m.id AND f.kind = 'ContentHandoverFailure'
      AND CASE WHEN json_valid(f.doc) THEN f.doc ->> 'reason' END = 'check-failed'))
  AND m.id NOT IN (SELECT message FROM due WHERE what = 2);
