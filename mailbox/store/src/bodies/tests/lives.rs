//! Days, lives and erasure.

use super::*;

#[test]
fn a_new_day_a_full_segment_and_a_new_life_begin_a_new_segment() {
    let (folder, bodies) = fresh();
    let mut appender = bodies.appender();
    appender.roll_at = 10_000;
    let octets = noise(4_000, 1);
    let mut at = |day: i32| {
        let parcel = Parcel { envelope: b"", octets: &[&octets] };
        let place = appender.append(Day(day), &[parcel]).unwrap()[0];
        (place.segment.day().0, place.segment.number(), place.offset < 100)
    };
    assert_eq!([at(1), at(1), at(1)], [(1, 0, true), (1, 0, false), (1, 0, false)]);
    assert_eq!([at(1), at(2), at(1)], [(1, 1, true), (2, 0, true), (1, 2, true)]);
    drop(appender);
    drop(bodies);
    let bodies = Bodies::open(folder.path()).unwrap();
    assert_eq!(keep(&bodies, Day(1), &octets, b"").segment, Segment::of(Day(1), 3));
    assert_eq!(keep(&bodies, Day(1), &octets, b"").segment, Segment::of(Day(1), 4), "another appender");
    let segments = bodies.segments().unwrap();
    assert_eq!(segments.len(), 6);
    for (segment, octets) in segments {
        assert_eq!(fs::metadata(file(folder.path(), segment)).unwrap().len(), octets);
    }
}

#[test]
fn bodies_are_read_in_the_next_life() {
    let (folder, bodies) = fresh();
    let place = keep(&bodies, DAY, b"kept", b"envelope");
    drop(bodies);
    let bodies = Bodies::open(folder.path()).unwrap();
    assert_eq!(all(&bodies, place).unwrap(), b"kept");
    assert_eq!(bodies.days(), [DAY]);
}

#[test]
fn an_erased_day_reads_as_erased_and_the_others_read_on() {
    let (folder, bodies) = fresh();
    let (old, new) = (keep(&bodies, DAY, b"old", b""), keep(&bodies, Day(DAY.0 + 1), b"new", b""));
    assert_eq!(all(&bodies, old).unwrap(), b"old");
    bodies.erase(DAY).unwrap();
    bodies.erase(DAY).unwrap();
    let check = |bodies: &Bodies| {
        assert!(matches!(all(bodies, old), Err(BodyError::Erased(DAY))));
        assert!(matches!(bodies.envelope(old), Err(BodyError::Erased(DAY))));
        assert!(matches!(bodies.records(old.segment), Err(BodyError::Erased(DAY))));
        assert!(matches!(
            bodies.appender().append(DAY, &[Parcel { envelope: b"", octets: &[] }]),
            Err(BodyError::Erased(DAY))
        ));
        assert_eq!(all(bodies, new).unwrap(), b"new");
        assert_eq!(bodies.days(), [new.segment.day()]);
    };
    check(&bodies);
    drop(bodies);
    let bodies = Bodies::open(folder.path()).unwrap();
    check(&bodies);
    assert!(file(folder.path(), old.segment).exists());
    bodies.drop_day(DAY).unwrap();
    bodies.drop_day(DAY).unwrap();
    assert!(!file(folder.path(), old.segment).parent().unwrap().exists());
    check(&bodies);
}

#[test]
fn an_appender_stops_when_its_day_is_erased() {
    let (_folder, bodies) = fresh();
    let mut appender = bodies.appender();
    let parcel = Parcel { envelope: b"", octets: &[b"octets"] };
    appender.append(DAY, &[parcel]).unwrap();
    bodies.erase(DAY).unwrap();
    assert!(matches!(appender.append(DAY, &[parcel]), Err(BodyError::Erased(DAY))));
    appender.append(Day(DAY.0 + 1), &[parcel]).unwrap();
}

#[test]
fn what_is_held_survives_its_day() {
    let (folder, bodies) = fresh();
    let octets = noise(3_000_000, 9);
    let (large, small) = (keep(&bodies, DAY, &octets, b"large"), keep(&bodies, DAY, b"", b"empty"));
    let held = [hold(&bodies, large), hold(&bodies, small)];
    let places = held.map(|place| place.segment.day());
    assert_eq!(places.map(|day| day.to_string()), ["held-1", "held-2"]);
    bodies.erase(DAY).unwrap();
    bodies.drop_day(DAY).unwrap();
    for day in places.into_iter().chain([Day::HELD]) {
        assert!(matches!(bodies.erase(day), Err(BodyError::Held)));
        assert!(matches!(bodies.drop_day(day), Err(BodyError::Held)));
    }
    let bodies = Bodies::open(folder.path()).unwrap();
    assert!(all(&bodies, held[0]).unwrap() == octets);
    assert_eq!(bodies.envelope(held[0]).unwrap(), b"large");
    assert_eq!(bodies.envelope(held[1]).unwrap(), b"empty");
    assert_eq!((bodies.days(), bodies.holds()), (vec![], places.to_vec()));
    assert_eq!(bodies.envelope(held[1]).unwrap(), b"empty");
}

#[test]
fn the_key_of_a_hold_goes_with_it_and_no_other_hold_has_it() {
    let (folder, bodies) = fresh();
    let place = keep(&bodies, DAY, b"body", b"envelope");
    let held = [hold(&bodies, place), hold(&bodies, place)];
    let copy = fs::read(file(folder.path(), held[0].segment)).unwrap();
    bodies.end_hold(held[0].segment).unwrap();
    bodies.end_hold(held[0].segment).unwrap();
    // Whoever kept the file puts it back.
    fs::create_dir_all(file(folder.path(), held[0].segment).parent().unwrap()).unwrap();
    fs::write(file(folder.path(), held[0].segment), copy).unwrap();
    for bodies in [bodies, Bodies::open(folder.path()).unwrap()] {
        assert!(matches!(all(&bodies, held[0]), Err(BodyError::Erased(_))));
        assert_eq!(all(&bodies, held[1]).unwrap(), b"body");
        assert_eq!(bodies.holds(), [held[1].segment.day()]);
    }
    let bodies = Bodies::open(folder.path()).unwrap();
    bodies.end_hold(held[1].segment).unwrap();
    let next = hold(&bodies, place);
    assert_eq!(next.segment.day().to_string(), "held-3", "no number comes again");
}

#[test]
fn the_key_that_holds_had_together_goes_with_the_last_of_them() {
    let (_folder, bodies) = fresh();
    let place = keep(&bodies, DAY, b"body", b"envelope");
    let held = [bodies.hold_with_others(place).unwrap(), bodies.hold_with_others(place).unwrap()];
    bodies.end_hold(held[0].segment).unwrap();
    bodies.end_shared_holds().unwrap();
    assert_eq!(all(&bodies, held[1]).unwrap(), b"body");
    bodies.end_hold(held[1].segment).unwrap();
    bodies.end_shared_holds().unwrap();
    assert_eq!((bodies.holds(), bodies.erased()), (vec![], vec![Day::HELD]));
}

#[test]
fn a_removed_segment_is_missing_and_its_number_does_not_come_again() {
    let (folder, bodies) = fresh();
    let place = keep(&bodies, DAY, b"body", b"");
    assert_eq!(all(&bodies, place).unwrap(), b"body");
    bodies.remove(place.segment).unwrap();
    bodies.remove(place.segment).unwrap();
    bodies.remove(Segment::of(Day(3), 3)).unwrap();
    let error = all(&bodies, place).unwrap_err();
    assert!(error.to_string().contains(file(folder.path(), place.segment).to_str().unwrap()), "{error}");
    assert_ne!(keep(&bodies, DAY, b"body", b"").segment, place.segment);
}

#[test]
fn a_day_without_numbers_left_takes_no_new_segment() {
    let (_folder, bodies) = fresh();
    keep(&bodies, DAY, b"first", b"");
    bodies.0.numbers().insert(DAY, Segment::LAST);
    assert_eq!(keep(&bodies, DAY, b"last", b"").segment.number(), Segment::LAST);
    let parcel = Parcel { envelope: b"", octets: &[b"one more"] };
    assert!(matches!(bodies.appender().append(DAY, &[parcel]), Err(BodyError::Crowded(DAY))));
    keep(&bodies, Day(DAY.0 + 1), b"first", b"");
}

#[test]
fn a_ring_without_a_days_key_leaves_the_other_days_readable() {
    let (folder, bodies) = fresh();
    let old = keep(&bodies, Day(1), b"old", b"");
    let ring = folder.path().join("keys").join("ring");
    let backup = fs::read(&ring).unwrap();
    let new = keep(&bodies, Day(2), b"new", b"");
    fs::write(&ring, backup).unwrap();
    let bodies = Bodies::open(folder.path()).unwrap();
    assert_eq!(all(&bodies, old).unwrap(), b"old");
    let error = all(&bodies, new).unwrap_err();
    assert!(matches!(error, BodyError::KeyLost { day: Day(2), .. }));
    assert!(error.to_string().contains(ring.to_str().unwrap()), "{error}");
}

#[test]
fn bodies_without_their_keys_are_not_opened_as_if_they_were_new() {
    let (folder, bodies) = fresh();
    keep(&bodies, DAY, b"body", b"");
    drop(bodies);
    fs::remove_dir_all(folder.path().join("keys")).unwrap();
    assert!(matches!(Bodies::open(folder.path()), Err(BodyError::Keys { .. })));
    fs::remove_dir_all(folder.path().join("bodies")).unwrap();
    Bodies::open(folder.path()).unwrap();
}

#[test]
fn only_so_many_segments_stay_open() {
    let (_folder, bodies) = fresh();
    let places: Vec<_> = (0..cache::OPEN + 10).map(|_| keep(&bodies, DAY, b"body", b"")).collect();
    for place in &places {
        assert_eq!(all(&bodies, *place).unwrap(), b"body");
    }
    assert_eq!(bodies.0.cache.len(), cache::OPEN);
    bodies.erase(DAY).unwrap();
    assert_eq!(bodies.0.cache.len(), 0);
}

#[test]
fn files_of_others_are_left_alone() {
    let (folder, bodies) = fresh();
    let place = keep(&bodies, DAY, b"body", b"");
    let there = folder.path().join("bodies");
    fs::create_dir(there.join("lost+found")).unwrap();
    fs::write(there.join("2026-03-03.txt"), "").unwrap();
    fs::write(file(folder.path(), place.segment).with_file_name("note.txt"), "").unwrap();
    let bodies = Bodies::open(folder.path()).unwrap();
    assert_eq!(bodies.segments().unwrap().len(), 1);
    assert_eq!(keep(&bodies, DAY, b"body", b"").segment.number(), 1);
}
