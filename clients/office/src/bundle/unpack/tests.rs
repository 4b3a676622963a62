use super::*;
use crate::exit::Exit;

fn contents(parts: &[&str]) -> Contents {
    let body = parts.join("\r\n--b\r\n");
    let entity = format!("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n{body}\r\n--b--\r\n");
    Contents::read(entity.as_bytes()).unwrap()
}

fn named(contents: &Contents) -> Vec<(&str, &[u8])> {
    contents.files.iter().map(|(name, bytes)| (name.0.as_str(), bytes.0.as_slice())).collect()
}

#[test]
fn bytes_are_decoded_from_their_transfer_encoding_and_nothing_else() {
    let contents = contents(&[
        "Content-Type: text/csv; charset=Shift_JIS; name=a.csv\r\nContent-Transfer-Encoding: base64\r\n\r\ngoKCoA0K",
        "Content-Type: text/csv; charset=utf-8; name=b.csv\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=82=A0,=\r\n1\r\n",
        "Content-Type: text/csv; name=c.csv\r\n\r\n1,2\r\n3,4",
    ]);
    assert_eq!(
        named(&contents),
        [("a.csv", b"\x82\x82\x82\xA0\r\n".as_slice()), ("b.csv", b"\x82\xA0,1\r\n"), ("c.csv", b"1,2\r\n3,4")]
    );
    assert_eq!(contents.cover, None);
}

#[test]
fn nothing_without_a_name_is_lost() {
    let contents = contents(&[
        "Content-Type: text/plain; charset=utf-8\r\n\r\ncover",
        "Content-Type: text/plain\r\n\r\nsecond",
        "Content-Type: text/html\r\n\r\n<p>third</p>",
        "Content-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\nfourth",
    ]);
    assert_eq!(contents.cover.as_ref().unwrap().0, "cover");
    let names: Vec<&str> = named(&contents).iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["part-2.txt", "part-3.html", "part-4.eml"]);
}

#[test]
fn broken_base64_is_refused_and_not_saved_in_part() {
    let entity = "Content-Type: application/pdf; name=a.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!\r\n";
    assert_eq!(Contents::read(entity.as_bytes()).unwrap_err().why, Refusal::MessageMalformed);
}

#[test]
fn a_thousand_parts_are_the_most() {
    let part = "Content-Type: text/csv; name=a.csv\r\n\r\nx";
    assert_eq!(contents(&[part; PARTS - 1]).files.len(), PARTS - 1);
    let body = format!("--b\r\n{part}\r\n").repeat(PARTS);
    let entity = format!("Content-Type: multipart/mixed; boundary=b\r\n\r\n{body}--b--\r\n");
    assert_eq!(Contents::read(entity.as_bytes()).unwrap_err().why, Refusal::TooManyParts);
}

#[test]
fn hostile_names_stay_in_their_folder() {
    let folder = tempfile::tempdir().unwrap();
    let contents = contents(&[
        "Content-Type: text/csv\r\nContent-Disposition: attachment; filename=\"../../escape.csv\"\r\n\r\n1",
        "Content-Type: text/csv\r\nContent-Disposition: attachment; filename=\"NUL.csv\"\r\n\r\n2",
        "Content-Type: text/csv\r\nContent-Disposition: attachment; filename=\"a.csv\"\r\n\r\n3",
        "Content-Type: text/csv\r\nContent-Disposition: attachment; filename=\"A.csv\"\r\n\r\n4",
        "Content-Type: text/plain\r\n\r\ncover",
    ]);
    let target = folder.path().join("受信/2026-11/20261120-0915_9970000011");
    let saved = contents.save(&target, "t").unwrap();
    let names: Vec<String> = saved.iter().map(|file| file.name.0.clone()).collect();
    assert_eq!(names, ["escape.csv", "_NUL.csv", "a.csv", "A (2).csv", COVER_NAME]);
    for (name, bytes) in names.iter().zip(["1", "2", "3", "4", "cover"]) {
        assert_eq!(fs::read_to_string(target.join(name)).unwrap(), bytes);
    }
    assert_eq!(fs::read_dir(target.parent().unwrap()).unwrap().count(), 1, "nothing unfinished is left");
}

#[test]
fn nothing_is_overwritten_and_the_next_gets_another_folder() {
    let folder = tempfile::tempdir().unwrap();
    let (at, from) = ("2026-11-20T00:15:30Z".parse().unwrap(), "9970000011".parse().unwrap());
    let first = place(folder.path(), (at, 42), from, Some("見本訪問介護"));
    assert!(first.ends_with("2026-11/20261120-091530-000042_見本訪問介護_9970000011"), "{first:?}");
    let contents = contents(&["Content-Type: text/csv; name=a.csv\r\n\r\n1"]);
    contents.save(&first, "t").unwrap();
    for times in ["2", "3"] {
        let more = place(folder.path(), (at, 42), from, None);
        assert!(more.ends_with(format!("2026-11/20261120-091530-000042-{times}_9970000011")), "{more:?}");
        contents.save(&more, "t").unwrap();
    }
    let again = contents.save(&first, "t").unwrap_err();
    assert_eq!(again.exit(), Exit::CANNOT_WRITE);
    assert_eq!(fs::read(first.join("a.csv")).unwrap(), b"1");
}

/// RD-07: care software wants bundles as they were sent; within a minute, and within a second, folders sort so too, whoever sent them and
/// whichever of them was saved first.
#[test]
fn folders_sort_in_the_order_of_arrival() {
    let contents = contents(&["Content-Type: text/csv; name=a.csv\r\n\r\n1"]);
    let arrivals = [("00:15:05", "9970000045", "わ"), ("00:15:40", "9970000011", "あ")];
    let within_a_second = (0..12).map(|n| ("00:15:41", if n % 2 == 0 { "9970000029" } else { "9970000011" }, "い"));
    let all: Vec<_> = (95..).zip(arrivals.into_iter().chain(within_a_second)).collect();
    for backwards in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let mut saved = Vec::new();
        for at in 0..all.len() {
            let (uid, (time, from, name)) = all[if backwards { all.len() - 1 - at } else { at }];
            let arrived = format!("2026-11-20T{time}Z").parse().unwrap();
            let place = place(folder.path(), (arrived, uid), from.parse().unwrap(), Some(name));
            contents.save(&place, "t").unwrap();
            saved.push((uid, place));
        }
        saved.sort();
        assert!(saved.is_sorted_by_key(|(_, place)| place), "{saved:?}");
    }
}

#[test]
fn midnight_is_japan_s() {
    let (at, from) = ("2026-11-30T15:00:00Z".parse().unwrap(), "9970000011".parse().unwrap());
    assert!(place(Path::new("x"), (at, 7), from, None).ends_with("2026-12/20261201-000000-000007_9970000011"));
}

fn plan(name: &str) -> Contents {
    contents(&[&format!("Content-Type: text/csv\r\nContent-Disposition: attachment; filename=\"{name}\"\r\n\r\nplan")])
}

// Profile §5.7
#[test]
fn a_plan_of_other_offices_is_refused_by_the_name_it_would_have_on_disk() {
    let (from, to) = ("9970000029".parse().unwrap(), "9970000011".parse().unwrap());
    let judge = |name: &str| plan(name).are_between(from, to).map_err(|refused| refused.why);
    assert_eq!(judge("UPJSK_202510_9970000029_11_9970000011_43_20251101093000.CSV"), Ok(()));
    assert_eq!(judge("letter.csv"), Ok(()));
    for foreign in [
        "UPJSK_202510_9970000029_11_9970000037_43_20251101093000.CSV",
        "x/UPJSK_202510_9970000029_11_9970000037_43_20251101093000.CSV",
        "UPJSK_202510_9970000029_11_9970000037_43_20251101093000.CSV ",
    ] {
        assert_eq!(judge(foreign), Err(Refusal::FileNotForRecipient), "{foreign:?}");
    }
    assert_eq!(judge("UPJSK_202510_9970000037_11_9970000011_43_20251101093000.CSV"), Err(Refusal::FileNotFromSender));
}

// Profile §9.14
#[test]
fn what_is_in_the_seal_is_what_was_announced_outside() {
    let judge = |name: &str, announced: &str| {
        let announced = format!("v=1; {announced}; files=1; size=4").parse().unwrap();
        plan(name).are_as_announced(&announced).map_err(|refused| refused.why)
    };
    let results = "UPJSK_202510_9970000029_11_9970000011_43_20251101093000.CSV";
    assert_eq!(judge(results, "units=results; month=202510"), Ok(()));
    let lies = [
        (results, "units=use-table; month=202510"),
        (results, "units=results; month=202511"),
        (results, "units=results"),
        (results, "units=results,results; month=202510"),
        ("letter.csv", "units=results; month=202510"),
        // No whole send unit, so nobody can have announced it.
        ("UP1KYO_9970000011_43_9970000029_11_20250920101600.CSV", "units=results; month=202510"),
    ];
    for (name, announced) in lies {
        assert_eq!(judge(name, announced), Err(Refusal::SignedFieldsDiffer), "{name} as {announced}");
    }
}

// Profile §8.5
#[test]
fn only_a_folder_with_exactly_these_files_counts_as_saved() {
    let folder = tempfile::tempdir().unwrap();
    let (contents, place) = (plan("a.csv"), folder.path().join("2026-11/there"));
    let stands = || contents.stands_in(&place).unwrap();
    assert!(!stands(), "no folder");
    fs::create_dir_all(&place).unwrap();
    assert!(!stands(), "an empty one");
    fs::write(place.join("a.csv"), "other").unwrap();
    assert!(!stands(), "other bytes");
    fs::write(place.join("a.csv"), "plan").unwrap();
    assert!(stands());
    fs::write(place.join("b.csv"), "more").unwrap();
    assert!(!stands(), "more than these");
}

// Profile §8.5: what a run saved whose last sync failed is acknowledged only once it is durable.
#[test]
fn a_folder_counts_as_saved_once_it_is_durable() {
    use crate::disk::tests::SPOILT;
    let folder = tempfile::tempdir().unwrap();
    let (contents, place) = (plan("a.csv"), folder.path().join("2026-11/there"));
    fs::create_dir_all(&place).unwrap();
    fs::write(place.join("a.csv"), "plan").unwrap();
    SPOILT.set(true);
    assert_eq!(contents.stands_in(&place).unwrap_err().exit(), Exit::CANNOT_WRITE);
    SPOILT.set(false);
    assert!(contents.stands_in(&place).unwrap());
}

#[cfg(unix)]
#[test]
fn nobody_else_on_the_computer_reads_what_is_saved() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("received/2026-11/there");
    plan("a.csv").save(&place, "token").unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(
        (mode(&place.join("a.csv")), mode(&place), mode(&folder.path().join("received"))),
        (0o600, 0o700, 0o700)
    );
}
