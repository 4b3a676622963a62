//! The life of a bundle: what each happening makes of each state, what is written down of it, and who is told
//! (Profile §8.9). One table, and everything that changes a bundle's state asks it.

use crate::evidence::{Event, Reason};
use crate::state::State;

/// Something that befalls a bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happening {
    /// It passed admission and is durable.
    Accept,
    /// It stands in the recipient's mailbox.
    Deliver,
    /// All of it went to a terminal of the recipient, and that terminal went on.
    HandOver,
    /// The recipient's signed receipt for this content came.
    Acknowledge,
    /// The recipient's signed word came that it could not open it.
    Fail,
    /// A moment came at which it is told that nobody has collected it.
    Remind,
    /// Its retention is over and its content is gone.
    Expire,
}

impl Happening {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Accept, Self::Deliver, Self::HandOver, Self::Acknowledge, Self::Fail, Self::Remind, Self::Expire];
}

/// What the gateway tells the sender of a bundle, by a message of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Report {
    /// DSN `delivered` (RFC 3464 §2.3.3), if it was asked for.
    Delivered,
    /// MDN `dispatched` (RFC 8098 §3.2.6.2): the gateway saw it handed over.
    HandedOver,
    /// DSN `delayed`: nobody has collected it so far.
    Uncollected,
    /// DSN `failed`, 5.4.7: nobody collected it in time.
    Expired,
}

impl Report {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Delivered, Self::HandedOver, Self::Uncollected, Self::Expired];

    /// The number it is stored under.
    pub const fn code(self) -> i64 {
        self as i64
    }

    /// The report of a stored number.
    pub fn from_code(code: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|report| report.code() == code)
    }
}

/// What a happening leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The state from now on.
    pub state: State,
    /// The evidence to write.
    pub evidence: Option<(Event, Option<Reason>)>,
    /// What the sender is told. A receipt tells him itself.
    pub report: Option<Report>,
}

/// What a happening makes of a bundle; `None` as state: there was none yet. `None` as answer: nothing changes, nothing is
/// written down, nobody is told.
pub fn outcome(state: Option<State>, happening: Happening) -> Option<Outcome> {
    use Event::{ContentConsignment, ContentHandover, ContentHandoverFailure, SubmissionAcceptance};
    use Happening::{Accept, Acknowledge, Deliver, Expire, Fail, HandOver, Remind};
    use State::{Accepted, Delivered, Expired, HandedOver, Late, Retrieved};

    let to = |state, event, reason, report| Some(Outcome { state, evidence: Some((event, reason)), report });
    match (state, happening) {
        (None, Accept) => to(Accepted, SubmissionAcceptance, None, None),
        (Some(Accepted), Deliver) => to(Delivered, ContentConsignment, None, Some(Report::Delivered)),
        (Some(Delivered), HandOver) => {
            to(HandedOver, ContentHandover, Some(Reason::SeenByTheGateway), Some(Report::HandedOver))
        }
        (Some(Delivered | HandedOver), Acknowledge) => to(Retrieved, ContentHandover, None, None),
        // A mark beside the state, which waits on for a receipt. The sender has the recipient's own word, and what the gateway saw go
        // says less: it waits again. From then on the gateway says nothing of a handover, whatever it sees (Profile §8.22).
        (Some(Delivered | HandedOver), Fail) => to(Delivered, ContentHandoverFailure, Some(Reason::CheckFailed), None),
        (Some(Delivered), Remind) => {
            Some(Outcome { state: Delivered, evidence: None, report: Some(Report::Uncollected) })
        }
        (Some(Delivered), Expire) => to(Expired, ContentHandoverFailure, Some(Reason::Expired), Some(Report::Expired)),
        // What was lost stays lost; that the recipient has it all the same is worth writing down.
        (Some(Expired), Acknowledge) => to(Late, ContentHandover, Some(Reason::AfterExpiry), None),
        _ => None,
    }
}

/// How far a bundle has come, as its evidence tells it, piece by piece.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Life {
    /// `None`: there is no evidence yet.
    pub state: Option<State>,
    /// Its recipient has said that it could not open it (Profile §8.22).
    pub failed: bool,
}

impl Life {
    /// Every life there can be.
    pub fn all() -> impl Iterator<Item = Self> {
        let states = [None].into_iter().chain(State::ALL.map(Some));
        states.flat_map(|state| [false, true].map(|failed| Self { state, failed }))
    }

    /// The life with one more piece of evidence, of this event for this reason; `None`: no such piece follows.
    pub fn with(self, told: (Event, Option<Reason>)) -> Option<Self> {
        let steps = Happening::ALL.into_iter().filter_map(|happening| outcome(self.state, happening));
        let step = steps.into_iter().find(|step| step.evidence == Some(told))?;
        let failed = self.failed || told.1 == Some(Reason::CheckFailed);
        // What its recipient could not open waits, though a gateway of before wrote down afterwards that it saw it go.
        let waits = failed && step.state == State::HandedOver;
        Some(Self { state: Some(if waits { State::Delivered } else { step.state }), failed })
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    fn line(state: Option<State>, happening: Happening) -> String {
        let from = state.map_or("-".to_owned(), |state| format!("{state:?}"));
        let then = outcome(state, happening).map_or(String::new(), |step| {
            let evidence = step.evidence.map_or(String::new(), |(event, reason)| {
                let reason = reason.map_or(String::new(), |reason| format!(" ({reason:?})"));
                format!("{event:?}{reason}")
            });
            let report = step.report.map_or(String::new(), |report| format!("{report:?}"));
            format!("{:?} | {evidence} | {report}", step.state)
        });
        format!("{from} + {happening:?} -> {then}\n")
    }

    // Profile §8.9: every state with every happening; those that lead nowhere are left out and counted.
    #[test]
    fn every_happening_in_every_state() {
        let states = [None].into_iter().chain(State::ALL.map(Some));
        let all: Vec<_> = states.flat_map(|state| Happening::ALL.map(|happening| (state, happening))).collect();
        let (led, idle): (Vec<_>, Vec<_>) =
            all.into_iter().partition(|(state, happening)| outcome(*state, *happening).is_some());
        assert_eq!((led.len(), idle.len()), (10, 39));
        let table: String = led.into_iter().map(|(state, happening)| line(state, happening)).collect();
        expect![[r"
            - + Accept -> Accepted | SubmissionAcceptance | 
            Accepted + Deliver -> Delivered | ContentConsignment | Delivered
            Delivered + HandOver -> HandedOver | ContentHandover (SeenByTheGateway) | HandedOver
            Delivered + Acknowledge -> Retrieved | ContentHandover | 
            Delivered + Fail -> Delivered | ContentHandoverFailure (CheckFailed) | 
            Delivered + Remind -> Delivered |  | Uncollected
            Delivered + Expire -> Expired | ContentHandoverFailure (Expired) | Expired
            HandedOver + Acknowledge -> Retrieved | ContentHandover | 
            HandedOver + Fail -> Delivered | ContentHandoverFailure (CheckFailed) | 
            Expired + Acknowledge -> Late | ContentHandover (AfterExpiry) | 
        "]]
        .assert_eq(&table);
    }

    // Profile §8.9, §8.15
    #[test]
    fn a_piece_follows_where_the_table_has_it_and_nowhere_else() {
        let lives = || Life::all().filter(|life| !life.failed);
        for life in lives() {
            for happening in Happening::ALL {
                let Some(step) = outcome(life.state, happening) else { continue };
                let Some(told) = step.evidence else { continue };
                assert_eq!(life.with(told).unwrap().state, Some(step.state));
            }
        }
        let lost = (Event::ContentHandoverFailure, Some(Reason::Expired));
        let after = lives().filter(|life| life.with(lost).is_some());
        assert_eq!(
            after.collect::<Vec<_>>(),
            [Life { state: Some(State::Delivered), failed: false }],
            "nothing is lost behind its receipt"
        );
    }

    // Profile §8.22
    #[test]
    fn what_its_recipient_could_not_open_waits_whatever_was_seen_before_or_after() {
        let (seen, failed) = (
            (Event::ContentHandover, Some(Reason::SeenByTheGateway)),
            (Event::ContentHandoverFailure, Some(Reason::CheckFailed)),
        );
        let arrived = Life { state: Some(State::Delivered), failed: false };
        for pieces in [[seen, failed], [failed, seen]] {
            let life = pieces.into_iter().try_fold(arrived, Life::with);
            assert_eq!(life, Some(Life { state: Some(State::Delivered), failed: true }), "{pieces:?}");
        }
        let handed = Life { state: Some(State::HandedOver), failed: false };
        assert_eq!(arrived.with(seen), Some(handed));
    }

    // Profile §8.3, §8.22: only a state that was not left yet is reached, and the same twice is nothing the second time; but what the gateway saw
    // handed over its recipient's word takes back.
    #[test]
    fn states_only_rise_and_nothing_but_a_reminder_or_a_failure_leaves_them() {
        for state in State::ALL {
            for happening in Happening::ALL {
                let Some(next) = outcome(Some(state), happening) else { continue };
                let stays = matches!(happening, Happening::Remind | Happening::Fail);
                let back = (state, happening) == (State::HandedOver, Happening::Fail);
                assert!(
                    next.state > state || (stays && next.state == state) || (back && next.state == State::Delivered)
                );
                let again = outcome(Some(next.state), happening);
                assert!(stays || again.is_none(), "{state:?} {happening:?}");
            }
        }
    }
}
