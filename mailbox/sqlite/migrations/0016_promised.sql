-- For how long the content of a day is kept, as was said when it came (Profile §11.5): days after `after` so long, those before as long as
-- the row before says. Later rows are shorter.
CREATE TABLE promised (
    after INTEGER PRIMARY KEY,      -- days since 1970; of the first row, before all days
    days  INTEGER NOT NULL
) STRICT;

INSERT INTO promised (after, days) SELECT -2147483648, value FROM counter WHERE name = 'kept_for' AND value BETWEEN 10 AND 365;

DELETE FROM counter WHERE name = 'kept_for';
