use std::os::unix::fs::PermissionsExt;

use tempfile::TempDir;

use super::*;

const TODAY: Day = Day(20_515);
const OLD: Day = Day(20_425);

/// Keys of two days.
fn fresh() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let keys = Keys::open(folder.path().join("keys"), false).unwrap();
    keys.get_or_make(OLD).unwrap();
    keys.get_or_make(TODAY).unwrap();
    let path = folder.path().join("keys");
    (folder, path)
}

fn open(path: &Path) -> Result<Keys, BodyError> {
    Keys::open(path.to_owned(), true)
}

fn root_of(path: &Path) -> PathBuf {
    root_file(path, Ring::root(&fs::read(path.join(RING)).unwrap()).unwrap())
}

/// Opening fails, and says which file is at fault and what to do.
#[track_caller]
fn check_fails(path: &Path, file: &Path, problem: &str) {
    match open(path).err() {
        Some(error @ BodyError::Keys { .. }) => {
            let said = error.to_string();
            assert!(said.starts_with(file.to_str().unwrap()), "{said}");
            assert!(said.contains(problem) && said.contains("restore the folder of the keys"), "{said}");
        }
        other => panic!("{other:?}"),
    }
}

/// The ring opens, and what a crash left is gone.
#[track_caller]
fn check_opens(path: &Path, days: &[Day]) {
    for _ in 0..2 {
        assert_eq!(open(path).unwrap().days(), days);
        let mut there = names(path).unwrap();
        there.sort_unstable();
        assert_eq!(there.len(), 2, "{there:?}");
        assert_eq!([path.join(&there[0]), path.join(&there[1])], [path.join(RING), root_of(path)]);
    }
}

fn bytes(key: &Arc<DayKey>) -> [u8; 32] {
    ***key
}

#[test]
fn keys_are_for_their_owner_only() {
    let (_folder, path) = fresh();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o700);
    assert_eq!(mode(&path.join(RING)), 0o600);
    assert_eq!(mode(&root_of(&path)), 0o600);
}

#[test]
fn a_key_stays_the_same_and_differs_from_the_next_days() {
    let (_folder, path) = fresh();
    let keys = open(&path).unwrap();
    let today = bytes(&keys.get(TODAY).unwrap());
    assert_eq!(bytes(&keys.get_or_make(TODAY).unwrap()), today);
    assert_eq!(bytes(&open(&path).unwrap().get(TODAY).unwrap()), today);
    assert_ne!(bytes(&keys.get(OLD).unwrap()), today);
    assert_ne!(today, [0; 32]);
}

#[test]
fn an_erased_day_has_no_key_and_gets_none() {
    let (_folder, path) = fresh();
    let keys = open(&path).unwrap();
    let (old_root, today) = (root_of(&path), bytes(&keys.get(TODAY).unwrap()));
    keys.erase(OLD).unwrap();
    assert!(!old_root.exists());
    let ring = fs::read(path.join(RING)).unwrap();
    keys.erase(OLD).unwrap();
    keys.erase(Day(1)).unwrap();
    assert!(ring == fs::read(path.join(RING)).unwrap(), "there was nothing to erase");
    for keys in [keys, open(&path).unwrap()] {
        assert!(matches!(keys.get(OLD), Err(BodyError::Erased(OLD))));
        assert!(matches!(keys.get_or_make(OLD), Err(BodyError::Erased(OLD))));
        assert!(matches!(keys.get(Day(1)), Err(BodyError::KeyLost { day: Day(1), .. })));
        assert_eq!(bytes(&keys.get(TODAY).unwrap()), today);
    }
    check_opens(&path, &[TODAY]);
}

#[test]
fn an_old_copy_of_the_ring_opens_no_more() {
    let (_folder, path) = fresh();
    let copy = fs::read(path.join(RING)).unwrap();
    let root = root_of(&path);
    open(&path).unwrap().erase(OLD).unwrap();
    fs::write(path.join(RING), copy).unwrap();
    check_fails(&path, &root, "missing");
    // What is left of the root in its blocks are zeros.
    fs::write(&root, [0; 32]).unwrap();
    check_fails(&path, &path.join(RING), "does not open it");
}

#[test]
fn the_root_is_overwritten_before_it_is_unlinked() {
    let (_folder, path) = fresh();
    let (root, link) = (root_of(&path), path.join("still-there"));
    fs::hard_link(&root, &link).unwrap();
    open(&path).unwrap().erase(OLD).unwrap();
    assert_eq!(fs::read(link).unwrap(), [0; 32]);
}

#[test]
fn erasing_again_destroys_a_root_that_would_not_go() {
    let (_folder, path) = fresh();
    let keys = open(&path).unwrap();
    let (root, aside) = (root_of(&path), path.join("aside"));
    fs::rename(&root, &aside).unwrap();
    fs::create_dir(&root).unwrap();
    assert!(matches!(keys.erase(OLD), Err(BodyError::Io { .. })));
    assert!(matches!(keys.get(OLD), Err(BodyError::Erased(OLD))));
    fs::remove_dir(&root).unwrap();
    fs::rename(&aside, &root).unwrap();
    keys.erase(OLD).unwrap();
    check_opens(&path, &[TODAY]);
}

#[test]
fn a_ring_that_cannot_be_written_stays_as_it_was() {
    let (_folder, path) = fresh();
    let keys = open(&path).unwrap();
    let (old, root) = (bytes(&keys.get(OLD).unwrap()), root_of(&path));
    fs::create_dir(path.join(RING_NEW)).unwrap();
    assert!(keys.erase(OLD).is_err());
    assert!(keys.get_or_make(Day(1)).is_err());
    assert_eq!(bytes(&keys.get(OLD).unwrap()), old);
    fs::remove_dir(path.join(RING_NEW)).unwrap();
    assert_eq!(root_of(&path), root);
    check_opens(&path, &[OLD, TODAY]);
}

#[test]
fn threads_that_begin_a_day_at_once_get_one_key() {
    let (_folder, path) = fresh();
    let keys = open(&path).unwrap();
    let made: Vec<[u8; 32]> = std::thread::scope(|scope| {
        let begin = || scope.spawn(|| bytes(&keys.get_or_make(Day(7)).unwrap()));
        let threads: Vec<_> = (0..8).map(|_| begin()).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(made.iter().all(|key| *key == made[0]));
    assert_eq!(bytes(&open(&path).unwrap().get(Day(7)).unwrap()), made[0]);
}

#[test]
fn a_lost_file_is_named() {
    let (_folder, path) = fresh();
    let (ring, root) = (path.join(RING), root_of(&path));
    let (ring_octets, root_octets) = (fs::read(&ring).unwrap(), fs::read(&root).unwrap());
    fs::remove_file(&root).unwrap();
    check_fails(&path, &root, "missing");
    fs::write(&root, &root_octets[1..]).unwrap();
    check_fails(&path, &root, "32 octets");
    fs::write(&root, [&root_octets[..], &[0; 100]].concat()).unwrap();
    check_fails(&path, &root, "too long");
    fs::write(&root, root_octets).unwrap();
    fs::remove_file(&ring).unwrap();
    check_fails(&path, &ring, "missing");
    fs::write(&ring, ring_octets).unwrap();
    check_opens(&path, &[OLD, TODAY]);
}

#[test]
fn a_ring_of_another_root_is_named_and_nothing_is_destroyed() {
    let (_folder, path) = fresh();
    let (_other_folder, other) = fresh();
    fs::copy(other.join(RING), path.join(RING)).unwrap();
    let missing = root_file(&path, Ring::root(&fs::read(other.join(RING)).unwrap()).unwrap());
    let before = names(&path).unwrap().len();
    check_fails(&path, &missing, "missing");
    assert_eq!(names(&path).unwrap().len(), before);
    // The key of one under the name of the other.
    fs::copy(root_of(&other).with_file_name(missing.file_name().unwrap()), &missing).unwrap();
    fs::write(&missing, [7; 32]).unwrap();
    check_fails(&path, &path.join(RING), "does not open it");
}

#[test]
fn a_ring_that_was_changed_or_cut_anywhere_does_not_open() {
    let (_folder, path) = fresh();
    let ring = path.join(RING);
    let sound = fs::read(&ring).unwrap();
    for at in 0..sound.len() {
        let mut broken = sound.clone();
        broken[at] ^= 1;
        for octets in [&broken[..], &sound[..at]] {
            fs::write(&ring, octets).unwrap();
            assert!(matches!(open(&path).err(), Some(BodyError::Keys { .. })), "{at}");
        }
    }
    fs::write(&ring, sound).unwrap();
    check_opens(&path, &[OLD, TODAY]);
}

/// What stands on the disk before and after a day is erased: ring, root, and the root's name.
struct Erasure {
    ring: [Vec<u8>; 2],
    root: [Vec<u8>; 2],
    name: [PathBuf; 2],
}

fn erasure(path: &Path) -> Erasure {
    let now = || {
        let root = root_of(path);
        (fs::read(path.join(RING)).unwrap(), fs::read(&root).unwrap(), root)
    };
    let before = now();
    open(path).unwrap().erase(OLD).unwrap();
    let after = now();
    Erasure { ring: [before.0, after.0], root: [before.1, after.1], name: [before.2, after.2] }
}

#[test]
fn a_crash_at_any_step_of_erasing_leaves_a_ring_that_opens() {
    let (both, one) = (&[OLD, TODAY][..], &[TODAY][..]);
    let half = |root: &[u8]| [&[0; 16], &root[16..]].concat();
    for (step, days) in [both, both, both, both, both, one, one, one, one].into_iter().enumerate() {
        let (_folder, path) = fresh();
        let Erasure { ring, root, name } = erasure(&path);
        for left in names(&path).unwrap() {
            fs::remove_file(path.join(left)).unwrap();
        }
        let put = |name: &Path, octets: &[u8]| fs::write(path.join(name), octets).unwrap();
        put(Path::new(RING), &ring[usize::from(step > 4)]);
        match step {
            0 => put(&name[1], b""),
            1 => put(&name[1], &half(&root[1])[..20]),
            2 => put(&name[1], &root[1]),
            3 => put(Path::new(RING_NEW), &ring[1][..40]),
            4 => put(Path::new(RING_NEW), &ring[1]),
            6 => put(&name[0], &half(&root[0])),
            7 => put(&name[0], &[0; 32]),
            _ => {}
        }
        if step < 6 {
            put(&name[0], &root[0]);
        }
        if step > 2 {
            put(&name[1], &root[1]);
        }
        check_opens(&path, days);
        let keys = open(&path).unwrap();
        keys.erase(OLD).unwrap();
        assert!(matches!(keys.get(OLD), Err(BodyError::Erased(OLD))), "step {step}");
        check_opens(&path, one);
    }
}

#[test]
fn a_crash_while_the_first_ring_is_made_is_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys");
    fs::create_dir(&path).unwrap();
    let left = root_file(&path, RootId([1; 8]));
    for ring_new in [None, Some(""), Some("half")] {
        fs::write(&left, [5; 32]).unwrap();
        if let Some(octets) = ring_new {
            fs::write(path.join(RING_NEW), octets).unwrap();
        }
        let _ = fs::remove_file(path.join(RING));
        drop(Keys::open(path.clone(), false).unwrap());
        check_opens(&path, &[]);
    }
}

#[test]
fn a_crash_while_a_day_begins_leaves_the_ring_before_it() {
    let (_folder, path) = fresh();
    let before = fs::read(path.join(RING)).unwrap();
    open(&path).unwrap().get_or_make(Day(20_516)).unwrap();
    fs::rename(path.join(RING), path.join(RING_NEW)).unwrap();
    fs::write(path.join(RING), before).unwrap();
    check_opens(&path, &[OLD, TODAY]);
}

#[test]
fn no_key_stands_in_the_ring_in_the_clear() {
    let (_folder, path) = fresh();
    let key = bytes(&open(&path).unwrap().get(TODAY).unwrap());
    let ring = fs::read(path.join(RING)).unwrap();
    assert!(!ring.windows(8).any(|window| window == &key[..8]));
}

/// The same key for all of these days, in the ring and on the disk.
fn fill(keys: &Keys, days: impl Iterator<Item = Day>, may: impl Fn(&Ring) -> bool) -> usize {
    let State { root, ring } = keys.now();
    let (mut ring, key) = (Ring::clone(&ring), Arc::new(random_key().unwrap()));
    let mut filled = 0;
    for day in days {
        if !may(&ring) {
            break;
        }
        ring.keys.insert(day, Arc::clone(&key));
        filled += 1;
    }
    keys.replace(&ring, &root).unwrap();
    keys.set(State { root, ring: Arc::new(ring) });
    filled
}

#[test]
fn holds_have_their_part_of_the_ring_and_leave_room_for_days() {
    let (_folder, path) = fresh();
    let keys = open(&path).unwrap();
    let at = |number: usize| Day::hold(i32::try_from(number).unwrap()).unwrap();
    let held = fill(&keys, (2..).map(at), Ring::has_room_for_a_hold);
    assert!(held > 87_000, "{held}");
    assert!(matches!(keys.get_or_make(at(1)), Err(BodyError::TooManyHolds(many)) if many == held));
    // What is remembered of one that ended takes a little of its room.
    keys.erase(at(2)).unwrap();
    keys.erase(at(3)).unwrap();
    keys.get_or_make(at(1)).unwrap();
    let held = held - 1 + usize::from(keys.get_or_make(at(100_000)).is_ok());
    let before = fs::read(path.join(RING)).unwrap();
    assert!(matches!(keys.get_or_make(at(500_000)), Err(BodyError::TooManyHolds(many)) if many == held));
    assert!(fs::read(path.join(RING)).unwrap() == before && keys.get(at(500_000)).is_err());
    keys.get_or_make(Day(20_516)).unwrap();
    let again = open(&path).unwrap();
    assert_eq!((again.holds().len(), again.days().len()), (held, 3));
}

#[test]
fn no_ring_is_written_that_would_not_be_read() {
    let (_folder, path) = fresh();
    let keys = open(&path).unwrap();
    let fits = |ring: &Ring| ring.octets_sealed() + 36 <= RING_BYTES;
    let filled = fill(&keys, (100_000..).map(Day), fits);
    assert_eq!(fs::metadata(path.join(RING)).unwrap().len(), keys.now().ring.octets_sealed());
    let full = |done: Result<_, BodyError>| matches!(done, Err(BodyError::RingFull(_)));
    assert!(full(keys.get_or_make(Day(1))));
    let again = open(&path).unwrap();
    assert_eq!(again.days().len(), filled + 2);
    assert!(full(again.get_or_make(Day(1))));
    again.erase(OLD).unwrap();
    again.erase(TODAY).unwrap();
    again.get_or_make(Day(1)).unwrap();
    assert_eq!(open(&path).unwrap().days().len(), filled + 1);
}
