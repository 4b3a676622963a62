//! データ取得: the files of chosen messages reach the disk, and only then the receipt goes out.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use super::aside;
use crate::fetch::{End, Fetch};
use crate::trouble::Trouble;
use crate::ui::state::{App, held};
use crate::wait;

/// What became of it.
#[derive(Debug, Default)]
pub(in crate::ui) struct Saved {
    pub(in crate::ui) messages: usize,
    pub(in crate::ui) stopped: Option<Trouble>,
}

/// Saves the files of these messages below a folder and acknowledges them.
pub(in crate::ui) async fn save(app: &Arc<App>, uids: Vec<u32>, folder: PathBuf) -> Result<Saved, Trouble> {
    let turn = app.turn.lock().await;
    let mut settings = app.settings.clone();
    settings.save_folder.clone_from(&folder);
    let (clock, wanted) = (app.clock, uids.iter().copied().collect::<BTreeSet<u32>>());
    let run = aside(move || {
        let work = Fetch::new(&settings, clock)?.only(wanted);
        wait(work.run(&mut |_| ()))
    })
    .await?;
    drop(turn);
    let mut saved = Saved { messages: 0, stopped: run.stopped };
    let mut mail = held(&app.mail);
    mail.folder = Some(folder);
    for one in run.fetched {
        let (Some(known), End::Saved(arrival)) = (mail.inbox.get_mut(&one.uid), one.end) else { continue };
        known.done = true;
        known.folder = Some(arrival.folder);
        saved.messages += 1;
    }
    drop(mail);
    app.tell("inbox");
    app.look.notify_one();
    Ok(saved)
}
