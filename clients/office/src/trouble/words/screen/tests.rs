//! Over every trouble there is: what a screen says can be done on a screen.

use std::collections::BTreeSet;
use std::path::PathBuf;

use fumibako_model::{NotADeed, Party};
use fumibako_signer::{CertificateError, EncryptError, IdentityError, ListError, ReceiptError, StatusError};
use jiff::Timestamp;

use super::*;
use crate::bundle::NotAttached;
use crate::trouble::Limit;
use crate::verify::NotWhole;

/// Examples of every variant of a type. The `match` has no wildcard, so that a new variant does not compile before it has an example
/// here; each example is of the variant it stands for, and no variant is without one.
macro_rules! every {
    ($type:ty { $($variant:pat => $examples:expr,)+ }) => {{
        let _no_variant_is_left_out = |one: &$type| match one { $($variant => (),)+ };
        let mut all: Vec<$type> = Vec::new();
        $(
            let examples: Vec<$type> = Vec::from($examples);
            assert!(!examples.is_empty() && examples.iter().all(|one| matches!(one, $variant)), "{}", stringify!($variant));
            all.extend(examples);
        )+
        all
    }};
}

const AT: Timestamp = Timestamp::UNIX_EPOCH;

fn path() -> PathBuf {
    "place".into()
}

fn office() -> OfficeNumber {
    "9970000029".parse().unwrap()
}

fn partners() -> Vec<NoPartner> {
    every!(NoPartner {
        NoPartner::NoFile => [NoPartner::NoFile],
        NoPartner::Unknown => [NoPartner::Unknown],
        NoPartner::Unlisted => [NoPartner::Unlisted],
        NoPartner::Ended(_) => [NoPartner::Ended(AT)],
        NoPartner::Revoked(_) => [NoPartner::Revoked(AT)],
        NoPartner::Stale(_) => [NoPartner::Stale(AT)],
        NoPartner::Unusable => [NoPartner::Unusable],
    })
}

fn unfits() -> Vec<Unfit> {
    every!(Unfit {
        Unfit::Ended(_) => [Unfit::Ended(AT)],
        Unfit::Early(_) => [Unfit::Early(AT)],
        Unfit::Revoked(_) => [Unfit::Revoked(AT)],
        Unfit::Other(_) => [Unfit::Other(Party::Office(office())), Unfit::Other("kawara".parse().unwrap())],
    })
}

fn tokens() -> Vec<NoToken> {
    every!(NoToken {
        NoToken::Unsupported => [NoToken::Unsupported],
        NoToken::Module(_) => [NoToken::Module("x".into())],
        NoToken::Missing => [NoToken::Missing],
        NoToken::WrongPin => [NoToken::WrongPin],
        NoToken::Locked => [NoToken::Locked],
        NoToken::NoKey => [NoToken::NoKey],
        NoToken::Failed(_) => [NoToken::Failed("x".into())],
    })
}

fn identities() -> Vec<IdentityError> {
    every!(IdentityError {
        IdentityError::Malformed(_) => [IdentityError::Malformed("x")],
        IdentityError::PasswordNeeded => [IdentityError::PasswordNeeded],
        IdentityError::WrongPassword => [IdentityError::WrongPassword],
        IdentityError::Encryption(_) => [IdentityError::Encryption("x".into())],
        IdentityError::NoKey => [IdentityError::NoKey],
        IdentityError::NoCertificate => [IdentityError::NoCertificate],
        IdentityError::Key(_) => [IdentityError::Key(weak())],
        IdentityError::Certificate(_) => [IdentityError::Certificate(CertificateError::Malformed("x"))],
        IdentityError::TooLarge { .. } => [IdentityError::TooLarge { what: "x", limit: 1 }],
    })
}

fn lists() -> Vec<ListError> {
    every!(ListError {
        ListError::Malformed(_) => [ListError::Malformed("x")],
        ListError::TooLarge { .. } => [ListError::TooLarge { what: "x", limit: 1 }],
        ListError::UnknownIssuer { .. } => [ListError::UnknownIssuer { issuer: "x".into() }],
        ListError::NotAllowed => [ListError::NotAllowed],
        ListError::BadSignature => [ListError::BadSignature],
        ListError::Algorithm(_) => [ListError::Algorithm(weak())],
        ListError::Unsupported(_) => [ListError::Unsupported("x")],
        ListError::Answer(_) => [ListError::Answer(StatusError::Malformed("x"))],
    })
}

fn signs() -> Vec<SignError> {
    every!(SignError {
        SignError::BareLineEnd => [SignError::BareLineEnd],
        SignError::NotMime => [SignError::NotMime],
        SignError::Provider => [SignError::Provider],
        SignError::Time => [SignError::Time],
        SignError::Receipts(_) => [SignError::Receipts("x")],
        SignError::TooLarge { .. } => [SignError::TooLarge { what: "x", limit: 1 }],
    })
}

fn seals() -> Vec<SealError> {
    every!(SealError {
        SealError::Routing => [SealError::Routing],
        SealError::Sign(_) => signs().into_iter().map(SealError::Sign).collect::<Vec<_>>(),
        SealError::Encrypt(_) => [SealError::Encrypt(EncryptError::NoRecipient)],
        SealError::Receipt(_) => [SealError::Receipt(ReceiptError::Malformed("x"))],
        SealError::OtherSigner => [SealError::OtherSigner],
    })
}

fn usages() -> Vec<Usage> {
    every!(Usage {
        Usage::NothingToSend => [Usage::NothingToSend],
        Usage::AttachNeedsOneBundle(_) => [Usage::AttachNeedsOneBundle(2)],
        Usage::TwoMessages => [Usage::TwoMessages],
        Usage::Undelegable(_) => [Usage::Undelegable("x".into())],
        Usage::NoScope(_) => [Usage::NoScope("x".into())],
        Usage::Unanswered(_) => [Usage::Unanswered("--office")],
        Usage::NameOfThePage(_) => [Usage::NameOfThePage(path())],
        Usage::Several(..) => [Usage::Several("x".into(), 2, vec!["1".into()])],
        Usage::EvidenceNumber(_) => [Usage::EvidenceNumber("EV1".into())],
        Usage::Search(_) => [Usage::Search("x".into())],
        Usage::TypedDifferently => [Usage::TypedDifferently],
        Usage::Mandate(_) => [Usage::Mandate(NotADeed::Dates), Usage::Mandate(NotADeed::TooLong)],
    })
}

fn limits() -> Vec<Limit> {
    every!(Limit {
        Limit::Cover(..) => [Limit::Cover(2, 1)],
        Limit::Files(..) => [Limit::Files(2, 1)],
        Limit::Units(_) => [Limit::Units(2)],
        Limit::Message(..) => [Limit::Message(2, 1)],
        Limit::File(_) => [Limit::File(1)],
    })
}

fn wholes() -> Vec<NotWhole> {
    every!(NotWhole {
        NotWhole::Other => [NotWhole::Other],
        NotWhole::Envelope => [NotWhole::Envelope],
        NotWhole::Proof => [NotWhole::Proof],
        NotWhole::LaterProof => [NotWhole::LaterProof],
        NotWhole::Cms => [NotWhole::Cms],
    })
}

fn io() -> std::io::Error {
    std::io::ErrorKind::StorageFull.into()
}

fn weak() -> fumibako_signer::Refused {
    fumibako_signer::Refused::Weak("x")
}

fn each<E, T>(all: Vec<E>, of: impl Fn(E) -> T) -> Vec<T> {
    all.into_iter().map(of).collect()
}

fn refusals<T>(of: impl Fn(Refused) -> T) -> Vec<T> {
    Refusal::all().flat_map(|(why, _)| [Refused::from(why), why.about("x")]).map(of).collect()
}

/// Every trouble, with every reason that it can have.
fn all() -> Vec<Trouble> {
    every!(Trouble {
        Trouble::NoSettings(_) => [Trouble::NoSettings(path())],
        Trouble::BadSettings(..) => [Trouble::BadSettings(path(), "line 3".into())],
        Trouble::SettingMissing(_) => [Trouble::SettingMissing("trust_file")],
        Trouble::Identity(..) => each(identities(), |why| Trouble::Identity(path(), why)),
        Trouble::OwnCertificate(..) => each(unfits(), |why| Trouble::OwnCertificate(path(), why)),
        Trouble::Token { .. } => each(tokens(), |why| Trouble::Token { module: path(), label: "office".into(), why }),
        Trouble::KeyFile(..) => each(identities(), |why| Trouble::KeyFile(path(), why)),
        Trouble::OldIdentity(..) => each(identities(), |why| Trouble::OldIdentity(path(), why)),
        Trouble::Partners(_) => [Trouble::Partners(path())],
        Trouble::PartnerNote(..) => [Trouble::PartnerNote(path(), 3, "reads".into())],
        Trouble::NoPartner { .. } => each(partners(), |why| Trouble::NoPartner { office: office(), why }),
        Trouble::Seal(_) => each(seals(), Trouble::Seal),
        Trouble::Trust(..) => [Trouble::Trust(path(), CertificateError::UnknownIssuer { issuer: "x".into() })],
        Trouble::Revocation(..) => each(lists(), |why| Trouble::Revocation(path(), why)),
        Trouble::TlsAnchors(_) => [Trouble::TlsAnchors(path())],
        Trouble::CannotRead(..) => [Trouble::CannotRead(path(), io())],
        Trouble::NotAMessage(..) => each(wholes(), |why| Trouble::NotAMessage(path(), why)),
        Trouble::NobodyTrusted => [Trouble::NobodyTrusted],
        Trouble::NoGatewayTrusted => [Trouble::NoGatewayTrusted],
        Trouble::NoSuchFile(_) => [Trouble::NoSuchFile(path())],
        Trouble::NothingToCheck => [Trouble::NothingToCheck],
        Trouble::Exists(_) => [Trouble::Exists(path())],
        Trouble::Taken(_) => [Trouble::Taken(path())],
        Trouble::CannotWrite(..) => [Trouble::CannotWrite(path(), io())],
        Trouble::Output(_) => [Trouble::Output(io())],
        Trouble::Busy(_) => [Trouble::Busy(path())],
        Trouble::Deaf(_) => [Trouble::Deaf(path())],
        Trouble::Usage(_) => each(usages(), Trouble::Usage),
        Trouble::Limit(_) => each(limits(), Trouble::Limit),
        Trouble::NotAttached(..) => [NotAttached::Program, NotAttached::Unknown, NotAttached::Other]
            .map(|why| Trouble::NotAttached(path(), why)),
        Trouble::Sign(_) => each(signs(), Trouble::Sign),
        Trouble::Unreachable { .. } => [Trouble::Unreachable { host: "localhost".into(), why: "x".into() }],
        Trouble::NotTheGateway { .. } => [Trouble::NotTheGateway { host: "localhost".into(), why: "x".into() }],
        Trouble::Garbled(_) => [Trouble::Garbled("x".into())],
        Trouble::Refused { .. } =>
            refusals(|refused| Trouble::Refused { refused, reference: Some("R1".into()) }),
        Trouble::Distrust(_) => refusals(Trouble::Distrust),
        Trouble::NoGateway(_) => [Trouble::NoGateway("x".into())],
        Trouble::NoMessage(_) => [Trouble::NoMessage("x".into())],
        Trouble::NoOriginal(_) => [true, false].map(Trouble::NoOriginal),
        Trouble::Kept(..) => [NotKept::Damaged, NotKept::Key, NotKept::Message].map(|why| Trouble::Kept(path(), why)),
        Trouble::NoMandate(_) => [Trouble::NoMandate(format!("MD{:032X}", 7).parse().unwrap())],
        Trouble::Alone(_) => [Alone::OfficesGrant, Alone::AgentsConfirm].map(Trouble::Alone),
    })
}

/// The keys of the settings, from the sample that lists them all.
fn settings() -> BTreeSet<&'static str> {
    let lines = include_str!("../../../settings/sample.toml").lines();
    let key = |line: &'static str| line.trim_start_matches("# ").split_once(" = ").map(|(key, _)| key);
    let keys: BTreeSet<&str> = lines.filter_map(key).filter(|key| !key.contains(' ')).collect();
    assert!(["office", "trust_file", "token"].iter().all(|key| keys.contains(key)), "{keys:?}");
    keys
}

/// What staff cannot know or do: a key of the settings, a flag, a command; and 実行, which is what one does with a command.
fn names_the_works(words: &Words) -> bool {
    let line = words.line(Lang::En);
    let of_settings = |key: &&str| line.contains(&format!("設定 {key}")) || key.contains('_') && line.contains(*key);
    let told = ["`", "--", "fumibako ", "実行", "un it again", "_file", "設定 module", "設定 label", "標準入力"];
    told.iter().any(|word| line.contains(word)) || settings().iter().any(of_settings)
}

#[test]
fn screens_name_no_setting_and_no_command() {
    for trouble in all() {
        for lang in [Lang::Ja, Lang::En] {
            let words = trouble.on_screen(lang);
            assert!(!words.what.is_empty() && !words.next.is_empty(), "{trouble:?}");
            assert!(!names_the_works(&words), "{trouble:?}: {words:?}");
        }
    }
    let works = all().iter().filter(|trouble| names_the_works(&trouble.words(Lang::Ja))).count();
    assert!(works > 30, "the command line may name them, and does: {works}");
}

/// Japanese is written without spaces between its sentences.
#[test]
fn no_space_stands_behind_a_japanese_full_stop() {
    for trouble in all() {
        for words in [trouble.on_screen(Lang::Ja), trouble.words(Lang::Ja)] {
            let line = words.line(Lang::Ja);
            assert!(!line.contains("。 ") || line.matches("。 ").count() == line.matches("。 [").count(), "{line}");
        }
    }
}

#[test]
fn what_is_said_beside_a_refusal_stays() {
    let refused = Trouble::Refused { refused: Refusal::NotSealedToRecipient.about(""), reference: Some("R1".into()) };
    let (screen, terminal) = (refused.on_screen(Lang::Ja), refused.words(Lang::Ja));
    assert_eq!((&screen.what, screen.code, &screen.reference), (&terminal.what, terminal.code, &terminal.reference));
    let ended = Trouble::NoSuchFile(path());
    assert_eq!(ended.on_screen(Lang::En), ended.words(Lang::En));
}
