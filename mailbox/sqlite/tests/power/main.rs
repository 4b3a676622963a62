//! Power cuts (Profile §11.1): what was answered is there, once and whole, whatever the disk had not synced yet.
//!
//! `record` lets a program work on a store and writes down every call with shim.c; `disk` plays the calls to a disk that
//! keeps only what it was told to sync, and of the rest what chance leaves; `look` opens what is left at a cut. A disk
//! that lies about one kind of sync shows that the test would see a store that leaves it out.
//!
//! `.ci/long` makes a hundred cuts; `FUMIBAKO_SEED=…` repeats the choice of lives and cuts.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "these are tests")]

mod disk;
mod look;
mod random;
mod record;
mod told;
mod trace;

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use fumibako_store::suite::World;

use disk::{Disk, Lie};
use look::{Problem, Witness, look};
use random::Random;
use record::{Recording, Studio, copy};
use told::Told;
use trace::{Event, events};

/// The form that CI runs, and the long one.
struct Form {
    recordings: usize,
    cuts: usize,
    bundles: u64,
}

const SHORT: Form = Form { recordings: 2, cuts: 10, bundles: 80 };
const LONG: Form = Form { recordings: 5, cuts: 20, bundles: 200 };
/// Cuts after which a disk that lies must have been found out.
const CUTS_OF_A_LIE: usize = 24;
/// Every so-manieth of them is also made on an honest disk.
const HONEST: usize = 4;

/// One test at a time: a program that starts holds for a moment what this process has open, the lock of a store too.
static ALONE: Mutex<()> = Mutex::new(());

/// Cuts that were looked at.
#[derive(Default)]
struct Tally {
    cuts: usize,
    promises: usize,
    problems: Vec<Problem>,
}

#[test]
fn what_was_answered_survives_power_cuts() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let (seed, form) = (random::seed(), if random::is_long() { LONG } else { SHORT });
    println!("FUMIBAKO_SEED={seed}");
    let (mut random, studio) = (Random::from_seed(seed), Studio::new());
    let (mut tally, mut told, mut base) = (Tally::default(), Told::default(), None);
    for number in 0..form.recordings {
        let recording = studio.record(&format!("r{number}"), number, base.as_deref(), form.bundles, &mut random);
        let points = points(&events(&recording.trace), form.cuts, &mut random);
        let cuts = Cuts { studio: &studio, recording: &recording, lie: None, told, points };
        // The next recording begins with what one of these cuts leaves.
        (told, base) = cuts.make(&mut random, &mut tally, |_| false);
        if !tally.problems.is_empty() {
            break;
        }
    }
    let Tally { cuts, promises, problems } = tally;
    let count = |is: fn(&Problem) -> bool| problems.iter().filter(|problem| is(problem)).count();
    println!(
        "{cuts} power cuts: {promises} promises checked, {} lost, {} half visible, {} damaged, {} UIDs reused, {} unopened",
        count(|p| matches!(p, Problem::Lost(_))),
        count(|p| matches!(p, Problem::Half(_))),
        count(|p| matches!(p, Problem::Damaged(_))),
        count(|p| matches!(p, Problem::Reused(_))),
        count(|p| matches!(p, Problem::Unopened(_) | Problem::Deaf(_))),
    );
    let listed: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert!(listed.is_empty(), "FUMIBAKO_SEED={seed}:\n  {}", listed.join("\n  "));
    assert!(promises > cuts, "the cuts came while offices were at work");
}

#[test]
fn a_sync_left_out_is_found_out() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let seed = random::seed();
    let (mut random, studio) = (Random::from_seed(seed), Studio::new());
    let recording = studio.record("lies", 0, None, SHORT.bundles, &mut random);
    let all = points(&events(&recording.trace), CUTS_OF_A_LIE, &mut random);
    let honest = all.iter().copied().step_by(HONEST).collect();
    for (lie, points) in std::iter::once((None, honest)).chain(Lie::ALL.map(|lie| (Some(lie), all.clone()))) {
        let (mut tally, told) = (Tally::default(), Told::default());
        let cuts = Cuts { studio: &studio, recording: &recording, lie, told, points };
        cuts.make(&mut random, &mut tally, |tally| !tally.problems.is_empty());
        let Some(lie) = lie else {
            assert!(tally.problems.is_empty(), "FUMIBAKO_SEED={seed}: {}", tally.problems[0]);
            continue;
        };
        let problem = tally.problems.first();
        let problem = problem.unwrap_or_else(|| panic!("FUMIBAKO_SEED={seed}: no cut shows that {lie:?} is left out"));
        let what = problem.to_string();
        println!("{lie:?}: found out at cut {}: {}", tally.cuts, what.split(';').next().unwrap_or_default());
    }
}

/// Cuts of one recording, at these numbers of events.
struct Cuts<'r> {
    studio: &'r Studio,
    recording: &'r Recording,
    lie: Option<Lie>,
    /// Before the recording.
    told: Told,
    points: Vec<usize>,
}

impl Cuts<'_> {
    /// Plays the recording and looks at each cut, until there is enough. Of one cut it keeps what was left, and what had
    /// been told.
    fn make(self, random: &mut Random, tally: &mut Tally, enough: impl Fn(&Tally) -> bool) -> (Told, Option<PathBuf>) {
        let world = World::under(&self.studio.authority);
        let meant = self.told.numbers.clone();
        let mut witness = Witness { world, sent: self.studio.sent(), meant };
        let mut disk = Disk::load(&self.recording.before, self.lie);
        let (mut told, mut kept) = (self.told.clone(), (self.told, None));
        let chosen = self.points[usize::try_from(random.below(self.points.len() as u64)).unwrap()];
        for (at, event) in events(&self.recording.trace).into_iter().enumerate() {
            disk.take(event);
            if let Event::Said(words) = event {
                told.hear(words);
            }
            if self.points.binary_search(&(at + 1)).is_err() {
                continue;
            }
            let name = format!("cut{}.{}", tally.cuts, self.lie.map_or(0, |lie| lie as usize + 1));
            let left = self.studio.path(&format!("{name}.{at}"));
            disk.cut(&left, random);
            if at + 1 == chosen {
                let base = self.studio.path(&format!("{name}.base"));
                copy(&left, &base);
                kept = (told.clone(), Some(base));
            }
            let problems = look(&mut witness, &left.join("store"), &told, &format!("{name}@x.example"));
            // A store that did not open may close its files later. SQLite knows files of a process by their inodes, so
            // no other may have them meanwhile.
            if problems.is_empty() {
                fs::remove_dir_all(&left).unwrap();
            }
            tally.cuts += 1;
            tally.promises += told.promises();
            tally.problems.extend(problems);
            if enough(tally) {
                break;
            }
        }
        kept
    }
}

/// Where to cut, in rising order: right after an answer, between a write and its sync, soon after a start, anywhere.
fn points(events: &[Event<'_>], count: usize, random: &mut Random) -> Vec<usize> {
    let answers = after(events, |event| matches!(event, Event::Said(_)));
    let starts = after(events, |event| matches!(event, Event::Life));
    let changes = after(events, Event::is_change);
    let mut pick = |from: &[usize]| from[usize::try_from(random.below(from.len() as u64)).unwrap()];
    let anywhere: Vec<usize> = (1..=events.len()).collect();
    let soon: Vec<usize> = starts.iter().flat_map(|at| *at..(at + 400).min(events.len())).collect();
    let mut points = BTreeSet::new();
    for turn in 0..count * 20 {
        if points.len() == count {
            break;
        }
        points.insert(match turn % 10 {
            0..4 => pick(&answers),
            4..7 => pick(&changes),
            7 => pick(&soon),
            _ => pick(&anywhere),
        });
    }
    points.into_iter().collect()
}

/// How many events there are when one of these has just happened.
fn after<'t>(events: &[Event<'t>], is: impl Fn(&Event<'t>) -> bool) -> Vec<usize> {
    events.iter().enumerate().filter(|(_, event)| is(event)).map(|(at, _)| at + 1).collect()
}
