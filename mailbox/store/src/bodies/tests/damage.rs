//! What is on the disk is never believed.

use super::*;

/// Reads all that can be read of a record: its octets and its envelope.
fn both(bodies: &Bodies, place: Place) -> Result<(Vec<u8>, Vec<u8>), BodyError> {
    Ok((all(bodies, place)?, bodies.envelope(place)?))
}

fn is_damage<T>(read: &Result<T, BodyError>) -> bool {
    matches!(read, Err(BodyError::Damaged { .. }))
}

#[test]
fn a_changed_octet_anywhere_is_noticed() {
    let (folder, bodies) = fresh();
    for octets in [noise(300, 1), text(5_000)] {
        let place = keep(&bodies, DAY, &octets, b"from, to");
        let path = file(folder.path(), place.segment);
        let sound = fs::read(&path).unwrap();
        for at in 0..sound.len() {
            for bit in [0x01, 0x80, 0xff] {
                let mut broken = sound.clone();
                broken[at] ^= bit;
                fs::write(&path, broken).unwrap();
                bodies.0.cache.forget(place.segment);
                let read = both(&bodies, place);
                assert!(is_damage(&read), "{at} {bit}: {read:?}");
                let _ = bodies.records(place.segment);
            }
        }
        fs::write(&path, sound).unwrap();
        assert_eq!(both(&bodies, place).unwrap(), (octets, b"from, to".to_vec()));
    }
}

#[test]
fn a_file_cut_anywhere_is_noticed() {
    let (folder, bodies) = fresh();
    let parcel = Parcel { envelope: b"envelope", octets: &[b"three hundred"] };
    let places = bodies.appender().append(DAY, &[parcel; 2]).unwrap();
    let path = file(folder.path(), places[0].segment);
    let sound = fs::read(&path).unwrap();
    for length in (0..sound.len()).rev() {
        fs::write(&path, &sound[..length]).unwrap();
        bodies.0.cache.forget(places[0].segment);
        assert!(is_damage(&both(&bodies, places[1])), "{length}");
        let whole = places.iter().filter(|place| place.offset + place.stored <= length as u64).count();
        assert_eq!(both(&bodies, places[0]).is_ok(), whole > 0, "{length}");
        if let Ok(records) = bodies.records(places[0].segment) {
            assert_eq!(records.len(), whole, "{length}");
        }
    }
}

#[test]
fn a_tail_of_a_crash_hides_nothing_before_it() {
    let (folder, bodies) = fresh();
    let place = keep(&bodies, DAY, b"kept", b"envelope");
    let path = file(folder.path(), place.segment);
    let sound = fs::read(&path).unwrap();
    for tail in [&[0; 5_000][..], &noise(5_000, 2), &sound, &sound[segment::START..]] {
        fs::write(&path, [&sound, tail].concat()).unwrap();
        bodies.0.cache.forget(place.segment);
        assert_eq!(bodies.records(place.segment).unwrap(), [(place, b"envelope".to_vec())]);
        assert_eq!(all(&bodies, place).unwrap(), b"kept");
    }
}

#[test]
fn a_damaged_record_is_passed_over_and_the_next_one_found() {
    let (folder, bodies) = fresh();
    let parcel = Parcel { envelope: b"envelope", octets: &[b"octets"] };
    let places = bodies.appender().append(DAY, &[parcel; 3]).unwrap();
    let path = file(folder.path(), places[0].segment);
    let mut octets = fs::read(&path).unwrap();
    let last = usize::try_from(places[1].offset + places[1].stored).unwrap() - 1;
    octets[last] ^= 1;
    fs::write(&path, octets).unwrap();
    let found: Vec<_> = bodies.records(places[0].segment).unwrap().into_iter().map(|(place, _)| place).collect();
    assert_eq!(found, [places[0], places[2]]);
    assert!(is_damage(&both(&bodies, places[1])));
    assert!(both(&bodies, places[2]).is_ok());
}

#[test]
fn the_beginning_of_a_body_is_opened_without_the_rest() {
    let (folder, bodies) = fresh();
    let octets = noise(3 * FRAME, 4);
    let place = keep(&bodies, DAY, &octets, b"");
    let path = file(folder.path(), place.segment);
    let mut broken = fs::read(&path).unwrap();
    broken[usize::try_from(place.offset).unwrap() + HEAD + 100] ^= 1;
    fs::write(&path, broken).unwrap();
    assert!(bodies.read(place, 0..HEAD as u64).unwrap() == octets[..HEAD]);
    assert!(is_damage(&bodies.read(place, 0..HEAD as u64 + 1)));
}

#[test]
fn frames_that_change_places_do_not_open() {
    let (folder, bodies) = fresh();
    let octets = noise(HEAD + 2 * FRAME, 4);
    let place = keep(&bodies, DAY, &octets, b"");
    let path = file(folder.path(), place.segment);
    let sound = fs::read(&path).unwrap();
    let start = usize::try_from(place.offset).unwrap() + HEAD + frame::HEADER + frame::TAG;
    let whole = FRAME + frame::HEADER + frame::TAG;
    let (first, second) = (&sound[start..start + whole], &sound[start + whole..start + 2 * whole]);
    let (head, end) = (&sound[..start], &sound[start + 2 * whole..]);
    for broken in [[head, second, first, end].concat(), [head, first, first, end].concat()] {
        fs::write(&path, broken).unwrap();
        assert!(is_damage(&all(&bodies, place)));
    }
    // One frame less: the octets before it are sound, and the end says that it is not the end.
    fs::write(&path, [head, first, end].concat()).unwrap();
    let shorter = Place { stored: place.stored - whole as u64, size: (HEAD + FRAME) as u64, ..place };
    assert!(is_damage(&all(&bodies, shorter)));
    assert!(is_damage(&bodies.envelope(shorter)));
    assert!(bodies.records(place.segment).unwrap().is_empty());
}

#[test]
fn a_segment_under_another_name_or_day_does_not_open() {
    let (folder, bodies) = fresh();
    let (one, two) = (keep(&bodies, DAY, b"one", b""), keep(&bodies, DAY, b"two", b""));
    let other = keep(&bodies, Day(1), b"other", b"");
    for stranger in [two, other] {
        fs::copy(file(folder.path(), stranger.segment), file(folder.path(), one.segment)).unwrap();
        bodies.0.cache.forget(one.segment);
        assert!(is_damage(&all(&bodies, one)));
    }
}

#[test]
fn a_row_that_names_nonsense_is_answered_with_an_error() {
    let (_folder, bodies) = fresh();
    let place = keep(&bodies, DAY, &noise(70_000, 1), b"");
    let sizes = [0, 1, 69_999, 70_001, 1 << 40, u64::MAX];
    for size in sizes {
        assert!(is_damage(&bodies.read(Place { size, ..place }, 0..size.max(1))), "{size}");
        for stored in sizes {
            assert!(is_damage(&bodies.read(Place { stored, size, ..place }, 0..size.max(1))), "{size} {stored}");
        }
    }
    for offset in [0, 1, place.offset - 1, place.offset + 1, u64::MAX] {
        assert!(is_damage(&all(&bodies, Place { offset, ..place })), "{offset}");
    }
    for segment in [i64::MAX, i64::MIN, -1, 0] {
        let read = all(&bodies, Place { segment: Segment(segment), ..place });
        assert!(matches!(read, Err(BodyError::KeyLost { .. })), "{read:?}");
    }
    let elsewhere = Place { segment: Segment::of(DAY, 77), ..place };
    assert!(matches!(all(&bodies, elsewhere), Err(BodyError::Missing(_))));
}

#[test]
fn nothing_of_a_body_or_an_envelope_is_in_a_file() {
    let (folder, bodies) = fresh();
    let (body, envelope) = ("介護 花子 様の居宅サービス計画書".as_bytes(), "さくら訪問介護".as_bytes());
    let place = keep(&bodies, DAY, body, envelope);
    keep(&bodies, DAY, &body.repeat(200), envelope);
    let mut spool = bodies.spool(DAY);
    spool.write(&body.repeat(40_000)).unwrap();
    assert!(matches!(spool.finish(envelope).unwrap(), Spooled::Filed(_)));
    hold(&bodies, place);
    let key = bodies.0.keys.get(DAY).unwrap();
    let mut files = 0;
    for (path, octets) in tree(folder.path()) {
        files += 1;
        let holds = |word: &[u8]| octets.windows(word.len()).any(|window| window == word);
        assert!(!holds(&body[..12]) && !holds(&envelope[..12]) && !holds(&key[..]), "{}", path.display());
    }
    assert_eq!(files, 6);
}

fn tree(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let inside =
        |path: PathBuf| if path.is_dir() { tree(&path) } else { vec![(path.clone(), fs::read(&path).unwrap())] };
    entries.flat_map(inside).collect()
}

#[test]
fn a_full_disk_keeps_nothing_and_the_next_batch_goes_on() {
    let (_folder, bodies) = fresh();
    let mut appender = bodies.appender();
    let parcel = Parcel { envelope: b"", octets: &[b"octets"] };
    let before = appender.append(DAY, &[parcel]).unwrap()[0];
    appender.current().unwrap().file = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    assert!(matches!(appender.append(DAY, &[parcel]), Err(BodyError::Full { .. })));
    let after = appender.append(DAY, &[parcel]).unwrap()[0];
    assert_ne!(before.segment, after.segment);
    assert!(both(&bodies, before).is_ok() && both(&bodies, after).is_ok());
}

#[test]
fn after_a_sync_that_failed_nothing_is_written_any_more() {
    let (_folder, bodies) = fresh();
    let mut appender = bodies.appender();
    let parcel = Parcel { envelope: b"", octets: &[b"octets"] };
    let before = appender.append(DAY, &[parcel]).unwrap()[0];
    // Nobody can sync this one.
    appender.current().unwrap().file = fs::OpenOptions::new().write(true).open("/dev/null").unwrap();
    let is_unsynced = |error: &BodyError| matches!(error, BodyError::Unsynced { .. });
    for _ in 0..2 {
        assert!(is_unsynced(&appender.append(DAY, &[parcel]).unwrap_err()));
    }
    assert!(is_unsynced(&bodies.appender().append(DAY, &[parcel]).unwrap_err()));
    assert!(is_unsynced(&bodies.spool(DAY).write(&noise(2 << 20, 1)).unwrap_err()));
    assert!(is_unsynced(&bodies.erase(DAY).unwrap_err()));
    assert!(is_unsynced(&bodies.hold(before, Day::hold(1).unwrap()).unwrap_err()));
    assert!(both(&bodies, before).is_ok(), "what was synced before reads on");
}
