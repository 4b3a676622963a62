//! What was said of a day, whatever the operator and the clock did since.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

fn days(days: u16) -> Retention {
    Retention::new(days).unwrap()
}

fn of<const N: usize>(promised: &Promised, days: [i32; N]) -> [u16; N] {
    days.map(|day| promised.of(day).days())
}

// Profile §11.5
#[test]
fn a_shorter_retention_is_that_of_what_comes_from_then_on() {
    let shorter = Promised::always(days(90)).from_now_on(days(30), Some(100));
    assert_eq!(of(&shorter, [i32::MIN, 0, 100, 101, i32::MAX]), [90, 90, 90, 30, 30]);
    assert_eq!(shorter.end_of(101), days(30).moment_of(101));
    // Said again, as at each start: nothing changes.
    assert_eq!(shorter.clone().from_now_on(days(30), Some(120)), shorter);
    let again = shorter.clone().from_now_on(days(10), Some(120));
    assert_eq!(of(&again, [100, 101, 120, 121]), [90, 30, 30, 10]);
    // One in between, and longer than all.
    assert_eq!(of(&again.clone().from_now_on(days(60), Some(130)), [100, 101, 121, 131]), [90, 60, 60, 60]);
    assert_eq!(again.clone().from_now_on(days(365), Some(130)), Promised::always(days(365)));
    assert_eq!(again.from_now_on(days(20), None), Promised::always(days(20)), "nothing was promised to anybody");
    // Where what had come by the shorter one is gone again, that day is as if nothing had been said of it.
    assert_eq!(of(&shorter.from_now_on(days(20), Some(90)), [90, 91, 101]), [90, 20, 20]);
}

#[test]
fn what_was_written_down_is_read_by_the_settings() {
    let known = Promised::always(days(90)).from_now_on(days(30), Some(100));
    let read = |least| Promised::read(known.rows().iter().copied(), days(least));
    assert_eq!((read(10), read(30)), (known.clone(), known.clone()));
    assert_eq!(of(&read(40), [100, 101]), [90, 40]);
    assert_eq!(read(90), Promised::always(days(90)));
    assert_eq!(Promised::read([], days(50)), Promised::always(days(50)));
}

proptest! {
    // Profile §8.25, §11.5
    #[test]
    fn no_day_ends_before_anything_said_of_it(steps in prop::collection::vec((0_i32..60, 10_u16..15, any::<bool>()), 1..40)) {
        let mut promised = Promised::always(days(12));
        let (mut wanted, mut said) = (days(12), BTreeMap::<i32, Retention>::new());
        for (day, keep, comes) in steps {
            if comes {
                // The clock shows any day.
                let now = promised.of(day);
                prop_assert!(now >= wanted);
                let fresh = said.last_key_value().is_none_or(|(newest, _)| *newest < day);
                prop_assert!(!fresh || now == wanted, "the settings count for what comes on a new day");
                let known = said.entry(day).or_insert(now);
                *known = now.max(*known);
            } else {
                wanted = days(keep);
                promised = promised.from_now_on(wanted, said.last_key_value().map(|(newest, _)| *newest));
                for known in said.values_mut() {
                    *known = wanted.max(*known);
                }
            }
            for (day, known) in &said {
                prop_assert!(promised.of(*day) >= *known, "{day} {promised:?}");
            }
            let rows = promised.rows();
            prop_assert!(rows.is_sorted_by(|(after, keep), (later, less)| after < later && keep > less), "{rows:?}");
        }
    }
}
