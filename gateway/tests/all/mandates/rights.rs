//! Rights exactly as mandates give them (RFC 4314): every scope in every folder, to the agent and to the office.

use fumibako_gateway::Request;
use fumibako_model::Scope;

use super::AGENT;
use super::mailboxes::{ask, check, reader};
use crate::lines::Client;
use crate::support::{Fixture, PASSWORD, RECIPIENT};

/// The folders of an office, with what the office may do, and what each scope gives: receive, send, acknowledge, status.
const TABLE: [(&str, &str, [&str; 4]); 8] = [
    ("INBOX", "lrswkteacd", ["lrswte", "", "", ""]),
    ("Sent", "lrswikteacd", ["", "lrswi", "", "lrsw"]),
    ("Drafts", "lrswikteacd", ["", "lrswite", "", ""]),
    ("Receipts", "lrswkteacd", ["lrsw", "", "lrsw", "lrsw"]),
    ("Archive", "lrswikteacd", ["lrswite", "", "", ""]),
    ("Trash", "lrswikteacd", ["lrswite", "", "", ""]),
    ("Own", "lrswikxteacd", ["lrswite", "", "", ""]),
    ("Own/below", "lrswikxteacd", ["lrswite", "", "", ""]),
];
const SCOPES: [Scope; 4] = [Scope::Receive, Scope::Send, Scope::Acknowledge, Scope::Status];

/// What some of the scopes give together.
fn together(of_each: [&str; 4], which: usize) -> String {
    let given = |right: &char| (0..4).any(|at| which >> at & 1 == 1 && of_each[at].contains(*right));
    "lrswite".chars().filter(given).collect()
}

// Profile §7.15, §9.9
#[tokio::test(flavor = "multi_thread")]
async fn every_set_of_scopes_gives_exactly_its_rights_in_every_folder() {
    let gateway = Fixture::start().await;
    gateway.with_agent().await;
    let mut one = Client::tls(gateway.running.addresses().imap_tls, &gateway.authority()).await;
    one.line().await;
    check(&mut one, &format!("LOGIN {RECIPIENT} {PASSWORD}"), &[], "OK").await;
    check(&mut one, "CREATE Own/below", &[], "OK").await;
    let mut client = reader(&gateway, "").await;
    for which in 1..16 {
        let scopes: Vec<Scope> = (0..4).filter(|at| which >> at & 1 == 1).map(|at| SCOPES[at]).collect();
        let mandate = gateway.mandated(RECIPIENT, &scopes).await;
        let (_, listed) = ask(&mut client, "LIST \"\" Offices/* RETURN (MYRIGHTS)").await;
        let mut told: Vec<&String> = listed.iter().filter(|line| line.starts_with("* MYRIGHTS ")).collect();
        for (folder, own, of_each) in TABLE {
            let (name, mine) = (format!("Offices/{RECIPIENT}/{folder}"), together(of_each, which));
            let line = format!("* MYRIGHTS {name} {mine}");
            let acl = format!("* ACL {folder} {RECIPIENT} {own}");
            if mine.is_empty() {
                // RFC 4314 §6: what may not be looked up is as if it were not there.
                for command in ["MYRIGHTS", "GETACL"] {
                    check(&mut client, &format!("{command} {name}"), &[], "NO [NONEXISTENT] ").await;
                }
                check(&mut one, &format!("GETACL {folder}"), &[&acl], "OK").await;
                let none = format!("* LISTRIGHTS {folder} {AGENT} \"\"");
                check(&mut one, &format!("LISTRIGHTS {folder} {AGENT}"), &[&none], "OK").await;
                continue;
            }
            told.retain(|other| **other != line);
            check(&mut client, &format!("MYRIGHTS {name}"), &[&line], "OK").await;
            check(&mut client, &format!("GETACL {name}"), &[], "NO [NOPERM] ").await;
            check(&mut client, &format!("LISTRIGHTS {name} {AGENT}"), &[], "NO [NOPERM] ").await;
            check(&mut one, &format!("GETACL {folder}"), &[&format!("{acl} {AGENT} {mine}")], "OK").await;
            let all = format!("* LISTRIGHTS {folder} {AGENT} {mine}");
            check(&mut one, &format!("LISTRIGHTS {folder} {AGENT}"), &[&all], "OK").await;
        }
        assert_eq!(told, Vec::<&String>::new(), "{scopes:?}: nothing else is listed");
        gateway.revoked(mandate).await;
    }
    // The office itself, and who has nothing to do with it.
    let rows = [(RECIPIENT, "lrswkteacd"), ("tsuta", "\"\""), ("anyone", "\"\"")];
    for (identifier, rights) in rows {
        let line = format!("* LISTRIGHTS INBOX {identifier} {rights}");
        check(&mut one, &format!("LISTRIGHTS INBOX {identifier}"), &[&line], "OK").await;
    }
    for command in ["SETACL INBOX kawara lrs", "DELETEACL INBOX kawara"] {
        check(&mut one, command, &[], "NO [CANNOT] ").await;
    }
    gateway.mandated(RECIPIENT, &Scope::ALL).await;
    gateway.done(Request::AgentSuspend { id: super::agent(), reason: Some("調査中".into()) }).await;
    check(&mut one, "GETACL INBOX", &[&format!("* ACL INBOX {RECIPIENT} lrswkteacd")], "OK").await;
}
