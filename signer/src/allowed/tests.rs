use jiff::SignedDuration;
use spki::AlgorithmIdentifierOwned;

use super::*;
use crate::envelope::content::Method;

fn plain(oid: ObjectIdentifier) -> AlgorithmIdentifierOwned {
    AlgorithmIdentifierOwned { oid, parameters: None }
}

// Profile §4.17
#[test]
fn the_weak_are_refused_by_name_wherever_they_stand() {
    let rows = TABLE.iter().filter(|row| row.means == Means::Weak);
    let mut names = 0;
    for Row { oid, name, .. } in rows {
        names += 1;
        assert_eq!(Algorithm::read(&plain(*oid), None), Err(Refused::Weak(name)));
        assert_eq!(Hash::read(&plain(*oid)), Err(Refused::Weak(name)));
        let cipher = Method::read(&plain(*oid)).map(|_| ());
        assert_eq!(cipher, Err(crate::DecryptError::Algorithm(Refused::Weak(name))));
    }
    assert!(names > 20);
}

// Profile §4.17
#[test]
fn what_this_build_does_not_read_is_refused_by_name() {
    let read = |set: MlDsa| Algorithm::read(&plain(set.oid()), Some(Hash::Sha512));
    for set in [MlDsa::MlDsa44, MlDsa::MlDsa65, MlDsa::MlDsa87] {
        let expected = if cfg!(feature = "pqc") {
            Ok(Algorithm::MlDsa(set, Hash::Sha512))
        } else {
            Err(Refused::Unknown(set.name().to_owned()))
        };
        assert_eq!(read(set), expected);
    }
    let kem = |set: MlKem| find(set.oid(), |means| matches!(means, Means::Key(KeyKind::MlKem(_))).then_some(()));
    for set in [MlKem::MlKem512, MlKem::MlKem768, MlKem::MlKem1024] {
        let expected = if cfg!(feature = "pqc") { Ok(()) } else { Err(Refused::Unknown(set.name().to_owned())) };
        assert_eq!(kem(set), expected);
    }
    let ed448 = Algorithm::read(&plain(oid("1.3.101.113")), None);
    assert_eq!(ed448, Err(Refused::Unknown("Ed448".to_owned())));
}

#[test]
fn nothing_stands_in_a_place_of_another_kind() {
    // AES as a digest, SHA-256 as a signature, RSA as a cipher.
    for (oid, found) in [
        (rfc5911::ID_AES_256_GCM, Hash::read(&plain(rfc5911::ID_AES_256_GCM)).err()),
        (rfc5912::ID_SHA_256, Algorithm::read(&plain(rfc5912::ID_SHA_256), None).err()),
    ] {
        assert_eq!(found, Some(Refused::Unknown(oid.to_string())));
    }
    assert!(Method::read(&plain(rfc5912::RSA_ENCRYPTION)).is_err());
}

// Profile §4.16
#[test]
fn an_end_is_the_last_moment() {
    for means in [Means::OaepDigest(UnwrappingWay::OaepSha1), Means::Agreement(Derivation::Sha1)] {
        let end = end_of(means);
        assert_eq!(by(end, END_OF_2030), Ok(()));
        let after = by(end, END_OF_2030 + SignedDuration::from_secs(1));
        assert!(matches!(after, Err(Refused::Weak(why)) if why.ends_with("after 2030")), "{means:?}");
    }
    assert_eq!(by(end_of(Means::OaepDigest(UnwrappingWay::OaepSha256)), Timestamp::MAX), Ok(()));
}

/// A second row for the same identifier in the same place would never be asked, or contradict the first.
#[test]
fn no_row_hides_another() {
    let mut seen: Vec<(ObjectIdentifier, Means, Option<usize>)> = Vec::new();
    for Row { oid, means, below_bits, .. } in TABLE.iter().filter(|row| row.means != Means::Unread) {
        let entry = (*oid, *means, *below_bits);
        assert!(!seen.contains(&entry), "{entry:?}");
        seen.push(entry);
    }
}

#[test]
fn the_end_of_one_kind_of_key_ends_no_other() {
    let kinds = [MlDsa::MlDsa44, MlDsa::MlDsa65, MlDsa::MlDsa87].map(KeyKind::MlDsa);
    let key = |kind| row(MlDsa::MlDsa44.oid(), "a kind of key", Means::Key(kind));
    let table = [key(kinds[0]).until(END_OF_2030, "ended"), key(kinds[1]), key(kinds[2])];
    let ends = kinds.map(|kind| end_in(&table, kind, usize::MAX));
    assert_eq!(ends, [Some((END_OF_2030, "ended")), None, None]);
    let pss = [KeyKind::RsaPss(None), KeyKind::RsaPss(Some(Hash::Sha256))].map(|kind| end_in(&TABLE, kind, 2048));
    assert!(pss.iter().all(|end| end.is_some_and(|(end, _)| end == END_OF_2030)), "a bound digest changes nothing");
}
