use std::fs;

use super::*;
use crate::settings::Settings;
use crate::testing::{A, Ca, now};
use crate::ui::Options;
use crate::ui::form::Upload;
use crate::ui::work::look::tests::{arrived, sent, spot};
use crate::ui::work::look::{Arrived, Content, Gone};

const CSV: &str = "UPJSK_202510_9970000011_43_9970000029_11_20250920101500.CSV";

pub(in crate::ui) fn office() -> (tempfile::TempDir, Settings) {
    let (folder, ca) = (tempfile::tempdir().unwrap(), Ca::new());
    let [identity_file, trust_file] = ["office.pem", "ca.pem"].map(|name| folder.path().join(name));
    fs::write(&identity_file, ca.identity(A).to_pem().as_bytes()).unwrap();
    fs::write(&trust_file, ca.pem()).unwrap();
    let (data_folder, office) = (folder.path().join("data"), "9970000011".parse().ok());
    (folder, Settings { office, identity_file, trust_file, data_folder, ..Settings::default() })
}

/// A run of the program; dropping it is what `kill -9` does.
pub(in crate::ui) fn run(settings: &Settings) -> App {
    let app = App::new(settings.clone(), now, &Options::default(), 1).unwrap();
    app.open_kept().unwrap();
    app
}

pub(in crate::ui) fn letter(id: &str, name: &str) -> Letter {
    let mut letter = Letter::new(id, now());
    letter.add(
        vec![Upload { name: name.into(), bytes: Private(b"\x83\x51\x83\x41".to_vec()) }],
        &|_| true,
        crate::bundle::MESSAGE_BYTES,
    );
    letter.message = "ご確認ください".into();
    // What the checker says of it is another test's.
    letter.anyway = true;
    letter
}

fn kept_names(settings: &Settings) -> usize {
    fs::read_dir(settings.data_folder.join("kept")).unwrap().count()
}

/// NW-12, DR-03, BT-11.
#[test]
fn letters_and_their_files_survive_a_kill() {
    let (_folder, settings) = office();
    let app = run(&settings);
    held(&app.letters).drafts.insert("d".into(), letter("d", CSV));
    held(&app.letters).rows.insert("r".into(), letter("r", CSV));
    app.tell("drafts");
    let before = kept_names(&settings);
    drop(app);
    let app = run(&settings);
    let draft = held(&app.letters).drafts.get("d").cloned().unwrap();
    assert_eq!((draft.files[0].name.as_str(), draft.message.as_str()), (CSV, "ご確認ください"));
    assert_eq!(draft.files[0].bytes.0, b"\x83\x51\x83\x41");
    assert_eq!(draft.saved, now());
    held(&app.letters).drafts.clear();
    app.tell("drafts");
    assert_eq!(kept_names(&settings), before, "the row still needs the pack");
    held(&app.letters).rows.clear();
    app.tell("batch");
    assert_eq!(kept_names(&settings), before - 1, "a pack that nothing names is gone");
    drop(app);
    assert!(held(&run(&settings).letters).drafts.is_empty());
}

/// Profile §15.7: the batch goes on where it stood; what failed keeps its reason.
#[test]
fn a_batch_goes_on_after_a_kill() {
    let (_folder, settings) = office();
    let app = run(&settings);
    let words = |what: &str| Words { what: what.into(), next: "次".into(), code: Some("E-DIR-001".into()) };
    for (id, fate) in [
        ("1", Fate::Done),
        ("2", Fate::Failed(Box::new((words("失敗"), words("failed"))))),
        ("3", Fate::Sending),
        ("4", Fate::Waiting),
        ("5", Fate::Stopped),
        ("6", Fate::Unasked),
    ] {
        held(&app.letters).rows.insert(id.into(), Letter { fate, ..letter(id, CSV) });
    }
    app.tell("progress");
    drop(app);
    let app = run(&settings);
    let run = held(&app.run).clone().unwrap();
    assert_eq!((run.rows, run.running, run.stopping), (vec!["3".to_owned(), "4".into()], true, false));
    let letters = held(&app.letters);
    assert!(!letters.rows.contains_key("1"));
    assert_eq!(letters.rows["2"].fate, Fate::Failed(Box::new((words("失敗"), words("failed")))));
    assert_eq!(letters.rows["5"].fate, Fate::Stopped);
    assert_eq!(letters.rows["6"].fate, Fate::Unasked, "BP-11: its turn comes with the network");
}

fn waits(id: &str) -> Entry {
    let (from, to) = ("9970000011@x".into(), "9970000029@x".into());
    let fate = outbox::Fate::Waiting;
    Entry { message_id: id.into(), from, agent: None, to, composed: now(), bundle: None, fate }
}

/// Profile §15.7: nothing is sent twice, and nothing is lost, wherever the crash came.
#[test]
fn what_is_in_the_outbox_is_no_letter_any_more() {
    let (_folder, settings) = office();
    let known = ["a@x", "b@x"].map(waits);
    let after = |ids: &[&str]| {
        let app = run(&settings);
        *held(&app.letters) = Letters::default();
        held(&app.letters).drafts.insert("d".into(), letter("d", CSV));
        held(&app.letters).rows.insert("r".into(), Letter { fate: Fate::Sending, ..letter("r", CSV) });
        held(&app.letters).leave("d", true).unwrap();
        for id in ["d", "r"] {
            app.leaves(id, &ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>()).unwrap();
        }
        drop(app);
        let keep = Keep::open(&settings, now()).unwrap();
        let mut letters = Letters::default();
        let waiting = letters.take_up(read(&keep).unwrap(), &known);
        (letters, waiting)
    };
    let (letters, waiting) = after(&["c@x"]);
    assert!(letters.drafts.contains_key("d") && waiting == ["r"]);
    let (letters, waiting) = after(&["a@x", "b@x"]);
    assert!(letters.drafts.is_empty() && waiting.is_empty());
    assert_eq!(letters.rows["r"].fate, Fate::Offline(vec!["a@x".into(), "b@x".into()]));
    let (letters, waiting) = after(&["a@x", "c@x"]);
    assert!(letters.drafts["d"].trouble.is_some() && waiting == ["r"], "what is left of it has its turn");
}

/// Profile §15.6: of what went the newest is remembered, also when the last run did not note it any more.
#[test]
fn what_is_found_sent_at_the_start_is_not_what_is_forgotten() {
    let kept = Letters {
        went: (0..WENT).map(|n| n.to_string()).collect(),
        drafts: [("d".to_owned(), Letter { ids: vec!["a@x".into()], ..letter("d", CSV) })].into(),
        ..Letters::default()
    };
    let mut letters = Letters::default();
    letters.take_up(kept, &[waits("a@x")]);
    letters.gone("e");
    assert!(letters.has_left("d") && letters.has_left("e") && !letters.has_left("0") && letters.went.len() == WENT);
}

/// A folder that is gone, or a disk that is full: said, nothing forgotten, and made good with the next word.
#[test]
fn what_could_not_be_written_is_written_later() {
    let (_folder, settings) = office();
    let app = run(&settings);
    let (place, away) = (settings.data_folder.join("kept"), settings.data_folder.join("away"));
    fs::rename(&place, &away).unwrap();
    held(&app.letters).drafts.insert("d".into(), letter("d", CSV));
    assert!(matches!(app.keep_letters(), Err(Trouble::CannotWrite(..))));
    assert_eq!(held(&app.letters).drafts["d"].files[0].place, None);
    fs::rename(&away, &place).unwrap();
    app.keep_letters().unwrap();
    drop(app);
    assert!(held(&run(&settings).letters).drafts.contains_key("d"));
}

/// Two terminals.
#[test]
fn a_second_run_is_told_that_the_first_one_writes() {
    let (_folder, settings) = office();
    let _first = run(&settings);
    let second = App::new(settings, now, &Options::default(), 1).unwrap();
    assert!(matches!(second.open_kept(), Err(Trouble::Busy(_))));
}

/// DR-03, BE-04: what was removed is on disk no more, the copy that was being edited included.
#[test]
fn an_edited_copy_goes_with_its_row() {
    let (_folder, settings) = office();
    let app = run(&settings);
    let before = kept_names(&settings);
    let edited = |fate| {
        held(&app.letters).rows.insert("r".into(), Letter { fate, ..letter("r", CSV) });
        held(&app.letters).edits.insert("r".into(), letter("r", CSV));
        app.tell("batch");
    };
    edited(Fate::Unsent);
    assert!(held(&app.letters).edits.contains_key("r"));
    held(&app.letters).rows.clear();
    app.tell("batch");
    assert!(held(&app.letters).edits.is_empty());
    assert_eq!(kept_names(&settings), before, "no pack is left");
    edited(Fate::Done);
    assert!(held(&app.letters).edits.is_empty(), "what was sent is edited no more");
    edited(Fate::Unsent);
    drop(app);
    let app = self::run(&settings);
    assert!(held(&app.letters).edits.contains_key("r"));
}

/// Profile §15.9: the lists, and what was fetched and where to, are there before the gateway is asked, and nobody else reads them.
#[test]
fn lists_survive_a_kill() {
    let (_folder, settings) = office();
    let app = run(&settings);
    {
        let mut mail = held(&app.mail);
        let fetched = Arrived { done: true, folder: Some("/save/here".into()), ..arrived("a@x") };
        mail.inbox.extend([
            (spot(3), arrived("b@x")),
            (spot(2), fetched),
            (spot(1), Arrived { gone: true, ..arrived("c@x") }),
        ]);
        mail.validity = [((true, None), 7), ((false, None), 8)].into();
        let state = Some(fumibako_model::State::Retrieved);
        let cover = Private("実績".to_owned());
        let gone = Gone { cover, state, until: Some(now()), content: Content::Settled, ..sent("d@x") };
        mail.sent.insert(spot(9), gone);
        mail.checked = Some(now());
    }
    app.keep_mail();
    let before = format!("{:?}", held(&app.mail));
    drop(app);
    let octets = fs::read(settings.data_folder.join("kept/mail.kept")).unwrap();
    assert!(!octets.windows(6).any(|window| window == "10月".as_bytes() || window == b"note.p"));
    let app = run(&settings);
    assert_eq!(format!("{:?}", held(&app.mail)), before);
    let covers: Vec<String> = held(&app.mail).inbox.values().map(|one| one.cover.0.clone()).collect();
    assert_eq!((covers, held(&app.mail).sent[&spot(9)].cover.0.as_str()), (vec!["10月分です".to_owned(); 3], "実績"));
    drop(app);
    // Damaged, they are asked for again; the letters are another record.
    fs::write(settings.data_folder.join("kept/mail.kept"), &octets[..40]).unwrap();
    assert!(held(&run(&settings).mail).inbox.is_empty());
}
