-- The seals of rows of the audit over which no head is signed yet (Profile §16.2): written with them, and gone with the head that covers them.
CREATE TABLE act_seal (
    n      INTEGER PRIMARY KEY,
    octets BLOB NOT NULL
) STRICT;
