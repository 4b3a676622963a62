//! What expired before anybody fetched it: how long people are told of it, and what ends that (HM-08).

use fumibako_model::{BundleFacts, OfficeNumber};
use jiff::Timestamp;

use crate::nights::days;

/// It is told for so many days after its end.
pub(crate) const LOST_DAYS: i64 = 30;

/// Is what ended then still told of?
pub(crate) fn is_told(end: Timestamp, now: Timestamp) -> bool {
    (0..LOST_DAYS).contains(&days(end, now))
}

/// What was sent, as far as it tells whether the same data went once more.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Went<'a> {
    /// When.
    pub(crate) at: Timestamp,
    /// Whom it was for.
    pub(crate) to: Option<OfficeNumber>,
    /// What it says of itself.
    pub(crate) facts: Option<&'a BundleFacts>,
}

impl Went<'_> {
    /// Is this the same data once more: later, to the same office, of the same kinds, month, serial, number of files and size? A plan has no
    /// month, and of one month several bundles may go to one office: what has no serial to tell it by is nobody's repetition. Where that is
    /// in doubt it stays told, for a look too many costs less than somebody's plan.
    pub(crate) fn repeats(&self, earlier: &Went<'_>) -> bool {
        let same = self.facts.zip(earlier.facts).is_some_and(|(now, then)| now.serial.is_some() && now == then);
        self.at > earlier.at && self.to == earlier.to && same
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;
    use crate::testing::now;

    // HM-08
    #[test]
    fn only_the_same_data_is_the_same_sent_again() {
        let facts = |text: &str| text.parse::<BundleFacts>().ok();
        let (plan, to) = ("v=1; units=plan; serial=20261105101010; files=3; size=900", "9970000029");
        let sent = |days: i64, to: &str, text: &str, earlier: &str| {
            let (now_facts, then_facts) = (facts(text), facts(earlier));
            let at = now() + SignedDuration::from_hours(24 * days);
            let went = Went { at, to: to.parse().ok(), facts: now_facts.as_ref() };
            went.repeats(&Went { at: now(), to: "9970000029".parse().ok(), facts: then_facts.as_ref() })
        };
        assert!(sent(1, to, plan, plan));
        assert!(!sent(-1, to, plan, plan), "before");
        assert!(!sent(1, "9970000037", plan, plan), "to another");
        for other in [
            "v=1; units=use-table; serial=20261105101010; files=3; size=900",
            "v=1; units=plan; month=202611; serial=20261105101010; files=3; size=900",
            "v=1; units=plan; serial=20261106101010; files=3; size=900",
            "v=1; units=plan; serial=20261105101010; files=2; size=900",
            "v=1; units=plan; serial=20261105101010; files=3; size=901",
        ] {
            assert!(!sent(1, to, other, plan), "{other}");
        }
        let without = "v=1; units=plan; files=3; size=900";
        assert!(!sent(1, to, without, without), "nothing tells whether it is that plan or another");
        assert!(!sent(1, to, "", ""), "nothing is known of either");
    }
}
