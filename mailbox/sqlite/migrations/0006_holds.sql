-- `hold_number`: the number that a hold got last, written down before anything stands under it (Profile §11.6). -1 where holds were placed
-- before that: the next start takes what stands there for given.
INSERT INTO counter (name, value) SELECT 'hold_number', CASE WHEN EXISTS (SELECT 1 FROM hold) THEN -1 ELSE 0 END;
