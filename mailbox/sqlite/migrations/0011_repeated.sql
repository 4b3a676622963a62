-- Of each login's receipts of a UTC day that changed nothing the first ones have rows; the others are counted (Profile §8.24). Those that
-- only came second (`repeated`) have a room of their own: they push no refusal out.
CREATE TABLE refused_daily (
    day      INTEGER NOT NULL,
    login    TEXT NOT NULL,
    repeated INTEGER NOT NULL,
    rows     INTEGER NOT NULL,
    more     INTEGER NOT NULL,
    PRIMARY KEY (day, login, repeated)
) STRICT, WITHOUT ROWID;

INSERT INTO refused_daily (day, login, repeated, rows, more) SELECT day, login, 0, rows, more FROM refused_day;

DROP TABLE refused_day;
