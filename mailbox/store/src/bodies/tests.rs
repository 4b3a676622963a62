//! Bodies go in and come out, and nothing else comes out.

mod damage;
mod lives;

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;

const DAY: Day = Day(20_515);
const FRAME: usize = frame::FRAME;

fn fresh() -> (TempDir, Bodies) {
    let folder = tempfile::tempdir().unwrap();
    let bodies = Bodies::open(folder.path()).unwrap();
    (folder, bodies)
}

/// Octets that look alike nowhere and do not pack.
fn noise(length: usize, seed: u64) -> Vec<u8> {
    let mut state = seed | 1;
    let next = |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        u8::try_from(state >> 56).unwrap()
    };
    (0..length).map(next).collect()
}

/// Octets that pack well.
fn text(length: usize) -> Vec<u8> {
    b"Content-Type: application/pkcs7-mime\r\n".iter().copied().cycle().take(length).collect()
}

fn keep(bodies: &Bodies, day: Day, octets: &[u8], envelope: &[u8]) -> Place {
    let places = bodies.appender().append(day, &[Parcel { envelope, octets: &[octets] }]).unwrap();
    places[0]
}

/// Places a hold on it, as its caller does.
fn hold(bodies: &Bodies, place: Place) -> Place {
    bodies.hold(place, bodies.next_hold(0).unwrap()).unwrap()
}

fn file(folder: &Path, segment: Segment) -> PathBuf {
    folder.join("bodies").join(segment.file())
}

fn all(bodies: &Bodies, place: Place) -> Result<Vec<u8>, BodyError> {
    bodies.read(place, 0..place.size)
}

#[test]
fn a_body_of_any_size_is_read_as_it_was_written() {
    let (_folder, bodies) = fresh();
    let mut appender = bodies.appender();
    for size in [0, 1, 4095, 4096, 4097, FRAME, HEAD + FRAME - 1, HEAD + FRAME, HEAD + FRAME + 1, 5 * FRAME, 7_000_003]
    {
        for octets in [noise(size, 1), text(size)] {
            let (head, tail) = octets.split_at(size / 3);
            let parcel = Parcel { envelope: b"from, to", octets: &[head, &[], tail] };
            let place = appender.append(DAY, &[parcel]).unwrap()[0];
            assert_eq!(place.size, size as u64);
            assert!(all(&bodies, place).unwrap() == octets, "{size}");
            assert_eq!(bodies.envelope(place).unwrap(), b"from, to");
        }
    }
}

#[test]
fn text_takes_less_room_and_noise_takes_what_it_is() {
    let (_folder, bodies) = fresh();
    let stored = |octets: &[u8]| keep(&bodies, DAY, octets, b"").stored;
    assert!(stored(&text(50_000)) < 1_000);
    let around = |frames: u64| frames * 21 + 29;
    assert_eq!(stored(&noise(50_000, 1)), 50_000 + around(2));
    assert_eq!(stored(&noise(70_000, 1)), 70_000 + around(3));
    assert_eq!(stored(&text(4_000)), 4_000 + around(1), "too short to be packed");
    assert_eq!(stored(&text(8_191)), 8_191 + around(2), "too short to be packed");
    assert!(stored(&text(8_192)) < 1_000);
    let last_is_short = [text(HEAD + FRAME), text(1_023)].concat();
    let saved = stored(&last_is_short) - stored(&last_is_short[..HEAD + FRAME]);
    assert_eq!(saved, 1_023 + 21, "a short frame is not packed");
}

#[test]
fn a_batch_keeps_its_order() {
    let (_folder, bodies) = fresh();
    let kept: Vec<Vec<u8>> = (0..64_u32).map(|n| noise(1 << (n % 18), u64::from(n))).collect();
    let pieces: Vec<[&[u8]; 1]> = kept.iter().map(|octets| [&octets[..]]).collect();
    let parcels: Vec<_> =
        pieces.iter().map(|octets| Parcel { envelope: octets[0].first_chunk::<1>().unwrap(), octets }).collect();
    let places = bodies.appender().append(DAY, &parcels).unwrap();
    for (place, octets) in places.iter().zip(&kept) {
        assert!(all(&bodies, *place).unwrap() == *octets);
    }
    let records = bodies.records(places[0].segment).unwrap();
    let expected: Vec<_> = places.iter().zip(&kept).map(|(place, octets)| (*place, vec![octets[0]])).collect();
    assert_eq!(records, expected);
}

#[test]
fn a_range_ends_where_the_body_ends() {
    let (_folder, bodies) = fresh();
    let place = keep(&bodies, DAY, b"twelve bytes", b"");
    let read = |range| bodies.read(place, range).unwrap();
    assert_eq!(read(0..u64::MAX), b"twelve bytes");
    assert_eq!(read(7..9), b"by");
    assert_eq!(read(12..20), b"");
    assert_eq!(read(99..100), b"");
    #[expect(clippy::reversed_empty_ranges, reason = "a caller's mistake")]
    let backwards = read(5..3);
    assert_eq!(backwards, b"");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn every_range_is_that_part_of_the_body(
        size in prop_oneof![
            0..200_usize, HEAD - 2..HEAD + 3, HEAD + FRAME - 2..HEAD + FRAME + 3, HEAD + 2 * FRAME - 1..HEAD + 2 * FRAME + 2,
            0..700_000_usize
        ],
        packs: bool,
        cuts in prop::collection::vec((0.0..1.1_f64, 0.0..1.1_f64), 8),
        envelope in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let (_folder, bodies) = fresh();
        let octets = if packs { text(size) } else { noise(size, 7) };
        let place = keep(&bodies, DAY, &octets, &envelope);
        prop_assert_eq!(bodies.envelope(place).unwrap(), envelope);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
        let at = |share: f64| (share * size as f64) as usize;
        for (from, to) in cuts {
            let (from, to) = (at(from.min(to)), at(from.max(to)));
            let read = bodies.read(place, from as u64..to as u64).unwrap();
            prop_assert!(read == octets[from.min(size)..to.min(size)]);
        }
    }

    #[test]
    fn a_spooled_body_is_read_however_it_came(pieces in prop::collection::vec(0..400_000_usize, 0..12)) {
        let (_folder, bodies) = fresh();
        let octets = noise(pieces.iter().sum(), 3);
        let mut spool = bodies.spool(DAY);
        let mut rest = &octets[..];
        for piece in pieces {
            let (piece, after) = rest.split_at(piece);
            spool.write(piece).unwrap();
            rest = after;
        }
        prop_assert_eq!(spool.len(), octets.len() as u64);
        match spool.finish(b"envelope").unwrap() {
            Spooled::Memory(kept) => prop_assert!(kept == octets && kept.len() <= SPOOL_BYTES),
            Spooled::Filed(place) => {
                prop_assert!(place.size > SPOOL_BYTES as u64);
                prop_assert!(all(&bodies, place).unwrap() == octets);
                prop_assert_eq!(bodies.envelope(place).unwrap(), b"envelope");
                prop_assert_eq!(bodies.records(place.segment).unwrap(), [(place, b"envelope".to_vec())]);
            }
        }
    }
}

#[test]
fn a_body_waits_in_memory_up_to_1_mib() {
    let (_folder, bodies) = fresh();
    for (size, files) in [(SPOOL_BYTES, 0), (SPOOL_BYTES + 1, 1)] {
        let mut spool = bodies.spool(DAY);
        spool.write(&noise(size - 1, 1)).unwrap();
        spool.write(b"x").unwrap();
        let spooled = spool.finish(b"").unwrap();
        assert_eq!(matches!(spooled, Spooled::Filed(_)), files == 1, "{spooled:?}");
        assert_eq!(bodies.segments().unwrap().len(), files);
    }
}

#[test]
fn a_body_that_does_not_end_leaves_no_file() {
    let (_folder, bodies) = fresh();
    let mut spool = bodies.spool(DAY);
    spool.write(&noise(3 << 20, 1)).unwrap();
    assert_eq!(bodies.segments().unwrap().len(), 1);
    drop(spool);
    assert_eq!(bodies.segments().unwrap(), []);
    let mut spool = bodies.spool(DAY);
    spool.write(&noise(3 << 20, 1)).unwrap();
    let too_long = vec![0; ENVELOPE + 1];
    assert!(matches!(spool.finish(&too_long), Err(BodyError::EnvelopeTooLong(_))));
    assert_eq!(bodies.segments().unwrap(), []);
}

#[test]
fn an_envelope_fills_a_frame_and_no_more() {
    let (_folder, bodies) = fresh();
    let longest = noise(ENVELOPE, 5);
    let place = keep(&bodies, DAY, b"body", &longest);
    assert!(bodies.envelope(place).unwrap() == longest);
    assert_eq!(all(&bodies, place).unwrap(), b"body");
    let too_long = noise(ENVELOPE + 1, 5);
    let parcel = Parcel { envelope: &too_long, octets: &[] };
    assert!(matches!(bodies.appender().append(DAY, &[parcel]), Err(BodyError::EnvelopeTooLong(_))));
}

#[test]
fn readers_read_while_bodies_are_appended() {
    let (_folder, bodies) = fresh();
    let (tell, told) = std::sync::mpsc::channel::<(Place, u64)>();
    let told = Arc::new(Mutex::new(told));
    thread::scope(|scope| {
        for _ in 0..4 {
            let (told, bodies) = (Arc::clone(&told), bodies.clone());
            scope.spawn(move || {
                loop {
                    let next = told.lock().unwrap().recv();
                    let Ok((place, seed)) = next else { break };
                    let octets = noise(usize::try_from(place.size).unwrap(), seed);
                    assert!(all(&bodies, place).unwrap() == octets);
                }
            });
        }
        let mut appender = bodies.appender();
        appender.roll_at = 1 << 20;
        for seed in 0..100 {
            let octets = noise(1_000 + usize::try_from(seed).unwrap() * 777, seed);
            let parcel = Parcel { envelope: b"", octets: &[&octets] };
            for place in appender.append(DAY, &[parcel, parcel]).unwrap() {
                tell.send((place, seed)).unwrap();
            }
        }
        drop(tell);
    });
    assert!(bodies.segments().unwrap().len() > 5);
}
