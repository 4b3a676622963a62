-- Which messages of an office's folders each agent got: the audit tells each once (Profile §16.3). What was told before this was written
-- down is told once more where it is fetched again.
CREATE TABLE collected (
    message INTEGER NOT NULL,
    office  TEXT NOT NULL,           -- whose copy: sender and recipient may have mandated the same agent
    agent   TEXT NOT NULL,
    PRIMARY KEY (message, office, agent)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER collected_gone AFTER DELETE ON message BEGIN
    DELETE FROM collected WHERE message = old.id;
END;
