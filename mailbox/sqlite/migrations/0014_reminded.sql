-- `reminded`: of the moments of a reminder (Profile §8.14) the last that was told, NULL where none was. Up to now only the next one was
-- known (2: `Report::Uncollected`): whatever comes before it counts as told.
ALTER TABLE due ADD COLUMN reminded INTEGER;

UPDATE due SET reminded = at - 1 WHERE what = 2;
