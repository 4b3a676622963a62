//! How often somebody searches (Profile §17.6).

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use fumibako_model::{Party, Refusal, Refused};
use jiff::{SignedDuration, Timestamp};

/// How often an office or agent may ask in a minute for a file of evidence.
pub(crate) const PROOFS: u32 = 120;
const MINUTE: SignedDuration = SignedDuration::from_mins(1);
/// Most that are counted at once; past it, those whose minute is over are forgotten.
const COUNTED: usize = 10_000;

/// Questions of the minute that runs, by who asks.
#[derive(Debug)]
pub(crate) struct Searches {
    most: u32,
    counted: Mutex<HashMap<Party, (Timestamp, u32)>>,
}

impl Searches {
    /// So many in a minute.
    pub(crate) fn up_to(most: u32) -> Self {
        Self { most, counted: Mutex::default() }
    }

    /// One more, while there may be one; else the refusal says after how many seconds.
    pub(crate) fn count(&self, party: &Party, now: Timestamp) -> Result<(), Refused> {
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        // A clock that was set back ends a minute, too.
        let left = |since: Timestamp| {
            let gone = now.duration_since(since);
            if gone.is_negative() { SignedDuration::ZERO } else { MINUTE - gone }
        };
        if counted.len() >= COUNTED {
            counted.retain(|_, (since, _)| left(*since).is_positive());
        }
        match counted.get_mut(party).filter(|(since, _)| left(*since).is_positive()) {
            Some((since, count)) if *count >= self.most => {
                Err(Refusal::TooManyQuestions.about(left(*since).as_secs().saturating_add(1)))
            }
            Some((_, count)) => {
                *count += 1;
                Ok(())
            }
            None => {
                counted.insert(party.clone(), (now, 1));
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Profile §17.6
    #[test]
    fn sixty_questions_in_a_minute_are_enough() {
        let searches = Searches::up_to(60);
        let (one, other): (Party, Party) = ("9970000011".parse().unwrap(), "9970000029".parse().unwrap());
        let now = Timestamp::UNIX_EPOCH;
        for second in 0..60 {
            searches.count(&one, now + SignedDuration::from_millis(500 * second)).unwrap();
        }
        let refused = searches.count(&one, now + SignedDuration::from_secs(50)).unwrap_err();
        assert_eq!((refused.why, refused.about.as_str()), (Refusal::TooManyQuestions, "11"));
        searches.count(&other, now).unwrap();
        searches.count(&one, now + MINUTE).unwrap();
        searches.count(&one, now - MINUTE).unwrap();
    }
}
