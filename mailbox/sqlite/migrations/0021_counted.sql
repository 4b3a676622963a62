-- Receipts that changed nothing and have no row, being past those of their login and day: that they were counted (Profile §8.27), for the
-- latest of them.
CREATE TABLE refused_counted (
    n      INTEGER PRIMARY KEY,
    sha256 TEXT NOT NULL,              -- of the receipt
    code   TEXT NOT NULL,              -- why
    UNIQUE (sha256, code)
) STRICT;
