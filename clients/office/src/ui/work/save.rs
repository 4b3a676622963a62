//! データ取得: the files of chosen messages reach the disk, and only then the receipt goes out.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use super::aside;
use super::look::{Owed, Wrong};
use crate::fetch::{End, Fetch};
use crate::trouble::Trouble;
use crate::ui::spot::Spot;
use crate::ui::state::{App, both, held};
use crate::wait;

/// What became of it.
#[derive(Debug, Default)]
pub(in crate::ui) struct Saved {
    /// The rows that are on disk.
    pub(in crate::ui) rows: Vec<Spot>,
    /// The folders of those that an earlier run had saved, of which nothing was written now.
    pub(in crate::ui) before: Vec<PathBuf>,
    /// Of so many the receipt was refused.
    pub(in crate::ui) owed: usize,
    /// Why it stopped before the last one.
    pub(in crate::ui) stopped: Option<Trouble>,
}

/// Saves the files of these messages below a folder and acknowledges them; of those that were seen to be saved, once more.
pub(in crate::ui) async fn save(
    app: &Arc<App>,
    [spots, again]: [&[Spot]; 2],
    folder: PathBuf,
) -> Result<Saved, Trouble> {
    let turn = app.turn.lock().await;
    let mut settings = app.settings.clone();
    settings.save_folder.clone_from(&folder);
    let of = |spot: &Spot| spot.of.or(app.settings.office).map(|office| (office, spot.uid));
    let [wanted, again] = [spots, again].map(|spots| spots.iter().filter_map(of).collect::<BTreeSet<_>>());
    let known = held(&app.mail).offices.values().map(|office| (office.number, office.name.clone())).collect();
    let clock = app.clock;
    let run = aside(move || {
        let work = Fetch::new(&settings, clock)?.only(wanted).again(again).with_names(known);
        wait(work.run(&mut |_| ()))
    })
    .await?;
    drop(turn);
    // Of offices that let an agent in no more, the first says why.
    let closed = run.closed.into_iter().next().map(|(_, why)| why);
    let mut saved = Saved { rows: Vec::new(), before: Vec::new(), owed: 0, stopped: run.stopped.or(closed) };
    let mut mail = held(&app.mail);
    mail.folder = Some(folder);
    for one in run.fetched {
        let spot = Spot { of: app.settings.office.is_none().then_some(one.office), uid: one.uid };
        let Some(known) = mail.inbox.get_mut(&spot) else { continue };
        let arrival = match one.end {
            End::Saved(arrival) => arrival,
            // It was believed when it was looked at, and is no more.
            End::Distrusted { why, told, .. } => {
                known.wrong = Some(Box::new(Wrong { told: Some(told.is_some()), ..Wrong::new(&why) }));
                continue;
            }
        };
        known.owed = arrival.receipt_trouble.as_ref().map(|why| Owed {
            receipt: arrival.receipt.clone(),
            refused: (!why.is_on_the_way()).then(|| Box::new(both(why))),
        });
        saved.owed += usize::from(known.owed.as_ref().is_some_and(|owed| owed.refused.is_some()));
        known.withheld = arrival.withheld.is_some();
        known.done = !known.withheld && known.owed.is_none();
        if arrival.files.is_empty() {
            saved.before.push(arrival.folder.clone());
        }
        known.folder = Some(arrival.folder);
        saved.rows.push(spot);
    }
    drop(mail);
    app.keep_mail();
    app.tell("inbox");
    app.look.notify_one();
    Ok(saved)
}
