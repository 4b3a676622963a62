use std::num::NonZeroU32;

use expect_test::{Expect, expect};
use fumibako_model::{FolderId, FolderStatus, ModSeq, UidValidity};

use super::*;
use crate::imap::cursor::Cursor;

fn listing() -> Listing {
    let folder = |name: &str| FolderStatus {
        folder: FolderId(1),
        name: name.parse().unwrap(),
        uid_validity: UidValidity(NonZeroU32::MIN),
        uid_next: 1,
        highest_modseq: ModSeq(1),
        messages: 0,
        unseen: 0,
        bytes: 0,
        deleted: 0,
        deleted_bytes: 0,
        recent: 0,
        recent_from: 1,
    };
    let names = ["INBOX", "Sent", "Trash", "INBOX/2026", "Sent/old", "a", "a-b", "a/b", "a/b/c", "事業所/2026/11"];
    let subscribed = ["INBOX", "Sent/old", "a/b/c", "gone", "lost/deep"];
    let subscribed = subscribed.iter().map(|name| name.parse().unwrap()).collect();
    Listing {
        folders: names.map(folder).into(),
        subscribed,
        modseq: ModSeq(1),
        access: fumibako_model::Access::default(),
    }
}

#[track_caller]
fn check(command: &str, expected: Expect) {
    let bytes = format!(" {command}\r\n");
    let mut cursor = Cursor::new(bytes.as_bytes());
    let lsub = command.starts_with("LSUB");
    let request = if lsub {
        cursor.take_word(" LSUB");
        Request::lsub(&mut cursor)
    } else {
        cursor.take_word(" LIST");
        Request::list(&mut cursor)
    };
    let listing = listing();
    let names = Names::of(&listing);
    expected.assert_eq(&match request {
        Err(bad) => format!("bad: {}", bad.expected),
        Ok(request) if lsub => {
            let show = |(name, subscribed)| format!("{name}{}", if subscribed { "" } else { " (level)" });
            names.subscribed(&request).into_iter().map(show).collect::<Vec<_>>().join(", ")
        }
        Ok(request) => {
            let show = |Row { name, because_of_children }| {
                let attributes = names.attributes(&name, &request).join(" ");
                format!("{name} ({attributes}){}\n", if because_of_children { " CHILDINFO" } else { "" })
            };
            names.listed(&request).into_iter().map(show).collect()
        }
    });
}

#[test]
fn a_plain_list_names_folders_and_the_levels_above_them() {
    check(
        r#"LIST "" %"#,
        expect![[r"
        INBOX (\HasChildren)
        Sent (\HasChildren \Sent)
        Trash (\HasNoChildren \Trash)
        a (\HasChildren)
        a-b (\HasNoChildren)
        事業所 (\Noselect \HasChildren)
    "]],
    );
    check(
        r#"LIST "" "a*""#,
        expect![[r"
        a (\HasChildren)
        a-b (\HasNoChildren)
        a/b (\HasChildren)
        a/b/c (\HasNoChildren)
    "]],
    );
    check(
        r#"LIST "Sent/" %"#,
        expect![[r"
        Sent/old (\HasNoChildren)
    "]],
    );
}

#[test]
fn subscribed_names_are_selected_whether_they_exist_or_not() {
    // RFC 5258 §3.1
    check(
        r#"LIST (SUBSCRIBED) "" *"#,
        expect![[r"
        INBOX (\Subscribed \HasChildren)
        Sent/old (\Subscribed \HasNoChildren)
        a/b/c (\Subscribed \HasNoChildren)
        gone (\Subscribed \NonExistent \HasNoChildren)
        lost/deep (\Subscribed \NonExistent \HasNoChildren)
    "]],
    );
    check(
        r#"LIST "" % RETURN (SUBSCRIBED CHILDREN)"#,
        expect![[r"
        INBOX (\Subscribed \HasChildren)
        Sent (\HasChildren \Sent)
        Trash (\HasNoChildren \Trash)
        a (\HasChildren)
        a-b (\HasNoChildren)
        事業所 (\NonExistent \HasChildren)
    "]],
    );
}

#[test]
fn recursivematch_tells_of_what_stands_below_and_is_not_told_of_itself() {
    // RFC 5258 §3.3, §3.5
    check(
        r#"LIST (SUBSCRIBED RECURSIVEMATCH) "" %"#,
        expect![[r"
        INBOX (\Subscribed \HasChildren)
        Sent (\HasChildren \Sent) CHILDINFO
        a (\HasChildren) CHILDINFO
        gone (\Subscribed \NonExistent \HasNoChildren)
        lost (\NonExistent \HasNoChildren) CHILDINFO
    "]],
    );
    check(
        r#"LIST (SUBSCRIBED RECURSIVEMATCH) "" "a*""#,
        expect![[r"
        a/b/c (\Subscribed \HasNoChildren)
    "]],
    );
    check(
        r#"LIST (RECURSIVEMATCH SPECIAL-USE REMOTE) "" *"#,
        expect![[r"
        Sent (\HasChildren \Sent)
        Trash (\HasNoChildren \Trash)
    "]],
    );
    check(r#"LIST (RECURSIVEMATCH REMOTE) "" *"#, expect!["bad: SUBSCRIBED or SPECIAL-USE beside RECURSIVEMATCH"]);
}

#[test]
fn several_patterns_name_a_folder_once() {
    check(
        r#"LIST "" ("a" "a/b" % "")"#,
        expect![[r"
        INBOX (\HasChildren)
        Sent (\HasChildren \Sent)
        Trash (\HasNoChildren \Trash)
        a (\HasChildren)
        a-b (\HasNoChildren)
        a/b (\HasChildren)
        事業所 (\NonExistent \HasChildren)
    "]],
    );
    check(
        "LIST \"\" (\"事業所\" a)",
        expect![[r"
        a (\HasChildren)
    "]],
    );
}

#[test]
fn unknown_options_are_refused() {
    check(r#"LIST (FROB) "" *"#, expect!["bad: a selection option of LIST before"]);
    check(r#"LIST "" * RETURN (FROB)"#, expect!["bad: a return option of LIST before"]);
    check(r#"LIST "" * RETURN (STATUS ())"#, expect!["bad: one item at least"]);
    check(r#"LIST "" * FROB"#, expect!["bad: RETURN"]);
}

#[test]
fn lsub_tells_of_subscriptions_and_of_levels_where_percent_asks_for_them() {
    // RFC 3501 §6.3.9
    check(r#"LSUB "" *"#, expect!["INBOX, Sent/old, a/b/c, gone, lost/deep"]);
    check(r#"LSUB "" %"#, expect!["INBOX, gone, Sent (level), a (level), lost (level)"]);
    check(r#"LSUB "" "a/%""#, expect!["a/b (level)"]);
}

#[test]
fn subscriptions_are_asked_for_only_where_they_are_told() {
    for (command, expected) in [
        (r#" "" *"#, false),
        (r#" (SPECIAL-USE) "" * RETURN (MYRIGHTS)"#, false),
        (r#" (SUBSCRIBED) "" *"#, true),
        (r#" "" * RETURN (SUBSCRIBED)"#, true),
    ] {
        let bytes = format!("{command}\r\n");
        let request = Request::list(&mut Cursor::new(bytes.as_bytes())).unwrap();
        assert_eq!(request.asks_for_subscriptions(), expected, "{command}");
    }
    assert!(Request::lsub(&mut Cursor::new(b" \"\" *\r\n")).unwrap().asks_for_subscriptions());
}
