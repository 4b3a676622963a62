//! Every table and every column of the rows, edited: the audit of evidence names it, or here it is written why that is not its business
//! (Profile §8.15).

use std::collections::BTreeSet;
use std::path::Path;

use fumibako_model::log::Head;
use fumibako_model::{EvidenceId, FlagChange, KEYWORDS, ModSeq, NamedFlags, TrustState};
use fumibako_sqlite::{DATABASE_FILE, SqliteStore};
use fumibako_store::bodies::Day;
use fumibako_store::suite::evidence::log_at;
use fumibako_store::suite::expire::{ago, draft, keep, send};
use fumibako_store::suite::mandates::{agent, in_force};
use fumibako_store::suite::{World, domain, himawari, now, sakura, view};
use fumibako_store::{Asked, CopyOrder, FlagOrder, KeptHead, LogFault, Paper, PaperKind, Store, hex};
use jiff::SignedDuration;
use sqlx::{AssertSqlSafe, Connection as _, Row as _, SqliteConnection};

/// What the audit of evidence does not answer for, and why: a table, a column, the rows of a table (`*`), or a row of `counter`.
const NOT_ITS_BUSINESS: &[(&str, &str)] = &[
    ("_sqlx_migrations", "the shape of the rows: a start refuses another"),
    ("account", "who may log in: the audit of acts (§16) tells of changes"),
    ("act", "the audit of acts itself: `audit verify` (§16.2)"),
    ("act_head", "the audit of acts itself: `audit verify` (§16.2)"),
    ("agent", "the roll: the audit of acts tells of changes"),
    ("agent_subscription", "what a mail tool shows"),
    ("annotation", "notes of offices"),
    ("app_password", "who may log in: the audit of acts tells of changes"),
    ("certificate", "the roll: what evidence was judged by are papers"),
    ("counter.believed_on", "which day expiry believed"),
    ("counter.reminded_by", "what is to be told: a letter is no evidence"),
    ("collected", "what the audit has told of: it has its own signatures"),
    ("counter.acts", "the audit of acts has its own signatures"),
    ("counter.directory", "the age of a copy in memory"),
    ("counter.evidence raised", "ids leave room, as after a backup was restored"),
    ("counter.expired_on", "which day was looked at: content that goes early is evidence"),
    ("counter.hold_number", "the number of a key"),
    ("counter.message", "the number of a message: two cannot have one"),
    ("counter.notice_modseq", "notices"),
    ("counter.notice_turn", "notices"),
    ("counter.notice_uid", "notices"),
    ("counter.notice_validity", "notices"),
    ("counter.papers_followed", "how far papers went: those that evidence leads to are there, or named"),
    ("counter.papers_read", "how far evidence was read for papers: those that it leads to are there, or named"),
    ("counter.restored_at", "nothing is believed by it (§8.20)"),
    ("counter.uid_validity", "what a mail tool remembers"),
    ("counter.words_from", "what the signed heads tell counts (§8.18)"),
    ("day", "how far expiry is: what was erased is evidence"),
    ("due", "what is to be told: a letter is no evidence"),
    ("entry.*", "a copy that was removed says nothing"),
    ("entry.flags", "read, answered, deleted: the office's own"),
    ("entry.keywords", "of marks those that tell of an end are held against the evidence: the test below"),
    ("entry.mailbox", "where a copy stands; a mark that means another thing there is named"),
    ("entry.message", "which content a copy shows: the digest of what is read stands in the evidence"),
    ("entry.modseq", "what a mail tool remembers"),
    ("entry.saved_at", "when a copy came into its folder"),
    ("entry.uid", "what a mail tool calls it"),
    ("hold", "what is kept longer: the audit of acts tells of it"),
    ("keyword", "the names of marks are held against the evidence where copies bear them: the test below"),
    ("licence", "the roll: the audit of acts tells of changes"),
    ("licence_deed", "signed by offices"),
    ("log_head.*", "the end of the log is known by the head beside the key (§8.20)"),
    ("log_head.stamp", "the gateway holds it against its head; what has none gets another (§8.21)"),
    ("mailbox", "folders"),
    ("mandate.revoked_at", "the operator revokes without a deed: the audit of acts tells of it"),
    ("mandate.revoked_by", "the operator revokes without a deed: the audit of acts tells of it"),
    ("message.*", "content that was removed: its evidence stays"),
    ("message.body_offset", "where the content stands: the body is sealed, and opens only there"),
    ("message.id", "the number of a copy's content; evidence names the Message-ID"),
    ("message.segment", "where the content stands: the body is sealed, and opens only there"),
    ("message.signed_digest", "what finds a repetition"),
    ("message.size", "octets as kept, with the gateway's own field"),
    ("message.stored", "where the content stands: the body is sealed, and opens only there"),
    ("message.wishes", "which reports its sender wants"),
    ("notice", "notices"),
    ("notice_mark", "notices"),
    ("office.editions", "the directory"),
    ("office.kana", "the directory"),
    ("office.kinds", "the directory"),
    ("office.modseq", "what a mail tool remembers"),
    ("office.municipality", "the directory"),
    ("office.name", "the directory"),
    ("office.quota_bytes", "room"),
    ("office.regional", "the directory"),
    ("office.suspended", "the roll: the audit of acts tells of changes"),
    ("office.used_bytes", "room"),
    ("often", "limits of a day"),
    ("paper.after", "until when a paper is kept that nothing leads to"),
    (
        "paper.beside",
        "which certificates came with it: one that is named is there; whether they suffice, `fumibako verify` judges",
    ),
    ("paper_named", "how long papers are kept: those that evidence leads to are there, or named"),
    ("promised", "for how long content is kept: content that goes early is evidence"),
    ("refused_counted", "what was refused is no evidence (§8.24)"),
    ("refused_daily", "what was refused is no evidence (§8.24)"),
    ("refused_receipt", "what was refused is no evidence (§8.24)"),
    (
        "act_seal",
        "gone with the head that covers the row of the audit: the gateway asks for it before it signs (§16.2)",
    ),
    ("seal", "gone with the head that covers the piece: the gateway asks for it before it signs (§8.20)"),
    ("sent_out", "what went out and was not taken yet: what bears no seal of the gateway hands nothing over (§8.10)"),
    ("sqlite_sequence", "numbers of folders"),
    ("subscription", "what a mail tool shows"),
    ("terms", "the terms of use"),
    ("vacated", "what a mail tool remembers"),
    ("vanished", "what a mail tool remembers"),
];

/// A store with bundles that were acknowledged, handed over and neither, one that the recipient could not open, one that an agent sent, two
/// whose day was erased, and what they were judged by.
async fn store_of_all(folder: &Path) {
    let store = SqliteStore::open(folder, domain()).await.unwrap();
    let world = World::with(&store).await;
    let state = TrustState::new(Vec::new());
    let octets = serde_json::to_vec(&state).unwrap();
    let trust = Paper { name: state.name(), ..Paper::new(PaperKind::Trust, octets) };
    let certificate = |office| Paper::new(PaperKind::Certificate, world.enrolled(office).der);
    store.keep_papers(vec![trust, certificate(himawari()), certificate(sakura())]).await.unwrap();
    for id in ["old", "older"] {
        send(&store, &world, id, ago(101)).await;
    }
    log_at(&store, ago(100)).await.unwrap();
    store.expire(keep(), Asked::ByThePerson, now()).await.unwrap();
    let mut digests = Vec::new();
    for id in ["acknowledged", "collected", "waiting"] {
        let bundle = world.bundle(&store, (himawari(), sakura()), &format!("{id}@x.example"), id).under(state.name());
        digests.push(*bundle.facts().content_digest());
        store.deliver(bundle, now()).await.unwrap();
    }
    let receipt =
        world.receipt(&store, (sakura(), himawari()), "receipt@x.example", ("acknowledged@x.example", &digests[0]));
    store.deliver(receipt.under(state.name()), now()).await.unwrap();
    let inbox = view(&store, sakura(), "INBOX").await;
    let collected = store.hand_over(sakura(), vec![inbox.entries[1].message], None, now()).await.unwrap();
    assert_eq!(collected.len(), 1);
    agent(&store).await;
    in_force(&store, himawari()).await;
    let ends = (himawari(), sakura());
    let letter = world.letter_by_agent(ends, "by-agent@x.example", "by agent");
    store.deliver(world.admit_by_agent(&store, ends, &letter), now()).await.unwrap();
    draft(&store, "nothing", now()).await;
    log_at(&store, now()).await.unwrap();
    store.close().await.unwrap();
}

/// A store that stays open, and another hand on its rows.
pub(super) struct Edited {
    pub(super) store: SqliteStore,
    rows: SqliteConnection,
    _folder: tempfile::TempDir,
}

impl Edited {
    pub(super) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        store_of_all(folder.path()).await;
        let (file, was) = (folder.path().join(DATABASE_FILE), folder.path().join("was.sqlite3"));
        std::fs::copy(&file, &was).unwrap();
        let store = SqliteStore::open(folder.path(), domain()).await.unwrap();
        let mut rows = SqliteConnection::connect(&format!("sqlite://{}", file.display())).await.unwrap();
        say(&mut rows, "PRAGMA foreign_keys = OFF").await;
        say(&mut rows, &format!("ATTACH '{}' AS was", was.display())).await;
        let mut edited = Self { store, rows, _folder: folder };
        assert_eq!(edited.faults().await, Vec::<String>::new(), "as it was it is sound");
        edited
    }

    pub(super) async fn words(&mut self, question: &str) -> Vec<String> {
        let found = sqlx::query(AssertSqlSafe(question.to_owned())).fetch_all(&mut self.rows).await.unwrap();
        found.into_iter().map(|row| row.get(0)).collect()
    }

    pub(super) async fn faults(&mut self) -> Vec<String> {
        let audit = self.store.audit(EvidenceId(0)).await.unwrap();
        let heads = audit.heads.iter().filter(|kept| !is_as_signed(kept)).map(|kept| format!("head of {}", kept.day));
        audit.faults.iter().map(|fault| format!("{fault:?}")).chain(heads).collect()
    }

    /// Does this to a table; says whether anything changed by it.
    pub(super) async fn edit(&mut self, table: &str, statement: &str) -> bool {
        // What the types of columns do not take changes nothing.
        let _ = sqlx::raw_sql(AssertSqlSafe(statement.to_owned())).execute(&mut self.rows).await;
        let differs = format!(
            "SELECT CAST((SELECT count(*) FROM (SELECT * FROM main.{table} EXCEPT SELECT * FROM was.{table}))
                  + (SELECT count(*) FROM (SELECT * FROM was.{table} EXCEPT SELECT * FROM main.{table})) AS TEXT)"
        );
        self.words(&differs).await != ["0"]
    }

    /// All rows are as they were.
    pub(super) async fn back(&mut self) {
        let tables = self.words("SELECT name FROM was.sqlite_schema WHERE type = 'table'").await;
        let back =
            |table: &String| format!("DELETE FROM main.{table}; INSERT INTO main.{table} SELECT * FROM was.{table};");
        let back: String = tables.iter().map(back).collect::<Vec<_>>().concat();
        say(&mut self.rows, &format!("BEGIN IMMEDIATE; {back} COMMIT")).await;
    }

    /// What the audit finds after this was done to a table; none if nothing changed by it. Then all is as it was again.
    async fn after(&mut self, table: &str, statement: &str) -> Option<Vec<String>> {
        let changed = self.edit(table, statement).await;
        let found = self.faults().await;
        self.undo(table).await;
        changed.then_some(found)
    }

    /// The same, as the store has it.
    pub(super) async fn faults_after(&mut self, table: &str, statement: &str) -> Option<Vec<LogFault>> {
        let changed = self.edit(table, statement).await;
        let found = self.store.audit(EvidenceId(0)).await.unwrap().faults;
        self.undo(table).await;
        changed.then_some(found)
    }

    /// This table is as it was.
    async fn undo(&mut self, table: &str) {
        for table in [table, "counter"] {
            let back = format!("DELETE FROM main.{table}; INSERT INTO main.{table} SELECT * FROM was.{table}");
            say(&mut self.rows, &back).await;
        }
        say(&mut self.rows, "DROP TABLE IF EXISTS temp.pair").await;
    }

    /// (what is not its business if this is named there, the table, the statement), for every table and column.
    async fn edits(&mut self) -> Vec<(String, String, String)> {
        let mut edits = Vec::new();
        let tables =
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_stat%' ORDER BY name";
        for table in self.words(tables).await {
            if table == "counter" {
                for name in self.words("SELECT name FROM counter").await {
                    let values = [("value + 1", " raised"), ("max(value - 1, 0)", ""), ("0", "")];
                    for (value, how) in values {
                        let edit = format!("UPDATE counter SET value = {value} WHERE name = '{name}'");
                        edits.push((format!("counter.{name}{how}"), table.clone(), edit));
                    }
                    let gone = format!("DELETE FROM counter WHERE name = '{name}'");
                    edits.push((format!("counter.{name}"), table.clone(), gone));
                }
                continue;
            }
            let columns = self.words(&format!("SELECT name FROM pragma_table_info('{table}')")).await;
            let key =
                self.words(&format!("SELECT name FROM pragma_table_info('{table}') WHERE pk > 0 ORDER BY pk")).await;
            let key = if key.is_empty() { "rowid".to_owned() } else { key.join(", ") };
            // Of what is no bundle, and of offices that no evidence names, nothing is said.
            let some = match table.as_str() {
                "message" => "WHERE content_digest IS NOT NULL",
                "office" => "WHERE id IN (SELECT from_office FROM evidence UNION SELECT to_office FROM evidence)",
                _ => "",
            };
            let ends = ["ASC", "DESC"].map(|order| {
                let order = key.split(", ").map(|column| format!("{column} {order}")).collect::<Vec<_>>().join(", ");
                format!("({key}) = (SELECT {key} FROM {table} {some} ORDER BY {order} LIMIT 1)")
            });
            for end in &ends {
                edits.push((format!("{table}.*"), table.clone(), format!("DELETE FROM {table} WHERE {end}")));
            }
            for column in &columns {
                let other = match (table.as_str(), column.as_str()) {
                    // Of three words it is one.
                    ("deed", "kind") => "'revoke'".to_owned(),
                    // Nothing else is indexed.
                    ("mandate", "doc") => "json_set(doc, '$.until', '2099-12-31')".to_owned(),
                    _ => format!(
                    "CASE typeof({column}) WHEN 'integer' THEN {column} + 1000 WHEN 'text' THEN {column} || 'x'
                     WHEN 'blob' THEN CAST(iif(substr({column}, 1, 1) = x'5a', x'5b', x'5a') || substr({column}, 2) AS BLOB) ELSE 1 END"
                ),
                };
                let edit = |end: &String| format!("UPDATE OR IGNORE {table} SET {column} = {other} WHERE {end}");
                let [first, last] = &ends;
                let swap = format!(
                    "CREATE TEMP TABLE pair AS SELECT (SELECT {column} FROM {table} WHERE {first}) AS a,
                                                      (SELECT {column} FROM {table} WHERE {last}) AS b, 0 AS done;
                     UPDATE OR IGNORE {table} SET {column} = CASE WHEN {first} THEN (SELECT b FROM pair) ELSE (SELECT a FROM pair) END
                     WHERE {first} OR {last}"
                );
                for statement in [edit(first), edit(last), swap] {
                    edits.push((format!("{table}.{column}"), table.clone(), statement));
                }
            }
        }
        edits
    }
}

async fn say(rows: &mut SqliteConnection, statement: &str) {
    sqlx::raw_sql(AssertSqlSafe(statement.to_owned())).execute(rows).await.unwrap();
}

/// As the gateway holds a head against the log; who signed it is asked there.
fn is_as_signed(kept: &KeptHead) -> bool {
    let Ok(head) = serde_json::from_slice::<Head>(&kept.head) else { return false };
    (head.size, Day::of(head.at)) == (kept.size, kept.day) && kept.root.is_some_and(|root| hex(&root) == head.root)
}

fn excuses(what: &str, place: &str, table: &str) -> bool {
    what == table || what == place || place.strip_suffix(" raised") == Some(what)
}

// Profile §8.15
#[tokio::test(flavor = "multi_thread")]
async fn every_column_is_the_logs_business_or_it_is_said_why_not() {
    let mut edited = Edited::new().await;
    let (mut unnamed, mut all, mut named) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    let mut excused = BTreeSet::new();
    for (place, table, statement) in edited.edits().await {
        let excuse = NOT_ITS_BUSINESS.iter().find(|(what, _)| excuses(what, &place, &table));
        all.insert(place.clone());
        if let Some((what, _)) = excuse {
            excused.insert(*what);
            continue;
        }
        match edited.after(&table, &statement).await {
            None => {}
            Some(found) if found.is_empty() => drop(unnamed.insert((place, statement))),
            Some(_) => drop(named.insert(place)),
        }
    }
    assert_eq!(unnamed, BTreeSet::new(), "edited, and nobody says so");
    let told = |place: &&String| {
        !named.contains(*place)
            && !NOT_ITS_BUSINESS.iter().any(|(what, _)| excuses(what, place, place.split('.').next().unwrap()))
    };
    assert_eq!(all.iter().filter(told).collect::<Vec<_>>(), Vec::<&String>::new(), "neither named nor excused");
    let listed: BTreeSet<_> = NOT_ITS_BUSINESS.iter().map(|(place, _)| *place).collect();
    assert_eq!(listed.difference(&excused).collect::<Vec<_>>(), Vec::<&&str>::new(), "excuses for what is not there");
}

// Profile §8.15: what an office is shown stands in the evidence.
#[tokio::test(flavor = "multi_thread")]
async fn a_state_or_mark_that_says_another_thing_than_the_evidence_is_named() {
    let mut edited = Edited::new().await;
    let of = |id: &str| {
        format!("(SELECT id FROM message WHERE message_id = '{id}@x.example' AND content_digest IS NOT NULL)")
    };
    let mark = |id: &str, name: &str, op: &str| {
        let bit = format!("(SELECT 1 << bit FROM keyword k WHERE k.mailbox = entry.mailbox AND k.name = '{name}')");
        format!("UPDATE entry SET keywords = keywords {op} {bit} WHERE message = {} AND {bit} IS NOT NULL", of(id))
    };
    let state = |id: &str, what: &str| format!("UPDATE message SET {what} WHERE id = {}", of(id));
    let answer = async |edited: &mut Edited, id: &str| {
        let answer = edited.words(&format!("SELECT CAST(answer AS TEXT) FROM message WHERE id = {}", of(id))).await;
        format!("id: Some(EvidenceId({}))", answer[0])
    };
    for (id, table, statement, what) in [
        ("waiting", "message", state("waiting", "state = 3"), "Unproved"),
        ("waiting", "message", state("waiting", "state = 2"), "Unproved"),
        ("waiting", "message", state("waiting", "state = 9"), "Unproved"),
        ("waiting", "message", state("waiting", "handover = answer"), "Unproved"),
        ("collected", "message", state("collected", "state = 3"), "Unproved"),
        ("acknowledged", "message", state("acknowledged", "state = 1"), "Hidden"),
        ("acknowledged", "message", state("acknowledged", "handover = NULL"), "Hidden"),
        ("collected", "message", state("collected", "state = 1"), "Hidden"),
        ("waiting", "entry", mark("waiting", "$Retrieved", "|"), "Unproved"),
        ("waiting", "entry", mark("waiting", "$HandedOver", "|"), "Unproved"),
        ("waiting", "entry", mark("waiting", "$Expired", "|"), "Unproved"),
        ("waiting", "entry", mark("waiting", "$Acknowledged", "|"), "Unproved"),
        ("acknowledged", "entry", mark("acknowledged", "$Retrieved", "& ~"), "Hidden"),
        ("acknowledged", "entry", mark("acknowledged", "$Acknowledged", "& ~"), "Hidden"),
        ("collected", "entry", mark("collected", "$HandedOver", "& ~"), "Hidden"),
        ("acknowledged", "keyword", "UPDATE keyword SET name = 'x' WHERE name = '$Retrieved'".to_owned(), "Hidden"),
        ("waiting", "keyword", "UPDATE keyword SET name = 'x' WHERE name = '$Retrieved'; UPDATE keyword SET name = '$Retrieved' WHERE name = '$Delivered'".to_owned(), "Unproved"),
        ("waiting", "message", state("waiting", "sender = recipient"), "Described"),
        ("waiting", "message", state("waiting", "content_digest = NULL"), "Described"),
    ] {
        let piece = answer(&mut edited, id).await;
        let found = edited.after(table, &statement).await.expect("something changed");
        assert!(found.iter().any(|fault| fault.contains(&piece) && fault.contains(what)), "{statement}: {found:#?}");
    }
    // Shown without any evidence it is named by its Message-ID.
    let forged = "INSERT INTO message SELECT id + 1000, sha256, signed_digest, content_digest, received_size, size, 'forged@x.example', sender,
        recipient, received_at, handover, sent_key, answer + 1000, wishes, 3, segment, body_offset, stored FROM message
        WHERE content_digest IS NOT NULL ORDER BY id LIMIT 1";
    let found = edited.after("message", forged).await.unwrap();
    assert!(found.len() == 1 && found[0].contains("forged@x.example") && found[0].contains("Unproved"), "{found:?}");
}

// Profile §8.15, §12: a folder that knows 64 keywords cannot show every mark, nor can what is copied from there.
#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_had_no_room_for_a_mark_is_no_fault() {
    let (_kept, store) = super::fresh().await;
    let world = World::with(&*store).await;
    let mut digests = Vec::new();
    for id in ["a", "b", "c"] {
        let bundle = world.bundle(&*store, (himawari(), sakura()), &format!("{id}@x.example"), id);
        digests.push(*bundle.facts().content_digest());
        store.deliver(bundle, now()).await.unwrap();
    }
    let sent = view(&*store, himawari(), "Sent").await;
    let [first, second, third] = [0, 1, 2].map(|n: usize| sent.entries[n].uid);
    let keywords = (sent.keywords.0.len()..KEYWORDS).map(|n| format!("k{n}")).collect();
    let flags = NamedFlags { system: 0, keywords };
    let (folder, change, since) = (sent.status.folder, FlagChange::Add, ModSeq(0));
    let full = FlagOrder { folder, uids: vec![first], change, flags, unchanged_since: None, since };
    store.flag(himawari(), full).await.unwrap();
    let faults = async || store.audit(EvidenceId(0)).await.unwrap().faults;
    let inbox = view(&*store, sakura(), "INBOX").await;
    let all = inbox.entries.iter().map(|entry| entry.message).collect();
    assert_eq!(store.hand_over(sakura(), all, None, now()).await.unwrap().len(), 3);
    assert_eq!(faults().await, [], "where it was delivered there is no room");
    let later = now() + SignedDuration::from_secs(1);
    for (uid, moves) in [(second, true), (third, false)] {
        let order = CopyOrder { folder, uids: vec![uid], to: "Archive".parse().unwrap(), moves };
        store.copy(himawari(), order, later).await.unwrap();
    }
    assert_eq!(faults().await, [], "nor did it come along");
    let receipt = world.receipt(&*store, (sakura(), himawari()), "receipt@x.example", ("b@x.example", &digests[1]));
    store.deliver(receipt, later).await.unwrap();
    assert_eq!(faults().await, [], "for 済 there is room from the first day");
}
