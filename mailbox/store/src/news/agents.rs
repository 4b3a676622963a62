//! What an agent's connection hears: of all its offices, of the roll and of its own subscriptions, by one bell, however many they are.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use fumibako_model::{AgentId, OfficeNumber};
use tokio::sync::Notify;

/// One listener. Dropped, it is forgotten at the next news.
#[derive(Debug)]
pub struct AgentNews(Arc<Heard>);

#[derive(Debug, Default)]
struct Heard {
    marks: Mutex<Marks>,
    bell: Notify,
}

/// What happened since they were taken last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    /// Something changed in folders of these offices.
    pub offices: BTreeSet<OfficeNumber>,
    /// The roll is another.
    pub roll: bool,
    /// The agent said something else of its subscriptions.
    pub subscriptions: bool,
}

/// All listeners, by what they listen to.
#[derive(Debug, Default)]
pub(super) struct Listeners {
    by_office: HashMap<OfficeNumber, Vec<Weak<Heard>>>,
    by_agent: HashMap<AgentId, Vec<Weak<Heard>>>,
}

impl AgentNews {
    /// Returns when something happened that was not taken yet. May be dropped at any time.
    pub async fn rung(&self) {
        while *self.0.marks() == Marks::default() {
            self.0.bell.notified().await;
        }
    }

    /// What happened.
    pub fn take(&self) -> Marks {
        std::mem::take(&mut *self.0.marks())
    }

    /// Of that, in whose folders; the rest is still to be taken.
    pub fn take_offices(&self) -> BTreeSet<OfficeNumber> {
        std::mem::take(&mut self.0.marks().offices)
    }

    /// What another listener did not take is this one's.
    pub fn carry(&self, mut marks: Marks) {
        self.0.ring(|all| {
            all.offices.append(&mut marks.offices);
            all.roll |= marks.roll;
            all.subscriptions |= marks.subscriptions;
        });
    }
}

impl Heard {
    fn marks(&self) -> MutexGuard<'_, Marks> {
        self.marks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ring(&self, mark: impl FnOnce(&mut Marks)) {
        mark(&mut self.marks());
        self.bell.notify_one();
    }
}

impl Listeners {
    /// A listener to an agent's subscriptions, to the roll, and to these offices.
    pub(super) fn add(&mut self, agent: &AgentId, offices: &BTreeSet<OfficeNumber>) -> AgentNews {
        let heard = Arc::default();
        for office in offices {
            join(self.by_office.entry(*office).or_default(), &heard);
        }
        join(self.by_agent.entry(agent.clone()).or_default(), &heard);
        AgentNews(heard)
    }

    pub(super) fn of_office(&mut self, office: OfficeNumber) {
        if let Some(all) = self.by_office.get_mut(&office) {
            ring(all, |marks| {
                marks.offices.insert(office);
            });
            if all.is_empty() {
                self.by_office.remove(&office);
            }
        }
    }

    pub(super) fn of_agent(&mut self, agent: &AgentId) {
        if let Some(all) = self.by_agent.get_mut(agent) {
            ring(all, |marks| marks.subscriptions = true);
        }
    }

    pub(super) fn of_the_roll(&mut self) {
        self.by_agent.retain(|_, all| {
            ring(all, |marks| marks.roll = true);
            !all.is_empty()
        });
    }

    /// How many offices and agents somebody listens to.
    pub(super) fn count(&self) -> usize {
        self.by_office.len() + self.by_agent.len()
    }
}

fn join(all: &mut Vec<Weak<Heard>>, heard: &Arc<Heard>) {
    all.retain(|one| one.strong_count() > 0);
    all.push(Arc::downgrade(heard));
}

/// Tells those that are still there; the others are forgotten.
fn ring(all: &mut Vec<Weak<Heard>>, mark: impl Fn(&mut Marks)) {
    all.retain(|one| one.upgrade().map(|heard| heard.ring(&mark)).is_some());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn office(number: &str) -> OfficeNumber {
        number.parse().unwrap()
    }

    #[tokio::test]
    async fn one_bell_tells_of_every_office_the_roll_and_the_agents_own() {
        let (mut all, agent) = (Listeners::default(), "kawara".parse().unwrap());
        let offices = [office("9970000011"), office("9970000029")];
        let (news, other) = (all.add(&agent, &offices.into()), all.add(&"tsuta".parse().unwrap(), &BTreeSet::new()));
        all.of_office(offices[1]);
        all.of_office(office("9970000037"));
        all.of_agent(&agent);
        news.rung().await;
        assert_eq!(news.take(), Marks { offices: [offices[1]].into(), roll: false, subscriptions: true });
        assert_eq!(other.take(), Marks::default(), "others hear nothing of it");
        all.of_office(offices[0]);
        all.of_the_roll();
        assert_eq!(news.take_offices(), [offices[0]].into());
        other.carry(Marks { subscriptions: true, ..Marks::default() });
        assert!(std::mem::take(&mut other.0.marks().subscriptions));
        other.rung().await;
        assert_eq!((news.take().roll, other.take().roll, other.take()), (true, true, Marks::default()));
    }

    #[test]
    fn who_is_gone_is_forgotten() {
        let (mut all, agent) = (Listeners::default(), "kawara".parse().unwrap());
        let offices = [office("9970000011"), office("9970000029")].into();
        drop(all.add(&agent, &offices));
        let kept = all.add(&agent, &[office("9970000011")].into());
        assert_eq!(all.count(), 3);
        all.of_office(office("9970000029"));
        assert_eq!(all.count(), 2);
        drop(kept);
        all.of_office(office("9970000011"));
        all.of_the_roll();
        assert_eq!(all.count(), 0);
    }
}
