-- `reminded_by`: the number of the settings by which it is told that nobody has collected a bundle (Profile §8.14). 0 where they were not
-- written down: the next start looks at every bundle that waits.
INSERT INTO counter (name, value) VALUES ('reminded_by', 0);
