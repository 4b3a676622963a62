//! Bodies against a plain file on the same disk: `cargo bench -p fumibako-store`.
//!
//! Both write the same batches and sync each. Trust the ratio and the time of the processor, not the rest.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement")]

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fumibako_store::bodies::{Bodies, Day, Parcel, Place};

const DAY: Day = Day(20_515);
/// Runs of each, by turns; the middle one counts.
const TURNS: usize = 5;
/// Octets of one run.
const RUN: usize = 96 << 20;
const ENVELOPE: [u8; 180] = [7; 180];

/// Wall and processor time.
#[derive(Clone, Copy)]
struct Cost {
    wall: Duration,
    cpu: Duration,
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, Cost) {
    let before = cpu();
    #[expect(clippy::disallowed_methods, reason = "a measurement")]
    let start = std::time::Instant::now();
    let done = work();
    (done, Cost { wall: start.elapsed(), cpu: cpu().saturating_sub(before) })
}

/// What this thread had of a processor, the system's share included.
fn cpu() -> Duration {
    let text = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    Duration::from_nanos(text.split(' ').next().and_then(|spent| spent.parse().ok()).unwrap_or(0))
}

/// A sealed mail: base64 in lines of 76, of octets that repeat nowhere.
fn mail(length: usize) -> Vec<u8> {
    let mut random = vec![0; length];
    aws_lc_rs::rand::fill(&mut random).unwrap();
    let text = STANDARD.encode(random);
    let lines: Vec<&[u8]> = text.as_bytes().chunks(76).collect();
    let mut mail = lines.join(&b"\r\n"[..]);
    mail.truncate(length);
    mail
}

fn raw(folder: &Path, batches: usize, batch: &[u8]) -> Cost {
    let path = folder.join("raw");
    let mut file = File::create(&path).unwrap();
    let work = || {
        for _ in 0..batches {
            file.write_all(batch).unwrap();
            file.sync_data().unwrap();
        }
    };
    let ((), cost) = timed(work);
    fs::remove_file(path).unwrap();
    cost
}

fn ours(bodies: &Bodies, batches: usize, mails: &[Vec<u8>]) -> (Vec<Place>, Cost) {
    let pieces: Vec<[&[u8]; 1]> = mails.iter().map(|mail| [&mail[..]]).collect();
    let parcels: Vec<Parcel<'_>> =
        pieces.iter().map(|octets| Parcel { envelope: &ENVELOPE, octets: &octets[..] }).collect();
    let mut appender = bodies.appender();
    // Its segment is made once in 256 MB, not once in a run.
    appender.append(DAY, &[Parcel { envelope: &[], octets: &[] }]).unwrap();
    timed(|| (0..batches).flat_map(|_| appender.append(DAY, &parcels).unwrap()).collect())
}

fn middle<T: Copy>(mut turns: Vec<T>, by: impl Fn(&T) -> f64) -> T {
    turns.sort_by(|a, b| by(a).total_cmp(&by(b)));
    turns[turns.len() / 2]
}

#[expect(clippy::cast_precision_loss, reason = "a measurement")]
fn per_second(count: usize, cost: Cost) -> f64 {
    count as f64 / cost.wall.as_secs_f64()
}

#[expect(clippy::cast_precision_loss, reason = "a measurement")]
fn micros(count: usize, cost: Cost) -> f64 {
    cost.cpu.as_secs_f64() * 1e6 / count as f64
}

fn appending(folder: &Path) {
    println!("  octets batch      raw/s     ours/s  ratio    raw µs   ours µs");
    for size in [4_000, 50_000, 1_000_000] {
        for batch in [1, 8, 64] {
            let mails: Vec<Vec<u8>> = (0..batch).map(|_| mail(size)).collect();
            let joined = mails.concat();
            let batches = (RUN / joined.len()).clamp(2, 300);
            let count = batches * batch;
            let bodies = Bodies::open(folder).unwrap();
            let turn = |_| {
                let turn = (raw(folder, batches, &joined), ours(&bodies, batches, &mails).1);
                bodies.segments().unwrap().into_iter().for_each(|(segment, _)| bodies.remove(segment).unwrap());
                turn
            };
            let turns: Vec<(Cost, Cost)> = (0..TURNS).map(turn).collect();
            let (raw, ours) = middle(turns, |(raw, ours)| raw.wall.as_secs_f64() / ours.wall.as_secs_f64());
            let (plain, sealed) = (per_second(count, raw), per_second(count, ours));
            let (cpu_plain, cpu_sealed) = (micros(count, raw), micros(count, ours));
            let ratio = sealed / plain;
            println!(
                "{size:>8} {batch:>5} {plain:>10.0} {sealed:>10.0} {ratio:>6.2} {cpu_plain:>9.1} {cpu_sealed:>9.1}"
            );
        }
    }
}

fn reading(folder: &Path) {
    println!("\n  octets           read    times/s        µs");
    let bodies = Bodies::open(folder).unwrap();
    for size in [4_000, 50_000, 1_000_000, 25_000_000] {
        let (places, _) = ours(&bodies, 8, &[mail(size)]);
        let times = if size < 1_000_000 { 4_000 } else { 100 };
        let show = |what: &str, read: &dyn Fn(Place) -> Vec<u8>| {
            let reads = || (0..times).for_each(|n| drop(std::hint::black_box(read(places[n % places.len()]))));
            let ((), cost) = timed(reads);
            println!("{size:>8} {what:>14} {:>10.0} {:>9.1}", per_second(times, cost), micros(times, cost));
        };
        show("whole", &|place| bodies.read(place, 0..u64::MAX).unwrap());
        show("last 4 KB", &|place| bodies.read(place, place.size - 4_000..u64::MAX).unwrap());
        show("envelope", &|place| bodies.envelope(place).unwrap());
    }
}

fn erasing(folder: &Path) {
    let bodies = Bodies::open(folder).unwrap();
    for day in 0..90 {
        bodies.appender().append(Day(day), &[Parcel { envelope: &[], octets: &[b"x"] }]).unwrap();
    }
    let ((), cost) = timed(|| (0..50).for_each(|day| bodies.erase(Day(day)).unwrap()));
    println!("\na day of 90 is erased in {:.2} ms", cost.wall.as_secs_f64() * 1000.0 / 50.0);
}

fn main() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    appending(folder.path());
    reading(folder.path());
    erasing(folder.path());
}
