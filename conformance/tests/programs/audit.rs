//! The audit and notices as commands of the built program, against a folder (Profile §16, §18).

use std::fs;

use fumibako_conformance::{Gateway, Programs, Ran, Tool};
use serde_json::Value;

/// A command of the gateway that may end as it likes.
fn run(gateway: &Gateway, arguments: &[&str]) -> Ran {
    let command = Tool::at(&Programs::built().gateway).args(arguments);
    command.args(["--lang", "en", "--config"]).arg(gateway.config()).run()
}

fn rows(text: &str) -> Vec<Value> {
    text.lines().map(|row| serde_json::from_str(row).expect("a row is JSON")).collect()
}

#[test]
fn the_audit_is_listed_exported_and_found_out_when_somebody_touched_it() {
    // Profile §16.1, §16.2, §18.1
    let gateway = Gateway::start_with(&[]);
    gateway.admin(["office", "add", "9970000011", "架空事業所"]);
    gateway.admin(["office", "suspend", "9970000011", "--reason", "確認中"]);
    let body = gateway.folder().join("notice.txt");
    fs::write(&body, "\u{feff}本文\r\n二行目\r\n").expect("the folder is writable");
    let title = "定期メンテナンス";
    let posted =
        Tool::at(&Programs::built().gateway).args(["notice", "post", "--kind", "maintenance", "--title", title]);
    let posted = posted.arg(&body).args(["--format", "ndjson", "--config"]).arg(gateway.config()).run();
    let row = &rows(&posted.well().output())[0];
    assert_eq!((&row["id"], &row["state"], &row["body"]), (&1.into(), &"standing".into(), &"本文\n二行目\n".into()));
    gateway.admin(["notice", "withdraw", "1"]);
    assert!(gateway.admin(["notice", "list", "--format", "ndjson"]).output().is_empty());
    assert!(gateway.admin(["notice", "list", "--all"]).output().starts_with("1\twithdrawn\tmaintenance\t"));
    assert_eq!(run(&gateway, &["notice", "withdraw", "7"]).exit(), Some(66));

    let listed = rows(&run(&gateway, &["audit", "list", "--format", "ndjson"]).well().output());
    let whats: Vec<_> = listed.iter().map(|row| row["what"].as_str().unwrap_or_default()).collect();
    assert_eq!(whats, ["office-put", "office-suspended", "notice-posted", "notice-withdrawn"]);
    let of_office = run(&gateway, &["audit", "list", "--office", "9970000011", "--after", "0"]);
    assert!(of_office.well().output().contains("office-suspended\t9970000011\t"), "{}", of_office.output());
    assert_eq!(of_office.output().lines().count(), 1);
    let file = gateway.folder().join("audit.ndjson");
    run(&gateway, &["audit", "export", "--output", &file.to_string_lossy()]).well();
    assert_eq!(rows(&fs::read_to_string(&file).expect("it is written")), listed);
    assert!(run(&gateway, &["audit", "verify"]).well().output().starts_with("4 rows under "));

    // Somebody who has the database changes a row.
    Programs::need(&["python3"]);
    let script = "import sqlite3, sys\ndb = sqlite3.connect(sys.argv[1], timeout=20)\n\
                  db.execute(\"UPDATE act SET doc = replace(doc, 'suspended', 'resumed') WHERE n = 1\")\ndb.commit()\n";
    let database = gateway.folder().join("store/store.sqlite3");
    Tool::named("python3").args(["-c", script]).arg(&database).run().well();
    let verified = run(&gateway, &["audit", "verify"]);
    assert_eq!(verified.exit(), Some(76), "{}", verified.messages());
    assert!(verified.output().starts_with("row number 1, as in `audit list`: was changed"), "{}", verified.output());
}
