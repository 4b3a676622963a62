//! Keys and certificates out of the files people have.

use cms::content_info::ContentInfo;
use der::asn1::OctetString;
use der::{Any, Decode as _, Encode as _, Sequence, Tag};
use fumibako_signer::authority::{Authority, KeyKind};
use fumibako_signer::{Identity, IdentityError, Signed, limits};

use crate::openssl::Openssl;
use crate::people::{ENTITY, authority, message, office};

/// An office's key as PEM in openssl's folder.
fn keys(key: KeyKind) -> (Openssl, Identity) {
    let openssl = Openssl::new();
    let identity = office(&authority(), key);
    openssl.put("id.pem", identity.to_pem().as_bytes());
    openssl.put("certs.pem", identity.certificate().to_pem());
    (openssl, identity)
}

#[track_caller]
fn same(read: &Identity, original: &Identity) {
    assert_eq!(read.certificate(), original.certificate());
    assert_eq!(read.secret(b"purpose"), original.secret(b"purpose"), "it comes from the key alone");
    let signed = message(ENTITY, read);
    assert_eq!(Signed::read(&signed).unwrap().verify().unwrap().signer(), original.certificate());
}

/// Exports with these options under this password, reads with it and with another.
#[track_caller]
fn check_p12(key: KeyKind, options: &str, password: &str) {
    let (openssl, identity) = keys(key);
    openssl.put("password", format!("{password}\n"));
    openssl.run(&format!("pkcs12 -export -in id.pem -out id.p12 -passout file:password {options}"));
    let p12 = openssl.get("id.p12");
    let read = Identity::read(&p12, Some(password)).unwrap();
    same(&read, &identity);
    assert_eq!(read.chain(), identity.chain(), "{options}");
    assert_eq!(Identity::read(&p12, None).unwrap_err(), IdentityError::PasswordNeeded);
}

#[test]
fn pkcs12_files_of_openssl_are_read() {
    check_p12(KeyKind::Rsa2048, "", "secret");
    check_p12(KeyKind::EcP256, "", "secret");
    check_p12(KeyKind::EcP256, "-macalg sha512 -iter 5000", "secret");
    check_p12(KeyKind::EcP256, "-keypbe NONE -certpbe NONE", "secret");
    check_p12(KeyKind::EcP256, "-nomac", "secret");
    check_p12(KeyKind::EcP256, "-name やまと", "");
}

#[test]
fn legacy_pkcs12_files_are_read() {
    check_p12(KeyKind::Rsa2048, "-legacy", "secret");
    check_p12(KeyKind::EcP256, "-legacy", "secret");
    check_p12(KeyKind::EcP256, "-legacy -certpbe PBE-SHA1-3DES -keypbe PBE-SHA1-RC2-128", "secret");
}

#[test]
fn a_japanese_password_opens() {
    for options in ["", "-legacy"] {
        check_p12(KeyKind::EcP256, options, "合言葉はさくら🌸");
    }
}

#[test]
fn a_wrong_password_is_named_so() {
    let (openssl, _) = keys(KeyKind::EcP256);
    for options in ["", "-legacy", "-nomac"] {
        openssl.run(&format!("pkcs12 -export -in id.pem -out id.p12 -passout pass:right {options}"));
        let read = Identity::read(&openssl.get("id.p12"), Some("wrong"));
        assert_eq!(read.unwrap_err(), IdentityError::WrongPassword, "{options}");
    }
}

#[test]
fn a_file_that_would_keep_us_busy_is_refused() {
    let (openssl, _) = keys(KeyKind::EcP256);
    let rounds = limits::PASSWORD_ROUNDS_MAX + 1;
    openssl.run(&format!("pkcs12 -export -in id.pem -out id.p12 -passout pass:x -nomac -iter {rounds}"));
    let refused = IdentityError::Encryption(format!("{rounds} rounds"));
    assert_eq!(Identity::read(&openssl.get("id.p12"), Some("x")).unwrap_err(), refused);
}

/// A file of openssl 3.0 without a MAC, and the one that openssl 3.4 would write (RFC 9579 §4): key and MAC are computed by
/// the openssl at hand, digest by digest.
fn with_pbmac1(openssl: &Openssl, digests: [&str; 2], size: usize) -> Vec<u8> {
    openssl.run("pkcs12 -export -in id.pem -out id.p12 -passout file:password -nomac");
    let mut pfx = Pfx::from_der(&openssl.get("id.p12")).unwrap();
    let safe: OctetString = pfx.safe.content.decode_as().unwrap();
    openssl.put("safe", safe.as_bytes());
    let password = String::from_utf8(openssl.get("password")).unwrap();
    let options = ["hexsalt:00112233", "iter:2048"].map(|option| format!("-kdfopt {option}")).join(" ");
    let pass = format!("pass:{}", password.trim_end());
    let line = format!("kdf -keylen {size} -kdfopt digest:{} {options} -binary -out key -kdfopt", digests[0]);
    let words: Vec<&str> = line.split(' ').chain([pass.as_str(), "PBKDF2"]).collect();
    assert!(openssl.try_words(&words).ok);
    let key = openssl.get("key").iter().map(|octet| format!("{octet:02x}")).collect::<Vec<_>>().concat();
    openssl.run(&format!("mac -digest {} -macopt hexkey:{key} -in safe -binary -out mac HMAC", digests[1]));
    let hmac = |digest| {
        let last = match digest {
            "SHA256" => 9,
            "SHA384" => 10,
            _ => 11,
        };
        [&[0x30, 12, 6, 8, 0x2a, 0x86, 0x48, 0x86, 0xf7, 13, 2, last], &[5, 0][..]].concat()
    };
    let size = u8::try_from(size).unwrap();
    let derivation = sequence(&[&[4, 4, 0, 0x11, 0x22, 0x33, 2, 2, 8, 0, 2, 1, size][..], &hmac(digests[0])]);
    let kdf = sequence(&[&[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 13, 1, 5, 12], &derivation]);
    let parameters = sequence(&[&kdf, &hmac(digests[1])]);
    let algorithm = sequence(&[&[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 13, 1, 5, 14], &parameters]);
    let digest = OctetString::new(openssl.get("mac")).unwrap().to_der().unwrap();
    // RFC 9579 §4: salt and rounds out here are not used.
    let mac = sequence(&[&sequence(&[&algorithm, &digest]), &[4, 8, 0x4e, 0x4f, 0x54, 0x20, 0x55, 0x53, 0x45, 0x44]]);
    pfx.mac = Some(Any::from_der(&mac).unwrap());
    pfx.to_der().unwrap()
}

fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    Any::new(Tag::Sequence, parts.concat()).unwrap().to_der().unwrap()
}

/// RFC 7292 §4.
#[derive(Sequence)]
struct Pfx {
    version: u8,
    safe: ContentInfo,
    #[asn1(optional = "true")]
    mac: Option<Any>,
}

#[test]
fn pkcs12_files_with_a_newer_mac_are_read() {
    let (openssl, identity) = keys(KeyKind::EcP256);
    for (digests, size) in [(["SHA256", "SHA256"], 32), (["SHA256", "SHA512"], 64), (["SHA512", "SHA384"], 20)] {
        for password in ["secret", "合言葉はさくら🌸"] {
            openssl.put("password", format!("{password}\n"));
            let p12 = with_pbmac1(&openssl, digests, size);
            same(&Identity::read(&p12, Some(password)).unwrap(), &identity);
            assert_eq!(Identity::read(&p12, Some("wrong")).unwrap_err(), IdentityError::WrongPassword);
        }
    }
    // RFC 9579 §5: a key that protects too little.
    let short = Identity::read(&with_pbmac1(&openssl, ["SHA256", "SHA256"], 19), Some("合言葉はさくら🌸"));
    assert!(matches!(short, Err(IdentityError::Encryption(_))), "{short:?}");
}

#[test]
fn an_authority_that_does_not_decode_spoils_no_key() {
    let (openssl, identity) = keys(KeyKind::EcP256);
    let export = |certificates: &str| {
        openssl.put("certs.pem", certificates);
        openssl.run(
            "pkcs12 -export -in certs.pem -inkey id.pem -out id.p12 -passout pass:x -keypbe NONE -certpbe NONE -nomac",
        );
        openssl.get("id.p12")
    };
    let (own, ca) = (identity.certificate(), &identity.chain()[0]);
    let p12 = export(&(own.to_pem() + &ca.to_pem()));
    // A certificate whose public key says another length than it has.
    let broken = |certificate: &fumibako_signer::Certificate| {
        let at = memchr::memmem::find(&p12, certificate.der()).unwrap();
        let mut changed = p12.clone();
        let key = memchr::memmem::find(&changed[at..], &[0x30, 0x59, 0x30, 0x13]).unwrap();
        changed[at + key + 1] = 0x58;
        changed
    };
    let read = Identity::read(&broken(ca), Some("x")).unwrap();
    same(&read, &identity);
    assert!(read.chain().is_empty());
    let own = Identity::read(&broken(own), Some("x"));
    assert!(matches!(own, Err(IdentityError::Certificate(_))), "{own:?}");
}

#[test]
fn openssl_reads_the_pkcs12_files_we_write() {
    let (openssl, identity) = keys(KeyKind::Rsa2048);
    for password in ["secret", "合言葉はさくら🌸"] {
        let p12 = identity.to_pkcs12(password).unwrap();
        same(&Identity::read(&p12, Some(password)).unwrap(), &identity);
        assert_eq!(Identity::read(&p12, Some("wrong")).unwrap_err(), IdentityError::WrongPassword);
        openssl.put("ours.p12", &p12);
        openssl.put("password", format!("{password}\n"));
        openssl.run("pkcs12 -in ours.p12 -passin file:password -noenc -out read.pem");
        let read = Identity::read(&openssl.get("read.pem"), None).unwrap();
        same(&read, &identity);
        assert_eq!(read.chain(), identity.chain());
    }
}

#[track_caller]
fn check_pem(key: KeyKind, command: &str, password: Option<&str>) {
    let (openssl, identity) = keys(key);
    openssl.run(&format!("{command} -in id.pem -out key.pem"));
    let pem = [openssl.get("certs.pem"), openssl.get("key.pem")].concat();
    same(&Identity::read(&pem, password).unwrap(), &identity);
    if password.is_some() {
        assert_eq!(Identity::read(&pem, None).unwrap_err(), IdentityError::PasswordNeeded);
        assert_eq!(Identity::read(&pem, Some("wrong")).unwrap_err(), IdentityError::WrongPassword);
    }
}

#[test]
fn pem_keys_in_the_clear_are_read() {
    for key in [KeyKind::Rsa2048, KeyKind::EcP256] {
        check_pem(key, "pkey", None);
        check_pem(key, "pkey -traditional", None);
    }
}

// RFC 5869
#[test]
fn a_key_gives_a_secret_of_its_own_for_each_purpose() {
    let authority = authority();
    for kind in [KeyKind::Rsa2048, KeyKind::EcP256] {
        let [one, other] = [office(&authority, kind), office(&authority, kind)];
        let secret = one.secret(b"purpose").unwrap();
        assert_eq!(secret.len(), 32);
        assert!(Some(&secret) != other.secret(b"purpose").as_ref() && Some(&secret) != one.secret(b"another").as_ref());
    }
}

#[test]
fn encrypted_pem_keys_are_read() {
    let pass = "-passout pass:secret";
    for options in
        ["-v2 aes-256-cbc", "-v2 aes-128-cbc -v2prf hmacWithSHA1", "-v2 des3", "-scrypt", "-v1 PBE-SHA1-3DES"]
    {
        check_pem(KeyKind::EcP256, &format!("pkcs8 -topk8 {options} {pass}"), Some("secret"));
    }
    check_pem(KeyKind::Rsa2048, &format!("pkcs8 -topk8 {pass}"), Some("secret"));
}

#[test]
fn what_is_missing_or_doubled_is_named() {
    let (openssl, identity) = keys(KeyKind::EcP256);
    let (whole, certificate) = (identity.to_pem(), identity.certificate().to_pem());
    let error = |text: &str| Identity::read(text.as_bytes(), Some("x")).unwrap_err();
    assert_eq!(error(&certificate), IdentityError::NoKey);
    let key = &whole[..whole.find("-----BEGIN CERTIFICATE").unwrap()];
    assert_eq!(error(key), IdentityError::NoCertificate);
    let other = authority().certificate().to_pem();
    assert_eq!(error(&[key, &other].concat()), IdentityError::NoCertificate);
    assert_eq!(error(&[key, &whole].concat()), IdentityError::Malformed("more than one private key"));
    assert_eq!(error("neither"), IdentityError::Malformed("neither PEM nor PKCS#12"));
    openssl.run("ec -in id.pem -aes128 -passout pass:x -out key.pem");
    let old = String::from_utf8(openssl.get("key.pem")).unwrap();
    assert!(matches!(error(&old), IdentityError::Malformed(reason) if reason.contains("PKCS#8")));
}

#[test]
fn keys_of_other_kinds_are_refused() {
    for (kind, options) in
        [("RSA", "rsa_keygen_bits:1024"), ("EC", "ec_paramgen_curve:P-521"), ("EC", "ec_paramgen_curve:secp256k1")]
    {
        let openssl = Openssl::new();
        openssl.run(&format!("genpkey -algorithm {kind} -pkeyopt {options} -out key.pem"));
        let read = Identity::read(&openssl.get("key.pem"), None);
        assert!(matches!(read, Err(IdentityError::Key(_))), "{options}: {read:?}");
    }
}

#[test]
fn a_key_file_ends_at_its_limit() {
    let sized = |size: usize| Identity::read(&vec![b' '; size], Some("x")).unwrap_err();
    assert_eq!(sized(limits::IDENTITY_BYTES_MAX), IdentityError::Malformed("neither PEM nor PKCS#12"));
    let too_large = IdentityError::TooLarge { what: "key file", limit: limits::IDENTITY_BYTES_MAX };
    assert_eq!(sized(limits::IDENTITY_BYTES_MAX + 1), too_large);
}

#[test]
fn a_chain_in_a_key_file_ends_at_its_limit() {
    let identity = office(&authority(), KeyKind::EcP256);
    let other = authority().certificate().to_pem();
    // The identity brings its own certificate and its authority's.
    let with = |more: usize| Identity::read((identity.to_pem().to_string() + &other.repeat(more)).as_bytes(), None);
    assert_eq!(with(limits::CERTIFICATES_MAX - 2).unwrap().chain().len(), limits::CERTIFICATES_MAX - 1);
    let too_large = IdentityError::TooLarge { what: "chain of certificates", limit: limits::CERTIFICATES_MAX };
    assert_eq!(with(limits::CERTIFICATES_MAX - 1).unwrap_err(), too_large.clone());

    let openssl = Openssl::new();
    openssl.put("id.pem", (identity.to_pem().to_string() + &other.repeat(limits::CERTIFICATES_MAX - 1)).as_bytes());
    openssl.run("pkcs12 -export -in id.pem -out id.p12 -passout pass:x");
    assert_eq!(Identity::read(&openssl.get("id.p12"), Some("x")).unwrap_err(), too_large);
}

#[test]
fn a_key_does_not_print() {
    let identity = office(&authority(), KeyKind::EcP256);
    let printed = format!("{identity:?} {identity:#?}");
    assert!(printed.contains("‹P-256 private key›") && printed.len() < 2000, "{printed}");
}

#[test]
fn an_authority_is_stored_and_read_again() {
    let ca = authority();
    let again = Authority::from_pem(ca.to_pem().as_bytes()).unwrap();
    assert_eq!(again.certificate(), ca.certificate());
    let identity = office(&again, KeyKind::EcP256);
    assert_eq!(identity.chain(), [ca.certificate().clone()]);
    let foreign = ca.certificate().to_pem() + &authority().to_pem()[authority().certificate().to_pem().len()..];
    assert!(Authority::from_pem(foreign.as_bytes()).is_err());
}

#[test]
fn a_password_that_asks_for_no_work_or_too_much_is_refused() {
    let (openssl, identity) = (Openssl::new(), office(&authority(), KeyKind::EcP256));
    openssl.put("id.pem", identity.to_pem().as_bytes());
    openssl.run("pkcs8 -topk8 -in id.pem -passout pass:secret -scrypt -scrypt_N 2 -scrypt_r 8 -outform DER -out der");
    let der = openssl.get("der");
    let read = |cost: u8| {
        let mut changed = der.clone();
        let at = memchr::memmem::find(&der, &[2, 1, 2, 2, 1, 8, 2, 1, 1]).unwrap();
        changed[at + 2] = cost;
        let pem = Openssl::pem("ENCRYPTED PRIVATE KEY", &changed) + &identity.certificate().to_pem();
        Identity::read(pem.as_bytes(), Some("secret")).map(|_| ())
    };
    assert_eq!(read(2), Ok(()));
    for cost in [0, 1, 3] {
        assert!(matches!(read(cost), Err(IdentityError::Encryption(_))), "{cost}");
    }
}
