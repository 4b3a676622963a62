//! The screens in a real browser. Each scenario says which lines of the requirements it saw; at the end a table shows which
//! lines are covered. `cargo test -p fumibako-screens -- --shots DIR` writes a picture of every screen besides.
//!
//! Needs Debian's chromium and chromedriver.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the table and what went wrong are what this program is for"
)]
#![expect(clippy::unwrap_used, reason = "it is a test, though it has a `main` of its own")]

mod account;
mod attacks;
mod axe;
mod batch;
mod compose;
mod directory;
mod door;
mod english;
mod expired;
mod eye;
mod first;
mod idle;
mod keys;
mod later;
mod licence;
mod lines;
mod notices;
mod paper;
mod printed;
mod proxy;
mod regional;
mod round;
mod unasked;
mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use fumibako::demo::{Stage, sample};
use fumibako_signer::authority::KeyKind;
use world::{Done, World};

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    // Other runners ask what there is before they run it.
    if args.iter().any(|arg| arg == "--list") {
        if !args.iter().any(|arg| arg == "--ignored") {
            println!("screens: test");
        }
        return ExitCode::SUCCESS;
    }
    let shots: Option<PathBuf> =
        args.iter().position(|arg| arg == "--shots").and_then(|at| args.get(at + 1)).map(Into::into);
    let known = [
        "door",
        "compose",
        "round",
        "printed",
        "batch",
        "keys",
        "proxy",
        "first",
        "attacks",
        "directory",
        "regional",
        "eye",
        "english",
        "account",
        "notices",
        "licence",
        "idle",
        "later",
        "unasked",
    ];
    let wanted: Vec<String> = args.into_iter().filter(|arg| known.contains(&arg.as_str())).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let (mut seen, mut wrong) = (BTreeMap::<String, BTreeSet<String>>::new(), Vec::new());
    for act in [Act::First, Act::Last] {
        if act == Act::Last && !is_wanted(&wanted, "unasked") {
            continue;
        }
        let folder = tempfile::tempdir().unwrap();
        // What the stage does it waits for itself, so it is made and ended outside.
        let stage = set_up(folder.path());
        let (also, more) = runtime.block_on(async {
            let world = World::new(folder, stage, shots.clone()).await.unwrap();
            match act {
                Act::First => play(&world, &wanted).await,
                Act::Last => play_last(&world).await,
            }
            world.end().await
        });
        wrong.extend(more);
        for (line, what) in also {
            seen.entry(line).or_default().extend(what);
        }
    }
    let uncovered = table(&seen);
    // A run of some scenarios shows some lines.
    if wanted.is_empty() {
        wrong.extend(uncovered);
    }
    for what in &wrong {
        println!("WRONG {what}");
    }
    let (good, bad) = (seen.values().map(BTreeSet::len).sum::<usize>(), wrong.len());
    println!("{} passed, {bad} failed", good.saturating_sub(bad));
    if wrong.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// What is played on one stage.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Act {
    First,
    Last,
}

/// A gateway with its offices and agents.
fn set_up(folder: &Path) -> Stage {
    let stage = Stage::set_up(folder, world::now()).unwrap();
    for (number, name) in [sample::SENDER, sample::RECIPIENT, world::C] {
        stage.add_office(number.parse().unwrap(), name, KeyKind::EcP256, world::now()).unwrap();
    }
    proxy::agents(&stage).unwrap();
    batch::offices(&stage).unwrap();
    directory::offices(&stage).unwrap();
    regional::door(&stage).unwrap();
    stage
}

fn is_wanted(wanted: &[String], name: &str) -> bool {
    wanted.is_empty() || wanted.iter().any(|one| one == name)
}

/// The gateway goes away and comes back.
#[expect(clippy::disallowed_methods, reason = "how long it takes is told")]
async fn play_last(world: &World) {
    let began = Instant::now();
    let done = unasked::play(world).await;
    told(world, "unasked", done, began.elapsed());
}

/// All scenarios, or those that the command line names.
#[expect(clippy::disallowed_methods, reason = "how long each takes is told")]
async fn play(world: &World, wanted: &[String]) {
    let is_wanted = |name: &str| is_wanted(wanted, name);
    macro_rules! scenario {
        ($name:ident) => {
            if is_wanted(stringify!($name)) {
                let began = Instant::now();
                let done = $name::play(world).await;
                told(world, stringify!($name), done, began.elapsed());
            }
        };
    }
    scenario!(door);
    if !is_wanted("door") {
        world.enter(&world.a, world::A).await.unwrap();
    }
    scenario!(compose);
    scenario!(round);
    scenario!(printed);
    scenario!(batch);
    scenario!(keys);
    scenario!(proxy);
    scenario!(first);
    scenario!(attacks);
    scenario!(directory);
    scenario!(regional);
    scenario!(eye);
    scenario!(english);
    scenario!(account);
    scenario!(notices);
    scenario!(licence);
    scenario!(idle);
    // The last: it leaves no gateway behind.
    scenario!(later);
}

fn told(world: &World, what: &str, done: Done, took: Duration) {
    println!("{what}: {} in {:.1} s", if done.is_ok() { "played" } else { "broke off" }, took.as_secs_f64());
    if let Err(why) = done {
        world.wrong(format!("{what}: {why}"));
    }
}

/// Which lines are covered; those that are not, though a browser can show them.
fn table(seen: &BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    println!("\n| line | from | seen |\n|---|---|---|");
    let (mut tally, mut uncovered) = (BTreeMap::<&str, (usize, usize)>::new(), Vec::new());
    for (line, from) in lines::all() {
        let what: Vec<&str> = seen.get(line).into_iter().flatten().map(String::as_str).collect();
        let count = tally.entry(from).or_default();
        count.1 += 1;
        count.0 += usize::from(!what.is_empty());
        let elsewhere = lines::ELSEWHERE.iter().find(|(known, _)| *known == line).map(|(_, why)| *why);
        let shown = match elsewhere {
            _ if !what.is_empty() => what.join("; "),
            Some(why) => format!("not here: {why}"),
            None => {
                uncovered.push(format!("{line}: not covered"));
                "not covered".into()
            }
        };
        println!("| {line} | {from} | {shown} |");
    }
    for (from, (covered, all)) in tally {
        println!("{from}: {covered} of {all} lines covered");
    }
    uncovered
}
