use std::sync::mpsc;

use jiff::Timestamp;
use tokio::task::{spawn, yield_now};

use super::*;

mod heard;

/// Its next step lasts until it is allowed to end.
struct Slow {
    begun: mpsc::Sender<()>,
    ends: mpsc::Receiver<()>,
}

impl Conversation for Slow {
    type Ask = ();
    type Answer = ();

    fn receive(&mut self, _: Timestamp, _: &[u8]) {}
    fn answer(&mut self, _: Timestamp, (): ()) {}
    fn secured(&mut self, _: Timestamp, _: Offer) {}
    fn news(&mut self, _: Timestamp) {}
    fn shutdown(&mut self, _: Timestamp) {}
    fn tick(&mut self, _: Timestamp) {}
    fn wake_at(&self) -> Timestamp {
        Timestamp::MAX
    }
    fn next(&mut self) -> Option<Effect<()>> {
        self.begun.send(()).unwrap();
        self.ends.recv().unwrap();
        Some(Effect::Close)
    }
}

// Profile §7.49: the one thread of this runtime would stand still if the step were made on it.
#[tokio::test(flavor = "current_thread")]
async fn a_long_step_is_made_beside_those_who_wait_and_others_take_their_turn_behind_it() {
    let turns = Arc::new(Semaphore::new(1));
    let (begun, begins) = mpsc::channel();
    let slow = || {
        let (end, ends) = mpsc::channel();
        (Slow { begun: begun.clone(), ends }, end)
    };
    let ((one, end_one), (two, end_two)) = (slow(), slow());
    let run = |session| {
        let turns = turns.clone();
        spawn(async move { ponder(session, &turns).await.unwrap().1 })
    };
    let (one, two) = (run(one), run(two));
    while begins.try_recv().is_err() {
        yield_now().await;
    }
    // This task goes on while the first step lasts; the second one has not begun.
    assert_eq!(turns.available_permits(), 0);
    assert!(!one.is_finished() && begins.try_recv().is_err());
    end_one.send(()).unwrap();
    assert_eq!(one.await.unwrap(), Some(Effect::Close));
    end_two.send(()).unwrap();
    assert_eq!(two.await.unwrap(), Some(Effect::Close));
    assert_eq!((begins.try_recv().is_ok(), turns.available_permits()), (true, 1));
}
