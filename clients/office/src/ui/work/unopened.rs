//! Who sent what does not open here is told so, once, as `fumibako fetch` tells it (Profile §8.22).

use std::collections::BTreeSet;
use std::sync::Arc;

use fumibako_model::OfficeNumber;

use super::aside;
use super::look::{Arrived, Mail, Wrong};
use crate::fetch::{End, Fetch};
use crate::ui::spot::Spot;
use crate::ui::state::{App, held};
use crate::wait;

/// Tells those whom nobody told yet. What stands in the way now is tried again with the next look.
pub(super) async fn tell_senders(app: &Arc<App>) {
    let spots = untold(app);
    if spots.is_empty() {
        return;
    }
    let of = |spot: &Spot| spot.of.or(app.settings.office).map(|office| (office, spot.uid));
    let wanted: BTreeSet<(OfficeNumber, u32)> = spots.iter().filter_map(of).collect();
    let turn = app.turn.lock().await;
    let (settings, clock) = (app.settings.clone(), app.clock);
    let run = aside(move || {
        let work = Fetch::new(&settings, clock)?.only(wanted).only_telling();
        wait(work.run(&mut |_| ()))
    })
    .await;
    drop(turn);
    let run = match run {
        Ok(run) => run,
        Err(why) => return tracing::debug!(%why, "ui.untold"),
    };
    let mut mail = held(&app.mail);
    for one in &run.fetched {
        let spot = Spot { of: app.settings.office.is_none().then_some(one.office), uid: one.uid };
        if let (Some(wrong), End::Distrusted { told, .. }) = (wrong_of(&mut mail, spot), &one.end) {
            wrong.told = Some(told.is_some());
        }
    }
    // Whatever is not among them opens by now, or is gone: the next look finds out.
    for spot in spots {
        if let Some(wrong) = wrong_of(&mut mail, spot).filter(|wrong| wrong.told.is_none()) {
            wrong.again = true;
        }
    }
    drop(mail);
    app.keep_mail();
    app.tell("inbox");
}

fn untold(app: &App) -> Vec<Spot> {
    let mail = held(&app.mail);
    // What another computer of the office acknowledged is nothing that does not open.
    let is_untold =
        |one: &Arrived| !one.gone && !one.done && one.wrong.as_ref().is_some_and(|wrong| wrong.told.is_none());
    mail.inbox.iter().filter(|(_, one)| is_untold(one)).map(|(spot, _)| *spot).collect()
}

fn wrong_of(mail: &mut Mail, spot: Spot) -> Option<&mut Wrong> {
    mail.inbox.get_mut(&spot)?.wrong.as_deref_mut()
}
