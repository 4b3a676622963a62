//! What an agent that logged in as itself hears while it waits, and what it keeps of its own.

use fumibako_gateway::Request;
use fumibako_model::Scope;

use super::agent;
use super::mailboxes::{ask, check, reader};
use crate::lines::Client;
use crate::support::{Fixture, PASSWORD, RECIPIENT, SENDER};

/// The next line, which begins so.
async fn hears(client: &mut Client, begin: &str) -> String {
    let line = client.line().await.unwrap().trim_end().to_owned();
    assert!(line.starts_with(begin), "{line}, not {begin}");
    line
}

async fn office(gateway: &Fixture, number: &str) -> Client {
    let mut client = Client::tls(gateway.running.addresses().imap_tls, &gateway.authority()).await;
    client.line().await;
    check(&mut client, &format!("LOGIN {number} {PASSWORD}"), &[], "OK").await;
    client
}

/// Puts a message into a folder that is not the gateway's.
async fn file(client: &mut Client, folder: &str) {
    client.say(&format!("f APPEND {folder} {{3+}}\r\none\r\n")).await;
    hears(client, "f OK [APPENDUID ").await;
}

// Profile §9.17
#[tokio::test(flavor = "multi_thread")]
async fn an_agent_hears_of_its_offices_folders_and_of_no_others() {
    let gateway = Fixture::start().await;
    gateway.with_agent().await;
    gateway.mandated(RECIPIENT, &[Scope::Receive]).await;
    let (mut watcher, mut one, mut other) =
        (reader(&gateway, "").await, office(&gateway, RECIPIENT).await, office(&gateway, SENDER).await);
    let archive = format!("Offices/{RECIPIENT}/Archive");
    let all = "MessageNew MessageExpunge FlagChange MailboxName SubscriptionChange MailboxMetadataChange";
    let (last, said) = ask(&mut watcher, &format!("NOTIFY SET STATUS (subtree Offices ({all}))")).await;
    assert!(last.starts_with("OK ") && said.len() == 4, "{said:#?}");
    assert!(said.iter().all(|line| line.starts_with(&format!("* STATUS Offices/{RECIPIENT}/"))), "{said:#?}");
    file(&mut one, "Archive").await;
    hears(&mut watcher, &format!("* STATUS {archive} (MESSAGES 1 UIDNEXT 2 ")).await;
    // What it has no right to, and what is another office's, it does not hear of.
    file(&mut one, "Drafts").await;
    file(&mut other, "Archive").await;
    check(&mut one, "SETMETADATA Archive (/shared/comment \"a\" /private/comment \"b\")", &[], "OK").await;
    hears(&mut watcher, &format!("* METADATA {archive} /shared/comment")).await;
    check(&mut one, "CREATE Own", &[], "OK").await;
    hears(&mut watcher, &format!("* LIST (\\HasNoChildren) \"/\" Offices/{RECIPIENT}/Own")).await;
    // The office's subscriptions are not the agent's; its own are, on every connection.
    check(&mut one, "SUBSCRIBE Own", &[], "OK").await;
    check(&mut reader(&gateway, "").await, &format!("SUBSCRIBE Offices/{RECIPIENT}/Own"), &[], "OK").await;
    hears(&mut watcher, &format!("* LIST (\\Subscribed \\HasNoChildren) \"/\" Offices/{RECIPIENT}/Own")).await;
    // Only what is named; nothing of Offices/ is the agent's own (RFC 5465 §6.2).
    for (filter, heard) in [
        ("personal".to_owned(), false),
        ("inboxes".to_owned(), false),
        ("subscribed".to_owned(), true),
        (format!("mailboxes ({archive} nothing)"), true),
        (format!("mailboxes Offices/{SENDER}/Archive"), false),
    ] {
        check(&mut watcher, &format!("NOTIFY SET ({filter} (MessageNew MessageExpunge))"), &[], "OK").await;
        file(&mut one, "Archive").await;
        if heard {
            hears(&mut watcher, &format!("* STATUS {archive} (MESSAGES ")).await;
        }
    }
    check(
        &mut watcher,
        "NOTIFY SET (subtree Offices (MessageNew MessageExpunge)) (selected (MessageNew MessageExpunge))",
        &[],
        "OK",
    )
    .await;
    ask(&mut watcher, &format!("EXAMINE {archive}")).await;
    file(&mut one, "Archive").await;
    hears(&mut watcher, "* 7 EXISTS").await;
    hears(&mut watcher, "* 7 RECENT").await;
    check(&mut watcher, "NOTIFY NONE", &[], "OK").await;
    check(&mut one, "CREATE Later", &[], "OK").await;
    check(&mut watcher, "NOOP", &[], "OK").await;
}

// Profile §9.8, §9.17
#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_waits_hears_of_mandates_that_begin_and_end() {
    let gateway = Fixture::start().await;
    gateway.with_agent().await;
    let reading = gateway.mandated(RECIPIENT, &[Scope::Receive]).await;
    let mut watcher = reader(&gateway, "").await;
    let names = "NOTIFY SET (subtree Offices (MailboxName SubscriptionChange)) (selected (MessageNew MessageExpunge))";
    check(&mut watcher, names, &[], "OK").await;
    file(&mut office(&gateway, RECIPIENT).await, "Archive").await;
    ask(&mut watcher, &format!("SELECT Offices/{RECIPIENT}/Archive")).await;
    watcher.say("i IDLE\r\n").await;
    hears(&mut watcher, "+ ").await;
    let sending = gateway.mandated(SENDER, &[Scope::Send]).await;
    // Both folders, each in one line that says that it is subscribed to.
    for folder in ["Sent", "Drafts"] {
        let line = hears(&mut watcher, "* LIST (\\Subscribed \\HasNoChildren) ").await;
        assert!(line.ends_with(&format!("Offices/{SENDER}/{folder}")), "{line}");
    }
    gateway.revoked(sending).await;
    for folder in ["Sent", "Drafts"] {
        let line = hears(&mut watcher, "* LIST (\\Subscribed \\NonExistent \\HasNoChildren \\NoAccess) ").await;
        assert!(line.ends_with(&format!("Offices/{SENDER}/{folder}")), "{line}");
    }
    // The open folder's, too: once, and the connection goes on.
    gateway.revoked(reading).await;
    hears(&mut watcher, "* NO [NOPERM] E-DLG-002 ").await;
    for _ in 0..4 {
        hears(
            &mut watcher,
            &format!("* LIST (\\Subscribed \\NonExistent \\HasNoChildren \\NoAccess) \"/\" Offices/{RECIPIENT}/"),
        )
        .await;
    }
    watcher.say("DONE\r\n").await;
    hears(&mut watcher, "i OK ").await;
    check(&mut watcher, "FETCH 1 BODY.PEEK[]", &[], "NO [NOPERM] E-DLG-002 ").await;
    // A new mandate opens it again.
    gateway.mandated(RECIPIENT, &[Scope::Receive]).await;
    for _ in 0..4 {
        hears(&mut watcher, "* LIST (\\Subscribed \\HasNoChildren) ").await;
    }
    let (last, _) = ask(&mut watcher, "FETCH 1 BODY.PEEK[]").await;
    assert!(last.starts_with("OK "), "{last}");
    // An agent that is suspended has no offices; acting as one it hears the same.
    let mut acting = reader(&gateway, RECIPIENT).await;
    check(&mut acting, "NOTIFY SET (personal (MailboxName))", &[], "OK").await;
    gateway.done(Request::AgentSuspend { id: agent(), reason: Some("調査中".into()) }).await;
    hears(&mut watcher, "* NO [NOPERM] E-DLG-015 ").await;
    for _ in 0..4 {
        hears(&mut watcher, "* LIST (\\Subscribed \\NonExistent ").await;
        hears(&mut acting, "* LIST (\\Subscribed \\NonExistent ").await;
    }
}

// Profile §9.16
#[tokio::test(flavor = "multi_thread")]
async fn an_agents_subscriptions_are_its_own_and_outlive_the_mandate() {
    let gateway = Fixture::start().await;
    gateway.with_agent().await;
    let reading = gateway.mandated(RECIPIENT, &[Scope::Receive]).await;
    let (mut client, mut one) = (reader(&gateway, "").await, office(&gateway, RECIPIENT).await);
    check(&mut one, "CREATE Own", &[], "OK").await;
    let subscribed = async |client: &mut Client| {
        let (last, said) = ask(client, "LIST (SUBSCRIBED) \"\" *").await;
        assert!(last.starts_with("OK "));
        let row = |line: &String| {
            line.replace(&format!("Offices/{RECIPIENT}"), "O").replace("* LIST ", "").replace(" \\Archive)", ")")
        };
        said.iter().map(row).collect::<Vec<_>>()
    };
    let there = |name: &str| format!("(\\Subscribed \\HasNoChildren) \"/\" {name}");
    let begins = ["Notices", "O/INBOX", "O/Receipts", "O/Archive", "O/Trash"];
    assert_eq!(subscribed(&mut client).await, begins.map(there));
    let lsub = format!("* LSUB () \"/\" Offices/{RECIPIENT}/Trash");
    check(&mut client, "LSUB \"\" *Trash", &[&lsub], "OK").await;
    check(&mut client, &format!("SUBSCRIBE Offices/{RECIPIENT}/Own"), &[], "OK").await;
    check(&mut client, &format!("UNSUBSCRIBE Offices/{RECIPIENT}/Trash"), &[], "OK").await;
    check(&mut client, "UNSUBSCRIBE Notices", &[], "OK").await;
    check(&mut client, "UNSUBSCRIBE nothing", &[], "OK").await;
    assert_eq!(subscribed(&mut client).await, ["O/INBOX", "O/Receipts", "O/Archive", "O/Own"].map(there));
    // As the office it is the same list; the office has another.
    let mut acting = reader(&gateway, RECIPIENT).await;
    assert_eq!(subscribed(&mut acting).await, ["INBOX", "Receipts", "Archive", "Own"].map(there));
    check(&mut acting, "UNSUBSCRIBE Archive", &[], "OK").await;
    assert_eq!(subscribed(&mut client).await, ["O/INBOX", "O/Receipts", "O/Own"].map(there));
    let office = ["INBOX", "Sent", "Drafts", "Receipts", "Archive", "Trash", "Notices"];
    let of_office: Vec<String> =
        subscribed(&mut one).await.iter().map(|row| row.rsplit(' ').next().unwrap().into()).collect();
    assert_eq!(of_office, office);
    // RFC 9051 §6.3.7: what was subscribed to stays so, and is told as not there.
    gateway.revoked(reading).await;
    let gone = |name: &str| format!("(\\Subscribed \\NonExistent \\HasNoChildren) \"/\" {name}");
    assert_eq!(subscribed(&mut client).await, ["O/INBOX", "O/Own", "O/Receipts"].map(gone));
    check(&mut client, &format!("UNSUBSCRIBE Offices/{RECIPIENT}/INBOX"), &[], "OK").await;
    gateway.mandated(RECIPIENT, &[Scope::Receive]).await;
    assert_eq!(subscribed(&mut client).await, ["O/Receipts", "O/Own"].map(there));
    let (_, said) = ask(&mut client, "LIST (SUBSCRIBED RECURSIVEMATCH) \"\" % RETURN (SUBSCRIBED)").await;
    assert_eq!(said, ["* LIST (\\NonExistent \\HasChildren) \"/\" Offices (CHILDINFO (\"SUBSCRIBED\"))"]);
}

// Profile §9.18
#[tokio::test(flavor = "multi_thread")]
async fn each_office_of_an_agent_has_its_own_quota_root() {
    let gateway = Fixture::start().await;
    gateway.with_agent().await;
    let sending = gateway.mandated(SENDER, &[Scope::Send]).await;
    let mut client = reader(&gateway, "").await;
    client.say(&format!("a APPEND Offices/{SENDER}/Drafts {{3+}}\r\none\r\n")).await;
    hears(&mut client, "a OK [APPENDUID ").await;
    let root = format!("Offices/{SENDER}");
    let quota = format!("* QUOTA {root} (STORAGE 1 2097152)");
    let of = format!("* QUOTAROOT {root}/Drafts {root}");
    check(&mut client, &format!("GETQUOTAROOT {root}/Drafts"), &[&of, &quota], "OK").await;
    check(&mut client, &format!("GETQUOTA {root}"), &[&quota], "OK").await;
    check(&mut client, "GETQUOTAROOT Notices", &["* QUOTAROOT Notices"], "OK").await;
    // RFC 9208 §6: it may not look into this one; of others it hears nothing; the root without a name is an office's.
    for command in [format!("GETQUOTAROOT {root}/INBOX"), "GETQUOTA \"\"".into(), "GETQUOTA Offices/x".into()] {
        check(&mut client, &command, &[], "NO [NONEXISTENT] ").await;
    }
    check(&mut client, &format!("GETQUOTA Offices/{RECIPIENT}"), &[], "NO [NOPERM] E-DLG-001 ").await;
    check(&mut client, &format!("GETQUOTAROOT Offices/{RECIPIENT}/Drafts"), &[], "NO [NOPERM] E-DLG-001 ").await;
    check(&mut client, &format!("SETQUOTA {root} (STORAGE 1)"), &[], "NO [NOPERM] ").await;
    let mut acting = reader(&gateway, SENDER).await;
    let own = ["* QUOTAROOT Drafts \"\"", "* QUOTA \"\" (STORAGE 1 2097152)"];
    check(&mut acting, "GETQUOTAROOT Drafts", &own, "OK").await;
    check(&mut acting, "GETQUOTA \"\"", &own[1..], "OK").await;
    // What is of no folder is of no office; how long content is kept anybody may know.
    let mut one = office(&gateway, SENDER).await;
    check(&mut one, "SETMETADATA \"\" (/shared/comment \"office\")", &[], "OK").await;
    let kept = ["* METADATA \"\" (/shared/vendor/fumibako/retention-days \"90\" /shared/comment NIL)"];
    let entries = "GETMETADATA \"\" (/shared/comment /shared/vendor/fumibako/retention-days)";
    check(&mut client, entries, &kept, "OK").await;
    check(&mut client, "SETMETADATA \"\" (/shared/comment \"a\")", &[], "NO [NOPERM] ").await;
    gateway.revoked(sending).await;
    check(&mut client, &format!("GETQUOTA {root}"), &[], "NO [NOPERM] E-DLG-002 ").await;
    check(&mut client, &format!("GETQUOTAROOT {root}/Drafts"), &[], "NO [NOPERM] E-DLG-002 ").await;
}
