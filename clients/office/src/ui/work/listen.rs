//! News by IMAP IDLE (RFC 2177): the gateway says that something happened, and only then it is looked at. INBOX and Sent of an office
//! have a connection each; an agent has one for the folders of all its offices (NOTIFY, RFC 5465). While nobody listens, looking
//! every few seconds stands in.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::mailbox::{Folder, Mailbox};
use crate::random;
use crate::settings::Settings;
use crate::trouble::Trouble;
use crate::ui::state::{App, held};

/// RFC 2177 §3 wants IDLE anew within 29 minutes; routers forget a silent connection sooner, and a dead one shows only then.
const IDLE: Duration = Duration::from_mins(9);
/// The first pause after a connection was lost; each further one is twice as long.
const PAUSE: Duration = Duration::from_secs(1);
/// The longest.
const LONGEST: Duration = Duration::from_mins(5);

/// What a connection listens to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::ui) enum Ear {
    /// A folder of our own.
    Own(Folder),
    /// Whatever the mandates of an agent open.
    Offices,
}

/// All that is to be listened to.
pub(in crate::ui) fn ears(settings: &Settings) -> &'static [Ear] {
    const OWN: [Ear; 2] = [Ear::Own(Folder::Inbox), Ear::Own(Folder::Sent)];
    if settings.agent.is_some() { &[Ear::Offices] } else { &OWN }
}

/// Listens for as long as the program runs.
pub(in crate::ui) async fn for_ever(app: Arc<App>, ear: Ear) {
    let mut failed: u32 = 0;
    loop {
        // A gateway that cannot be reached, or lets nobody in, is for the look to find out: tries of wrong passwords are counted.
        if !matches!(held(&app.mail).link, Some(Ok(()))) {
            app.online.notified().await;
            continue;
        }
        let mut listened = false;
        let why = listen(&app, ear, &mut listened).await;
        if listened {
            app.listening.fetch_sub(1, Ordering::Relaxed);
            failed = 0;
        }
        tracing::debug!(why = ?why.err(), "ui.idle.lost");
        // What happened meanwhile, and whether the gateway is there at all, a look finds out.
        app.look.notify_one();
        tokio::time::sleep(pause(failed, random::key()[0])).await;
        failed = failed.saturating_add(1);
    }
}

/// Never `Ok`: it ends with the connection.
async fn listen(app: &App, ear: Ear, listened: &mut bool) -> Result<(), Trouble> {
    let mut mailbox = Mailbox::open(&app.settings).await?;
    match ear {
        Ear::Own(folder) => drop(mailbox.select(folder).await?),
        Ear::Offices => mailbox.watch_offices().await?,
    }
    // What came between the last look and now is told to nobody.
    app.look.notify_one();
    app.listening.fetch_add(1, Ordering::Relaxed);
    *listened = true;
    loop {
        let (rested, news) = mailbox.idle(IDLE).await?;
        mailbox = rested;
        if news {
            app.look.notify_one();
        }
    }
}

/// Twice as long after each failure; a part of it is chance, so that a gateway that comes back is not called by all at once.
fn pause(failed: u32, chance: u8) -> Duration {
    let whole = PAUSE.saturating_mul(1_u32.checked_shl(failed).unwrap_or(u32::MAX)).min(LONGEST);
    whole / 2 + whole / 2 * u32::from(chance) / 255
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Profile §15.9: pauses grow, have an end, and are not everybody's at once.
    #[test]
    fn pauses_grow_up_to_five_minutes() {
        let most: Vec<u64> = [0, 1, 2, 8, 9, 31, 32, u32::MAX].map(|failed| pause(failed, 255).as_secs()).into();
        assert_eq!(most, [1, 2, 4, 256, 300, 300, 300, 300]);
        assert_eq!((pause(0, 0), pause(9, 0)), (Duration::from_millis(500), Duration::from_secs(150)));
        assert!(IDLE < Duration::from_mins(29));
    }
}
