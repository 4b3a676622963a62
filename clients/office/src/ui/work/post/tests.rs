use super::*;
use crate::ui::kept::tests::{letter, office, run};
use crate::ui::state::Run;
use crate::ui::work::look::NoLink;

const CSV: &str = "DLTPLAN_202510_9970000011_43_9970000029_11_20250920101500.CSV";

/// Nobody listens at port 0, whatever else runs here.
fn away() -> (tempfile::TempDir, Arc<App>) {
    let (folder, settings) = office();
    (folder, Arc::new(run(&Settings { gateway: "127.0.0.1".into(), https_port: 0, ..settings })))
}

fn row(app: &App, id: &str, fate: Fate) {
    held(&app.letters).rows.insert(id.into(), Letter { fate, ..letter(id, CSV) });
}

fn fate(app: &App, id: &str) -> Fate {
    held(&app.letters).rows[id].fate.clone()
}

async fn at_rest(app: &App) {
    while held(&app.run).as_ref().is_some_and(|run| run.running) {
        tokio::task::yield_now().await;
    }
}

/// BP-11: of an office that was never asked about, too.
#[tokio::test]
async fn what_nobody_could_be_asked_about_waits_and_has_its_turn_with_the_network() {
    let (_folder, app) = away();
    for id in ["1", "2"] {
        row(&app, id, Fate::Waiting);
    }
    *held(&app.run) = Some(Run { rows: vec!["1".into(), "2".into()], running: true, stopping: false });
    batch(app.clone()).await;
    assert_eq!([fate(&app, "1"), fate(&app, "2")], [Fate::Unasked, Fate::Unasked]);
    assert!(outbox::look(&app.settings.data_folder).unwrap().is_empty());
    *held(&app.run) = None;
    let gone = Trouble::Unreachable { host: String::new(), why: String::new() };
    let link = NoLink { words: both(&gone), network: true };
    for link in [None, Some(Err(Box::new(link)))] {
        held(&app.mail).link = link;
        what_waits(&app).await;
        assert!(held(&app.run).is_none() && fate(&app, "1") == Fate::Unasked, "the network is not there");
    }
    held(&app.mail).link = Some(Ok(()));
    what_waits(&app).await;
    assert_eq!(held(&app.run).as_ref().map(|run| run.rows.clone()), Some(vec!["1".into(), "2".into()]));
    at_rest(&app).await;
    // It was tried, in vain, and no look follows by itself, which would try again at once.
    assert_eq!([fate(&app, "1"), fate(&app, "2")], [Fate::Unasked, Fate::Unasked]);
    let look = tokio::time::timeout(std::time::Duration::ZERO, app.look.notified());
    assert!(look.await.is_err());
}

/// BP-11: a row goes once, whoever orders it, and one that was changed or taken away meanwhile does not go.
#[tokio::test]
async fn only_rows_that_wait_have_their_turn() {
    let (_folder, app) = away();
    let fates = [Fate::Unsent, Fate::Done, Fate::Stopped, Fate::Sending, Fate::Offline(vec!["a@x".into()])];
    for (at, fate) in fates.iter().enumerate() {
        row(&app, &at.to_string(), fate.clone());
    }
    assert!(!turns_come(&app));
    row(&app, "z", Fate::Unasked);
    let others: Vec<String> = (0..fates.len()).map(|at| at.to_string()).collect();
    *held(&app.run) = Some(Run { rows: others.clone(), running: true, stopping: true });
    assert!(!turns_come(&app), "a batch runs");
    held(&app.run).as_mut().unwrap().running = false;
    assert!(turns_come(&app) && !turns_come(&app));
    let now = held(&app.run).clone().unwrap();
    assert_eq!((now.rows.last().map(String::as_str), now.running, now.stopping), (Some("z"), true, false));
    batch(app.clone()).await;
    assert_eq!(fate(&app, "z"), Fate::Unasked);
    for (id, before) in others.iter().zip(fates) {
        assert_eq!(fate(&app, id), before, "it had its end, or its turn is another's");
    }
    assert!(turns_come(&app));
    held(&app.letters).rows.remove("z");
    batch(app.clone()).await;
    assert!(!held(&app.letters).rows.contains_key("z"));
}

/// BP-11: what is in no outbox is settled by none.
#[tokio::test]
async fn the_outbox_says_nothing_of_what_is_not_in_it() {
    let (_folder, app) = away();
    row(&app, "1", Fate::Unasked);
    assert!(!settle_offline(&app));
    assert_eq!(fate(&app, "1"), Fate::Unasked);
}

/// BP-11: a single letter waits in the list of 一括送信, and is no draft beside it, after the end of the program neither.
#[tokio::test]
async fn a_letter_that_could_not_be_composed_is_a_row_that_waits() {
    let (_folder, app) = away();
    held(&app.letters).drafts.insert("d".into(), letter("d", CSV));
    let leaving = held(&app.letters).leave("d", true).unwrap();
    assert_eq!(send_draft(&app, leaving).await, Fate::Unasked);
    let settings = app.settings.clone();
    while Arc::strong_count(&app) > 1 {
        tokio::task::yield_now().await;
    }
    drop(app);
    let app = run(&settings);
    let letters = held(&app.letters);
    assert!(letters.drafts.is_empty() && letters.leaving.is_empty());
    let row = &letters.rows["d"];
    assert_eq!((&row.fate, row.files.len(), row.message.as_str()), (&Fate::Unasked, 1, "ご確認ください"));
}

/// Profile §15.7: the same data, sent from a draft and a row, or once more while the network is gone, waits once.
#[tokio::test]
async fn the_same_data_waits_once() {
    let (_folder, app) = away();
    let settings = Settings { seal: false, domain: "plans.example".parse().ok(), ..app.settings.clone() };
    while Arc::strong_count(&app) > 1 {
        tokio::task::yield_now().await;
    }
    drop(app);
    let app = Arc::new(run(&settings));
    let sent = |message: &str| Letter { message: message.into(), ..letter("1", CSV) };
    let (first, fate) = send(&app, sent("a")).await;
    assert_eq!(fate, Fate::Offline(first.ids.clone()));
    let (again, _) = send(&app, sent("a")).await;
    assert_eq!(again.ids, first.ids);
    let (other, _) = send(&app, sent("b")).await;
    assert_ne!(other.ids, first.ids, "another message is other data");
    assert_eq!(outbox::look(&settings.data_folder).unwrap().len(), 2);
}
