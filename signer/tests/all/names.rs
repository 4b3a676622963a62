//! Whom a certificate names, in the way of each authority.

use fumibako_signer::authority::{Authority, KeyKind, Manner, Purpose};
use fumibako_signer::{
    Certificate, CertificateError, Holder, Names, Naming, ObjectIdentifier, Practice, Purposes, Trust, Usage,
};

use crate::openssl::Openssl;
use crate::people::{AT, authority, days, request};

const NUMBER: &str = "9912345678";
const OFFICE_NUMBER: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.99999.7");
const CLAIMS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.99999.8");

/// A certificate in this manner, under an authority of this practice: whom does it name?
#[track_caller]
fn check(practice: Practice, manner: &Manner<'_>, expected: Result<Option<Holder>, CertificateError>) {
    let ca = authority();
    let certificate = ca.issue_as(&request(KeyKind::EcP256, Purpose::Mail), manner).unwrap().certificate().clone();
    let trust = Trust::with_practices([(ca.certificate().clone(), practice)]).unwrap();
    assert_eq!(trust.holder_of(&certificate, &[], AT), expected);
    // What names nobody it should is not believed in the first place.
    assert_eq!(trust.check_certificate(&certificate, &[], AT), expected.map(|_| ()));
}

fn naming(naming: Naming) -> Practice {
    Practice::new(Purposes::Mail, naming)
}

fn number() -> Holder {
    Holder::Number(NUMBER.to_owned())
}

#[test]
fn a_mail_address_names_its_holder() {
    let address = Holder::Address("9912345678@example.jp".to_owned());
    check(Practice::default(), &Manner::default(), Ok(Some(address)));
}

#[test]
fn a_mail_address_is_needed_only_where_it_names() {
    let silent = Manner { without_address: true, ..Manner::default() };
    check(Practice::default(), &silent, Err(CertificateError::MailAddresses(0)));
    check(naming(Naming::Roll), &silent, Ok(None));
    check(naming(Naming::Roll), &Manner::default(), Ok(None));
}

#[test]
fn a_name_of_the_authoritys_own_type_names_its_holder() {
    let practice = || naming(Naming::OtherName(OFFICE_NUMBER));
    let manner = |other_names| Manner { other_names, ..Manner::default() };
    check(practice(), &manner(&[(OFFICE_NUMBER, NUMBER)]), Ok(Some(number())));
    check(practice(), &manner(&[(CLAIMS, "x"), (OFFICE_NUMBER, NUMBER)]), Ok(Some(number())));
    check(practice(), &manner(&[(CLAIMS, NUMBER)]), Ok(None));
    let two = CertificateError::Malformed("it names two holders");
    check(practice(), &manner(&[(OFFICE_NUMBER, NUMBER), (OFFICE_NUMBER, "9987654321")]), Err(two));
}

#[test]
fn the_subjects_serial_number_names_its_holder() {
    let practice = || naming(Naming::SubjectSerialNumber);
    let manner = Manner { subject_serial_number: Some(NUMBER), without_address: true, ..Manner::default() };
    check(practice(), &manner, Ok(Some(number())));
    check(practice(), &Manner::default(), Ok(None));
}

#[test]
fn a_caller_may_look_elsewhere() {
    struct CommonName;
    impl Names for CommonName {
        fn holder(&self, certificate: &Certificate) -> Result<Option<Holder>, CertificateError> {
            Ok(certificate.common_name().map(Holder::Number))
        }
    }
    let named = Holder::Number("居宅介護支援 やまと".to_owned());
    check(Practice::new(Purposes::Mail, CommonName), &Manner::default(), Ok(Some(named)));
}

#[test]
fn an_authority_states_the_purpose_in_its_own_words() {
    let practice = |purposes| Practice::new(purposes, Naming::Roll);
    let stating = |purposes| Manner { purposes: Some(purposes), ..Manner::default() };
    let claims = || practice(Purposes::OneOf(vec![CLAIMS]));
    let wrong = |usage| Err(CertificateError::WrongUsage(usage));
    check(claims(), &stating(&[CLAIMS]), Ok(None));
    check(claims(), &Manner::default(), wrong(Usage::PurposeOther));
    check(claims(), &stating(&[]), wrong(Usage::PurposeMissing));
    check(practice(Purposes::Mail), &stating(&[CLAIMS]), wrong(Usage::PurposeOther));
    check(practice(Purposes::Unstated), &stating(&[]), Ok(None));
    check(practice(Purposes::Unstated), &Manner::default(), Ok(None));
    check(practice(Purposes::Unstated), &stating(&[CLAIMS]), wrong(Usage::PurposeOther));
}

#[test]
fn each_authority_has_its_own_way() {
    let (mail, silent) = (authority(), Authority::create("請求認証局", AT - days(2)).unwrap());
    let trust = Trust::with_practices([
        (mail.certificate().clone(), Practice::default()),
        (silent.certificate().clone(), Practice::new(Purposes::Unstated, Naming::SubjectSerialNumber)),
    ])
    .unwrap();
    let manner =
        Manner { without_address: true, subject_serial_number: Some(NUMBER), purposes: Some(&[]), other_names: &[] };
    let holder = |ca: &Authority, manner: &Manner<'_>| {
        let identity = ca.issue_as(&request(KeyKind::EcP256, Purpose::Mail), manner).unwrap();
        trust.holder_of(identity.certificate(), &[], AT)
    };
    assert_eq!(holder(&silent, &manner), Ok(Some(number())));
    assert_eq!(holder(&mail, &manner), Err(CertificateError::WrongUsage(Usage::PurposeMissing)));
    assert!(matches!(holder(&mail, &Manner::default()), Ok(Some(Holder::Address(_)))));
}

#[test]
fn openssl_writes_names_that_are_read() {
    let (openssl, ca) = (Openssl::new(), authority());
    openssl.put("ca.pem", ca.to_pem().as_bytes());
    openssl.run("req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -keyout k -subj /CN=x -out csr");
    let usage = "keyUsage=digitalSignature\nextendedKeyUsage=emailProtection";
    let trust = Trust::with_practices([(ca.certificate().clone(), naming(Naming::OtherName(OFFICE_NUMBER)))]).unwrap();
    let broken = Err(CertificateError::Malformed("its otherName is not text"));
    for (kind, expected) in [
        ("UTF8", Ok(Some(number()))),
        ("PRINTABLESTRING", Ok(Some(number()))),
        ("IA5STRING", Ok(Some(number()))),
        ("OCTETSTRING", Ok(Some(number()))),
        ("INTEGER", broken),
    ] {
        openssl.put("ext", format!("{usage}\nsubjectAltName=otherName:{OFFICE_NUMBER};{kind}:{NUMBER}\n"));
        openssl.run("x509 -req -in csr -CA ca.pem -CAkey ca.pem -set_serial 1 -days 9999 -extfile ext -out cert");
        let certificate = Certificate::from_pem(&openssl.get("cert")).unwrap();
        assert_eq!(trust.holder_of(&certificate, &[], AT.max(certificate.not_before())), expected, "{kind}");
    }
}
