-- The rows of a gateway's store. Times are milliseconds since 1970 (UTC); days are UTC days.

-- Numbers that only ever rise, read and written inside the writer's transaction.
CREATE TABLE counter (
    name  TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- `message` and `evidence` are the last ids given, `evidence_count` says how many pieces of evidence there ever were, `evidence_pruned` how many of the first are gone, `expired_on` the day of the last expiry, 0 before the first, `restored_at` the moment a backup became this store. `uid_validity` starts at the second the store was made, so that
-- a mail tool that remembers an earlier store of the same name does not trust what it remembers.
INSERT INTO counter (name, value) VALUES ('message', 0), ('evidence', 0), ('evidence_count', 0), ('evidence_pruned', 0), ('acts', 0), ('directory', 0), ('expired_on', 0), ('restored_at', 0), ('uid_validity', unixepoch()),
    -- `notice_uid` is the last UID of a notice; `notice_modseq` numbers whatever comes, goes or is marked, `notice_turn` is its value when one came or went last.
    ('notice_uid', 0), ('notice_modseq', 1), ('notice_turn', 1), ('notice_validity', unixepoch());

-- 登録簿
CREATE TABLE office (
    id            INTEGER PRIMARY KEY,
    number        TEXT NOT NULL UNIQUE,
    name          TEXT NOT NULL,
    suspended     TEXT,              -- why
    kana          TEXT NOT NULL DEFAULT '',             -- what the directory says of it (Profile §17)
    municipality  TEXT NOT NULL DEFAULT '',
    kinds         TEXT NOT NULL DEFAULT '[]',           -- JSON
    editions      TEXT NOT NULL DEFAULT '[]',           -- JSON
    regional      INTEGER NOT NULL DEFAULT 0,           -- the door of a regional service (Profile §17.10)
    modseq        INTEGER NOT NULL,  -- one counter for all folders of the office (Profile §7)
    used_bytes    INTEGER NOT NULL DEFAULT 0,           -- of all its folders together
    quota_bytes   INTEGER NOT NULL DEFAULT 2147483648   -- what they may hold (Profile §12.4)
) STRICT;

-- The counter `directory` rises with whatever is searched in the directory: its copy in memory is as old as what it was made from.
CREATE TRIGGER office_added AFTER INSERT ON office BEGIN
    UPDATE counter SET value = value + 1 WHERE name = 'directory';
END;
CREATE TRIGGER office_described AFTER UPDATE OF name, kana, municipality, kinds ON office
WHEN new.name IS NOT old.name OR new.kana IS NOT old.kana OR new.municipality IS NOT old.municipality OR new.kinds IS NOT old.kinds
BEGIN
    UPDATE counter SET value = value + 1 WHERE name = 'directory';
END;
-- ライセンス (Profile §10): `Licensing` as JSON, and when to look at it again, which is its row in `due`.
CREATE TABLE licence (
    office  TEXT PRIMARY KEY REFERENCES office (number),
    doc     TEXT NOT NULL,
    look_at INTEGER
) STRICT, WITHOUT ROWID;

-- What offices signed of their licences, as it came. `sha256` is that of the deed's canonical form: none is obeyed twice.
CREATE TABLE licence_deed (
    sha256 TEXT PRIMARY KEY,
    office TEXT NOT NULL REFERENCES office (number),
    kind   TEXT NOT NULL CHECK (kind IN ('apply', 'renew', 'automatic')),
    at     INTEGER NOT NULL,
    signed BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX licence_deed_office ON licence_deed (office, at);

-- 利用規約. A version's words never change; the last is in force.
CREATE TABLE terms (
    n       INTEGER PRIMARY KEY AUTOINCREMENT,
    version TEXT NOT NULL UNIQUE,
    digest  TEXT NOT NULL,
    text    TEXT NOT NULL,
    at      INTEGER NOT NULL
) STRICT;

CREATE TABLE account (
    login         TEXT PRIMARY KEY,
    party         TEXT NOT NULL,     -- office number or agent id
    password_hash TEXT NOT NULL,
    scram         TEXT NOT NULL,     -- RFC 5803
    password_set  INTEGER NOT NULL,
    temporary     INTEGER NOT NULL,  -- 1: the password has to be changed before anything else
    role          TEXT NOT NULL,
    suspended     TEXT,              -- why
    withdrawn     INTEGER NOT NULL   -- application passwords that went when the operator set the password, and none was made since
) STRICT, WITHOUT ROWID;

-- Application passwords (Profile §19.7): `login` is `<login of the account>/<name>`.
CREATE TABLE app_password (
    login         TEXT PRIMARY KEY,
    account       TEXT NOT NULL REFERENCES account (login) ON DELETE CASCADE,
    password_hash TEXT NOT NULL,
    scram         TEXT NOT NULL,
    doors         TEXT NOT NULL,     -- as JSON
    made          INTEGER NOT NULL,
    used          INTEGER            -- the last time, to the hour
) STRICT, WITHOUT ROWID;

CREATE INDEX app_password_account ON app_password (account);

-- Whose certificate it is; senders encrypt to the valid ones of an office. Times here are seconds. A row stays when it is
-- removed, and counts no longer (Profile §19.12).
CREATE TABLE certificate (
    issuer      TEXT NOT NULL,
    serial      TEXT NOT NULL,
    party       TEXT NOT NULL,
    der         BLOB NOT NULL,
    valid_from  INTEGER NOT NULL,
    valid_until INTEGER NOT NULL,
    removed     INTEGER,
    PRIMARY KEY (issuer, serial)
) STRICT, WITHOUT ROWID;

CREATE INDEX certificate_party ON certificate (party);

-- 代行業者
CREATE TABLE agent (
    id            TEXT PRIMARY KEY,
    name          TEXT NOT NULL,
    suspended     TEXT,                       -- why
    subscriptions INTEGER NOT NULL DEFAULT 0  -- rows of agent_subscription, so that nobody counts them
) STRICT, WITHOUT ROWID;

-- 委任 (Profile §9). Rows stay: a mandate that ended is quoted by evidence. Only confirmation and revocation are added.
CREATE TABLE mandate (
    id           TEXT PRIMARY KEY,
    digest       TEXT NOT NULL,      -- SHA-256 of the canonical form, which holds `doc`
    doc          TEXT NOT NULL,
    paper        INTEGER NOT NULL,
    confirmed_at INTEGER,
    revoked_at   INTEGER,
    revoked_by   TEXT
) STRICT, WITHOUT ROWID;

-- How many an office has, and how many wait for an agent.
CREATE INDEX mandate_office ON mandate (doc ->> 'office') WHERE revoked_at IS NULL;
CREATE INDEX mandate_waiting ON mandate (doc ->> 'agent') WHERE revoked_at IS NULL AND confirmed_at IS NULL;

-- What was signed of a mandate, as it came.
CREATE TABLE deed (
    mandate TEXT NOT NULL REFERENCES mandate (id),
    kind    TEXT NOT NULL CHECK (kind IN ('grant', 'confirm', 'revoke')),
    at      INTEGER NOT NULL,
    signed  BLOB NOT NULL,
    PRIMARY KEY (mandate, kind)
) STRICT, WITHOUT ROWID;

-- The counters stand in the row, so STATUS counts nothing.
CREATE TABLE mailbox (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,   -- MAILBOXID (RFC 8474): never given twice
    office       INTEGER NOT NULL REFERENCES office (id),
    name         TEXT NOT NULL,
    uid_validity INTEGER NOT NULL,
    uid_next     INTEGER NOT NULL,
    modseq       INTEGER NOT NULL,
    messages     INTEGER NOT NULL,
    unseen       INTEGER NOT NULL,
    bytes        INTEGER NOT NULL,
    deleted       INTEGER NOT NULL,                   -- messages with \Deleted, and their bytes
    deleted_bytes INTEGER NOT NULL,
    recent        INTEGER NOT NULL DEFAULT 0,         -- messages nobody was told of yet (RFC 3501 §2.3.2 \Recent), and
    recent_from   INTEGER NOT NULL DEFAULT 1,         -- the UID from which on they are that
    forgotten     INTEGER NOT NULL DEFAULT 0,         -- which UIDs vanished up to this change is not known any more
    UNIQUE (office, name)
) STRICT;

-- Names an office subscribed to (RFC 3501 §6.3.6); there need not be such a folder.
CREATE TABLE subscription (
    office INTEGER NOT NULL REFERENCES office (id),
    name   TEXT NOT NULL,
    PRIMARY KEY (office, name)
) STRICT, WITHOUT ROWID;

-- What an agent said of its own subscriptions, in its names; the standard folders of its offices begin subscribed (Profile §9.16).
CREATE TABLE agent_subscription (
    agent  TEXT NOT NULL REFERENCES agent (id),
    name   TEXT NOT NULL,
    wanted INTEGER NOT NULL,
    PRIMARY KEY (agent, name)
) STRICT, WITHOUT ROWID;

-- The last UIDVALIDITY of a name whose folder was deleted or renamed: no folder that gets the name has a lower one (Profile §7.9).
-- The row without a name stands for those that were forgotten.
CREATE TABLE vacated (
    office       INTEGER NOT NULL REFERENCES office (id),
    name         TEXT NOT NULL,
    uid_validity INTEGER NOT NULL,
    PRIMARY KEY (office, name)
) STRICT, WITHOUT ROWID;

-- METADATA (RFC 5464); `mailbox` is 0 where an entry is the office's own and of no folder. An entry that was removed stays
-- without a value, so that those who listen hear of it.
CREATE TABLE annotation (
    office  INTEGER NOT NULL REFERENCES office (id),
    mailbox INTEGER NOT NULL,
    name    TEXT NOT NULL COLLATE NOCASE,
    value   BLOB,
    modseq  INTEGER NOT NULL,
    PRIMARY KEY (office, mailbox, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE keyword (
    mailbox INTEGER NOT NULL REFERENCES mailbox (id),
    bit     INTEGER NOT NULL CHECK (bit BETWEEN 0 AND 63),
    name    TEXT NOT NULL COLLATE NOCASE,
    PRIMARY KEY (mailbox, bit),
    UNIQUE (mailbox, name)
) STRICT, WITHOUT ROWID;

-- A folder with its office's counter and its keywords by bit, as one JSON value: listings travel as one value.
CREATE VIEW folder (id, office_number, name, modseq, doc) AS
SELECT m.id, o.number, m.name, m.modseq, json_object(
    'id', m.id, 'office', o.id, 'number', o.number, 'name', m.name, 'uid_validity', m.uid_validity,
    'uid_next', m.uid_next, 'modseq', m.modseq,
    'account', json_array(o.modseq, o.used_bytes, o.quota_bytes),
    'messages', m.messages, 'unseen', m.unseen, 'bytes', m.bytes, 'deleted', json_array(m.deleted, m.deleted_bytes),
    'recent', json_array(m.recent, m.recent_from), 'forgotten', m.forgotten,
    'keywords', (SELECT json_group_array(name) FROM (SELECT name FROM keyword WHERE mailbox = m.id ORDER BY bit)))
FROM mailbox m JOIN office o ON o.id = m.office;

-- id = day << 40 | number, so that expiry is a range of keys.
CREATE TABLE message (
    id             INTEGER PRIMARY KEY,
    sha256         BLOB,             -- as received; NULL for what an office put into its own folder
    signed_digest  BLOB,             -- of the signed part with its signature; NULL where that names the Message-ID itself
    content_digest BLOB,             -- of a bundle's signed part, which its receipt must name; NULL for all else
    received_size  INTEGER,          -- octets as received, which evidence names; NULL as sha256 is
    size           INTEGER NOT NULL, -- octets as kept, under the gateway's trace field (RFC822.SIZE)
    message_id     TEXT,
    sender         INTEGER,          -- rows of office; without REFERENCES, for which SQLite would walk this table
    recipient      INTEGER,
    received_at    INTEGER NOT NULL,
    handover       INTEGER,          -- the evidence that the first receipt made
    sent_key       INTEGER,          -- of sender and Message-ID, where it came by admission: 8 octets of SHA-256
    answer         INTEGER,          -- the evidence it was answered with
    wishes         TEXT,             -- what the sender asked of reports (RFC 3461), as JSON
    state          INTEGER NOT NULL DEFAULT 1,   -- of a bundle: how far it has come (the numbers of `State`)
    segment        INTEGER NOT NULL, -- day << 24 | number: the file of the body, and the key that opens it
    body_offset    INTEGER NOT NULL, -- where its record begins there
    stored         INTEGER NOT NULL  -- octets of the record; 0 once no folder shows the body any more
) STRICT;

-- A day's bodies, for expiry; and whether a segment is needed at all.
CREATE INDEX message_segment ON message (segment);

-- Exactly once (Profile §5.8): what an office sent under a Message-ID. Message-IDs come in no order, so every one is written
-- elsewhere; the shorter the key, the more of them share a page.
CREATE INDEX message_sent ON message (sent_key) WHERE sent_key IS NOT NULL;

-- The same signature again, under whatever Message-ID, is the same message (Profile §5.8).
CREATE INDEX message_signed ON message (sender, signed_digest) WHERE signed_digest IS NOT NULL;

-- One message in one folder.
CREATE TABLE entry (
    mailbox  INTEGER NOT NULL REFERENCES mailbox (id),
    uid      INTEGER NOT NULL,
    message  INTEGER NOT NULL REFERENCES message (id),
    modseq   INTEGER NOT NULL,
    flags    INTEGER NOT NULL,
    keywords INTEGER NOT NULL,
    saved_at INTEGER NOT NULL,       -- when it came into this folder (RFC 8514)
    PRIMARY KEY (mailbox, uid)
) STRICT, WITHOUT ROWID;

CREATE INDEX entry_message ON entry (message);

-- What changed since: everybody who has a folder open asks after every change, and its size must not matter.
CREATE INDEX entry_modseq ON entry (mailbox, modseq);

-- UIDs that went, as ranges (QRESYNC, RFC 7162): of each folder the last ones only (Profile §7.23).
CREATE TABLE vanished (
    mailbox INTEGER NOT NULL REFERENCES mailbox (id),
    modseq  INTEGER NOT NULL,
    lo      INTEGER NOT NULL,
    hi      INTEGER NOT NULL,
    PRIMARY KEY (mailbox, modseq, lo)
) STRICT, WITHOUT ROWID;

-- What became of the content of a day (Profile §11.4); a day without a row is live.
CREATE TABLE day (
    day         INTEGER PRIMARY KEY,
    state       TEXT NOT NULL CHECK (state IN ('live', 'erased', 'swept')),
    messages    INTEGER NOT NULL,
    bytes       INTEGER NOT NULL,
    uncollected INTEGER NOT NULL,
    erased_at   INTEGER NOT NULL,
    swept_at    INTEGER
) STRICT;

-- 保全: messages kept over the expiry of their day (Profile §11.6), and where their bodies stood before. A row stays when the hold
-- and the message are gone.
CREATE TABLE hold (
    id          INTEGER PRIMARY KEY,
    message     INTEGER NOT NULL,
    office      TEXT NOT NULL,
    message_id  TEXT NOT NULL,
    segment     INTEGER NOT NULL,
    body_offset INTEGER NOT NULL,
    stored      INTEGER NOT NULL,
    reason      TEXT NOT NULL,
    placed_by   TEXT NOT NULL,
    placed_at   INTEGER NOT NULL,
    released_by TEXT,
    released_at INTEGER,
    erased      INTEGER NOT NULL DEFAULT 0   -- 1: the message went when the hold ended
) STRICT;

CREATE UNIQUE INDEX hold_message ON hold (message) WHERE released_at IS NULL;
CREATE INDEX hold_segment ON hold (segment) WHERE released_at IS NULL;
CREATE INDEX hold_office ON hold (office, message_id);

-- 証跡. It outlives message and offices, so it refers to nothing. `doc` is shown byte for byte, and its hash stands in the log.
CREATE TABLE evidence (
    id          INTEGER PRIMARY KEY,  -- day << 40 | number; rises with every piece
    message     INTEGER NOT NULL,     -- a piece about no bundle has its own id here, negative, and no offices
    kind        TEXT NOT NULL,
    at          INTEGER NOT NULL,
    from_office INTEGER NOT NULL,
    to_office   INTEGER NOT NULL,
    doc         TEXT NOT NULL
) STRICT;

-- All evidence about one bundle.
CREATE INDEX evidence_message ON evidence (message);

-- What was collected or failed, by its Message-ID: a receipt may come when the content is gone (Profile §8.11).
CREATE INDEX evidence_ended ON evidence (from_office, doc ->> 'message_id')
    WHERE kind IN ('ContentHandover', 'ContentHandoverFailure');

-- What was erased of which day.
CREATE INDEX evidence_erased ON evidence (doc ->> 'day') WHERE kind = 'ContentErasure';

CREATE INDEX evidence_pruning ON evidence (id) WHERE kind = 'EvidencePruning';

-- The tree under the root of an erasure of several messages (Profile §8.28), in tiles as those of the log.
CREATE TABLE erased_tile (
    erasure INTEGER NOT NULL,          -- the piece of evidence
    tile    INTEGER NOT NULL,          -- level << 48 | index
    hashes  BLOB NOT NULL,
    PRIMARY KEY (erasure, tile)
) STRICT;

-- What judgements rested on (Profile §8.18): certificates of signers and authorities, revocation lists, which of them counted.
-- Written when one is first seen, kept as long as evidence.
CREATE TABLE paper (
    name   TEXT PRIMARY KEY,           -- 32 letters of its SHA-256
    kind   TEXT NOT NULL,
    octets BLOB NOT NULL,
    beside TEXT NOT NULL               -- names of the certificates that came with it, as JSON
) STRICT;

-- Receipts that were refused, and why (Profile §8.4). Not evidence: nothing happened.
CREATE TABLE refused_receipt (
    id          INTEGER PRIMARY KEY,
    at          INTEGER NOT NULL,
    login       TEXT NOT NULL,       -- the party that was logged in
    from_office TEXT,
    to_office   TEXT NOT NULL,
    original    TEXT NOT NULL,
    sha256      TEXT NOT NULL,
    code        TEXT NOT NULL,
    UNIQUE (sha256, code)
) STRICT;

-- Of each login's refused receipts of a UTC day the first ones have rows; the others are counted (Profile §8.24).
CREATE TABLE refused_day (
    day   INTEGER NOT NULL,
    login TEXT NOT NULL,
    rows  INTEGER NOT NULL,
    more  INTEGER NOT NULL,
    PRIMARY KEY (day, login)
) STRICT, WITHOUT ROWID;

-- The log over all evidence (Profile §8.13): id = level << 48 | index; up to 256 hashes of 32 octets.
CREATE TABLE log_tile (
    id     INTEGER PRIMARY KEY,
    hashes BLOB NOT NULL
) STRICT;

-- Signed heads in the order of the log, one for a UTC day where the clock is right: the newest is the longest, and `day` is the
-- clock's word. `last` is the id of the last piece in it; `head` is what was signed with its signature; `stamp` a time stamp over it
-- (RFC 3161), where there is one.
CREATE TABLE log_head (
    size  INTEGER PRIMARY KEY,
    day   INTEGER NOT NULL,
    last  INTEGER NOT NULL,
    head  BLOB NOT NULL,
    stamp BLOB
) STRICT;

-- Those that may want a stamp.
CREATE INDEX log_head_unstamped ON log_head (size) WHERE stamp IS NULL;

-- 監査記録 (Profile §16). `doc` holds the hash of the row before, `hash` is that of `doc`; both are shown byte for byte. Never changed.
CREATE TABLE act (
    n      INTEGER PRIMARY KEY,
    office TEXT,
    doc    TEXT NOT NULL,
    hash   TEXT NOT NULL
) STRICT;

-- An office's own.
CREATE INDEX act_office ON act (office, n) WHERE office IS NOT NULL;

-- How often somebody did what leaves rows that stay, in the hour or day that began then; forgotten after two days.
CREATE TABLE often (
    since INTEGER NOT NULL,        -- seconds since 1970
    who   TEXT NOT NULL,
    what  TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (since, who, what)
) STRICT, WITHOUT ROWID;

-- Signed heads of the audit, in the order of the rows they cover; `day` is the clock's word.
CREATE TABLE act_head (
    rows   INTEGER PRIMARY KEY,
    day    INTEGER NOT NULL,
    signed BLOB NOT NULL
) STRICT;

-- お知らせ (Profile §18). Rows stay. One that stands has a UID, and gets another if it comes again. `octets` is the message that
-- shows it; the long columns come last, so that a look at the others does not read them.
CREATE TABLE notice (
    id           INTEGER PRIMARY KEY,
    from_at      INTEGER NOT NULL,
    until_at     INTEGER NOT NULL,
    posted_at    INTEGER NOT NULL,
    withdrawn_at INTEGER,
    uid          INTEGER,
    modseq       INTEGER NOT NULL DEFAULT 0,   -- of its coming
    came_at      INTEGER NOT NULL DEFAULT 0,
    doc          TEXT NOT NULL,
    octets       BLOB NOT NULL
) STRICT;

CREATE UNIQUE INDEX notice_standing ON notice (uid) WHERE uid IS NOT NULL;
CREATE INDEX notice_waiting ON notice (until_at) WHERE uid IS NULL AND withdrawn_at IS NULL;

-- Who has seen what stands, or wants it marked as not seen. A mark goes some time after its notice.
CREATE TABLE notice_mark (
    uid    INTEGER NOT NULL,
    party  TEXT NOT NULL,          -- office number or agent id
    seen   INTEGER NOT NULL,
    modseq INTEGER NOT NULL,
    PRIMARY KEY (uid, party)
) STRICT, WITHOUT ROWID;

-- What is to be told, and when (Profile §8.14): reports that are due, and the next reminder about each bundle. `wishes` is what the
-- sender asked of reports, as JSON, where the submission may be gone by then.
CREATE TABLE due (
    at       INTEGER NOT NULL,
    message  INTEGER NOT NULL,
    what     INTEGER NOT NULL,        -- the numbers of `Report`; 100: a licence, whose office's row `message` is then
    evidence INTEGER NOT NULL,
    wishes   TEXT,
    PRIMARY KEY (at, message, what)
) STRICT, WITHOUT ROWID;

-- What one change writes, a JSON array for each table: one statement and one round trip, however much it is. Digests and
-- documents stand one after the other in `octets`, and the arrays say where: text in JSON is read and escaped letter by letter.
CREATE VIEW change (octets, messages, keywords, entries, marks, evidence, dues, counters, folders, offices) AS
SELECT x'', '', '', '', '', '', '', '', '', '' WHERE false;

-- `json_extract` takes a path as it stands, where `->> 1` would write one for each value.
CREATE TRIGGER change_written INSTEAD OF INSERT ON change BEGIN
    INSERT INTO message (id, sha256, signed_digest, content_digest, received_size, size, message_id, sender, recipient,
                         received_at, segment, body_offset, stored, sent_key, answer, wishes)
    SELECT json_extract(value, '$[0]'), substr(new.octets, json_extract(value, '$[1]'), 32),
           substr(new.octets, json_extract(value, '$[2]'), 32),
           substr(new.octets, json_extract(value, '$[3]'), 32), json_extract(value, '$[4]'), json_extract(value, '$[5]'),
           json_extract(value, '$[6]'), json_extract(value, '$[7]'), json_extract(value, '$[8]'),
           json_extract(value, '$[9]'), json_extract(value, '$[10]'), json_extract(value, '$[11]'),
           json_extract(value, '$[12]'), json_extract(value, '$[13]'),
           json_extract(value, '$[14]'), json_extract(value, '$[15]')
    FROM jsonb_each(new.messages);
    INSERT INTO keyword (mailbox, bit, name)
    SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]') FROM jsonb_each(new.keywords);
    INSERT INTO entry (mailbox, uid, message, modseq, flags, keywords, saved_at)
    SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]'),
           json_extract(value, '$[3]'), json_extract(value, '$[4]'), json_extract(value, '$[5]'),
           json_extract(value, '$[6]')
    FROM jsonb_each(new.entries);
    UPDATE entry SET modseq = json_extract(value, '$[2]'), flags = json_extract(value, '$[3]'),
                       keywords = json_extract(value, '$[4]')
    FROM jsonb_each(new.marks) WHERE mailbox = json_extract(value, '$[0]') AND uid = json_extract(value, '$[1]');
    INSERT INTO evidence (id, message, kind, at, from_office, to_office, doc)
    SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]'),
           json_extract(value, '$[3]'), json_extract(value, '$[4]'), json_extract(value, '$[5]'),
           CAST(substr(new.octets, json_extract(value, '$[6]'), json_extract(value, '$[7]')) AS TEXT)
    FROM jsonb_each(new.evidence);
    INSERT INTO due (at, message, what, evidence, wishes)
    SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]'),
           json_extract(value, '$[3]'), json_extract(value, '$[4]') FROM jsonb_each(new.dues);
    UPDATE counter SET value = json_extract(given.value, '$[1]')
    FROM jsonb_each(new.counters) given WHERE counter.name = json_extract(given.value, '$[0]');
    UPDATE mailbox SET uid_next = json_extract(value, '$[1]'), modseq = json_extract(value, '$[2]'),
                       messages = json_extract(value, '$[3]'), unseen = json_extract(value, '$[4]'),
                       bytes = json_extract(value, '$[5]'), deleted = json_extract(value, '$[6]'),
                       deleted_bytes = json_extract(value, '$[7]'), recent = json_extract(value, '$[8]')
    FROM jsonb_each(new.folders) WHERE mailbox.id = json_extract(value, '$[0]');
    UPDATE office SET modseq = json_extract(value, '$[1]'), used_bytes = json_extract(value, '$[2]')
    FROM jsonb_each(new.offices) WHERE office.id = json_extract(value, '$[0]');
END;
