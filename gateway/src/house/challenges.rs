//! What is given out for one word about a certificate (Profile §19.10): unguessable, for one party, once, and not for long.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use fumibako_model::{Challenge, Party, Refusal, Refused};
use fumibako_store::hex;
use jiff::{SignedDuration, Timestamp};

/// How long one is good.
const GOOD: SignedDuration = SignedDuration::from_mins(10);
/// Of one party at the same time; past it the oldest is good no longer.
const OF_A_PARTY: usize = 16;
/// Of all parties together; past it nobody gets another.
const IN_ALL: usize = 10_000;

/// Those that nobody used yet. A restart forgets them.
#[derive(Debug, Default)]
pub(crate) struct Challenges(Mutex<HashMap<String, Challenge>>);

impl Challenges {
    /// A new one for this party.
    pub(crate) fn give(&self, party: &Party, now: Timestamp) -> Result<Challenge, Refused> {
        let mut random = [0; 32];
        aws_lc_rs::rand::fill(&mut random).map_err(|_| Refusal::Internal)?;
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, one| now < one.until);
        let mut own: Vec<_> = all.values().filter(|one| one.party == *party).cloned().collect();
        own.sort_by_key(|one| one.until);
        if let Some(oldest) = own.first().filter(|_| own.len() >= OF_A_PARTY) {
            all.remove(&oldest.challenge);
        }
        if all.len() >= IN_ALL {
            return Err(Refusal::StoreBusy.into());
        }
        let one = Challenge { challenge: hex(&random), until: now + GOOD, party: party.clone() };
        all.insert(one.challenge.clone(), one.clone());
        Ok(one)
    }

    /// Uses one. Of two that come with the same one, the second is refused.
    pub(crate) fn take(&self, challenge: &str, party: &Party, now: Timestamp) -> Result<(), Refused> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let good = all.get(challenge).is_some_and(|one| one.party == *party && now < one.until);
        if !good {
            return Err(Refusal::ChallengeUnfit.into());
        }
        all.remove(challenge);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_790_000_000 + seconds).unwrap()
    }

    // Profile §19.10
    #[test]
    fn a_challenge_is_good_once_for_ten_minutes_and_for_its_party_alone() {
        let challenges = Challenges::default();
        let [ours, others]: [Party; 2] = ["9970000011", "kawara"].map(|party| party.parse().unwrap());
        let one = challenges.give(&ours, at(0)).unwrap();
        assert_eq!((one.challenge.len(), one.until), (64, at(600)));
        let refused = Err(Refusal::ChallengeUnfit.into());
        assert_eq!(challenges.take(&one.challenge, &others, at(1)), refused);
        assert_eq!(challenges.take("", &ours, at(1)), refused);
        assert_eq!(challenges.take(&one.challenge, &ours, at(599)), Ok(()));
        assert_eq!(challenges.take(&one.challenge, &ours, at(599)), refused);
        let late = challenges.give(&ours, at(0)).unwrap();
        assert_eq!(challenges.take(&late.challenge, &ours, at(600)), refused);
    }

    #[test]
    fn a_party_has_sixteen_and_the_oldest_goes() {
        let challenges = Challenges::default();
        let ours: Party = "9970000011".parse().unwrap();
        let first = challenges.give(&ours, at(0)).unwrap();
        for n in 1..=16 {
            challenges.give(&ours, at(n)).unwrap();
        }
        assert_eq!(challenges.0.lock().unwrap().len(), 16);
        assert_eq!(challenges.take(&first.challenge, &ours, at(20)), Err(Refusal::ChallengeUnfit.into()));
    }
}
