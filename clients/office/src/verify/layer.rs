//! One thing that was looked at: what it is, how it stands, and the facts beside it.

use fumibako_model::Refused;
use fumibako_model::happened::Words;
use fumibako_model::log::SetBack;
use fumibako_signer::{Certificate, ClaimedStamp, Enveloped, Signature};
use jiff::Timestamp;
use mail_parser::Message;
use serde_json::{Value, json};

use super::Form;
use crate::cli::screen::moment;

/// What is looked at, from the outside in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// The signature that everybody on the way can see.
    OuterSignature,
    /// Whether the signer's certificate leads to an authority that is trusted, and its days.
    Authority,
    /// Whether it was revoked.
    Revocation,
    /// The time stamp beside the signature, if there is one.
    TimeStamp,
    /// Whose certificate it is, and whether `From` says so.
    Holder,
    /// Whether the agent that signed had the office's mandate.
    Mandate,
    /// The fields that are repeated under the signature.
    RoutingFields,
    /// What is encrypted.
    Envelope,
    /// The signature inside.
    InnerSignature,
    /// Whether both are one office's.
    SameSigner,
    /// The fields repeated inside the seal.
    FieldsInside,
    /// For whom it was made.
    Addressed,
    /// The care-plan files.
    Files,
    /// What the gateway reports.
    Reported,
    /// Whether the evidence attached to a report is about the same.
    ReportEvidence,
    /// What another letter of the gateway says.
    Letter,
    /// What a receipt says.
    Notification,
    /// That it could not be opened.
    NotOpened,
    /// Whether it says so of the message it is held against.
    Original,
    /// The signed receipt (RFC 2634 §2) and whether it confirms that message.
    SignedReceipt,
    /// The signed head of the gateway's log of evidence.
    LogHead,
    /// Whether that signature is the gateway's.
    Gateway,
    /// That another key took the place of the one that signed, and whether it signed before.
    FormerKey,
    /// A piece of evidence, and its place in that log.
    Evidence,
    /// How the pieces follow each other.
    Sequence,
    /// What the gateway believed when it judged.
    TrustState,
    /// The certificate of who signed the bundle, when it was accepted.
    SenderCertificate,
    /// The certificate of who signed the receipt, when it was accepted.
    RecipientCertificate,
    /// The receipt itself.
    Receipt,
    /// That the content is gone, this bundle's with it.
    Erased,
    /// Whether there is evidence after that in the file.
    Later,
    /// Whether the later head continues the earlier.
    Continues,
}

/// How it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It was looked at and holds.
    Holds,
    /// It does not hold.
    Fails(Refused),
    /// It was not looked at.
    Unseen(Unseen),
}

/// Why something was not looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unseen {
    /// It rests on something that does not hold.
    Earlier,
    /// There is no key to open it.
    NoKey,
    /// It is encrypted to others than the keys given.
    OtherKey,
    /// It stands inside a seal that was not opened.
    Closed,
    /// The message it speaks about was not given.
    NoOriginal,
    /// It has no mail header.
    NoHeader,
    /// No revocation list of the authority was given.
    NoList,
    /// Nobody says whom to believe about time.
    NoStampers,
    /// Nobody says that whoever stamped the time is to be believed; others are.
    OtherClock,
    /// The file that names them cannot be read.
    UnreadStampers,
    /// The stamp was made after the moment at which all is judged.
    LaterStamp,
    /// Nothing in the file tells whether there was a mandate.
    NoMandate,
    /// There are no files.
    NoFiles,
    /// Its key was replaced; that it signed this before then no file shows.
    KeyReplaced,
    /// The same, and nobody says when that was.
    KeyReplacedSometime,
    /// It may have been left out, or have come since; a file cannot show that there is none.
    Later,
    /// The proof was made without it.
    NotInProof,
    /// Nobody said which authorities of offices to believe.
    NoOffices,
    /// It is written in a form that a later program knows.
    LaterForm,
    /// The sender's program did not repeat the fields under the signature.
    Unrepeated,
}

/// One of the things looked at.
#[derive(Clone, Debug)]
pub struct Layer {
    /// What it is.
    pub what: What,
    /// How it stands.
    pub state: State,
    /// What was found there.
    pub facts: Vec<Fact>,
}

/// Something found: for programs under its key, for people under its label.
#[derive(Clone, Debug)]
pub struct Fact {
    /// Its key in JSON.
    pub key: &'static str,
    /// What people read in front of it.
    pub label: (&'static str, &'static str),
    /// The value for programs.
    pub value: Value,
    pub(super) shown: String,
    /// In English, where that differs.
    pub(super) english: Option<&'static str>,
}

impl What {
    /// What every signed message has beside its signature.
    pub(super) const OUTSIDE: [Self; 4] = [Self::Authority, Self::Revocation, Self::Holder, Self::RoutingFields];

    /// What a message of this form has beside its signature.
    pub(super) fn outside(form: Form) -> &'static [Self] {
        match form {
            Form::Report | Form::Letter => &[Self::Gateway, Self::RoutingFields],
            _ => &Self::OUTSIDE,
        }
    }

    /// What comes behind them.
    pub(super) fn inside(form: Form) -> &'static [Self] {
        const SEALED: &[What] =
            &[What::Envelope, What::InnerSignature, What::SameSigner, What::FieldsInside, What::Addressed, What::Files];
        match form {
            Form::Sealed => SEALED,
            Form::Signed => &[Self::Addressed, Self::Files],
            Form::Receipt => &[Self::Addressed, Self::Notification, Self::Original],
            Form::Failure => &[Self::Addressed, Self::NotOpened],
            Form::Report => &[Self::Reported, Self::ReportEvidence],
            Form::Letter => &[Self::Letter],
            Form::SignedReceipt => &[Self::SignedReceipt],
            Form::Unsigned | Form::Proof => &[],
        }
    }
}

impl From<Result<(), Refused>> for State {
    fn from(result: Result<(), Refused>) -> Self {
        match result {
            Ok(()) => Self::Holds,
            Err(why) => Self::Fails(why),
        }
    }
}

impl Fact {
    pub(crate) fn text(key: &'static str, ja: &'static str, en: &'static str, value: Option<String>) -> Self {
        let shown = value.clone().unwrap_or_else(|| "-".into());
        Self { key, label: (ja, en), value: json!(value), shown, english: None }
    }

    /// A word of ours: for programs, and for people.
    pub(crate) fn word(key: &'static str, label: Words, value: &str, (ja, en): Words) -> Self {
        Self { key, label, value: json!(value), shown: ja.into(), english: Some(en) }
    }

    /// A text of several lines, if there is any.
    pub(super) fn lines(key: &'static str, text: &str) -> Vec<Self> {
        let lines: Vec<_> = text.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
        let fact = Self::text(key, "内容", "text", Some(lines.join("\n")));
        if lines.is_empty() { Vec::new() } else { vec![fact] }
    }

    pub(crate) fn moment(key: &'static str, ja: &'static str, en: &'static str, at: Option<Timestamp>) -> Self {
        Self { key, label: (ja, en), value: json!(at), shown: at.map_or_else(|| "-".into(), moment), english: None }
    }

    pub(crate) fn count(key: &'static str, ja: &'static str, en: &'static str, count: usize) -> Self {
        Self { key, label: (ja, en), value: json!(count), shown: count.to_string(), english: None }
    }

    fn yes(key: &'static str, ja: &'static str, en: &'static str, yes: bool) -> Self {
        Self { key, label: (ja, en), value: json!(yes), shown: String::new(), english: None }
    }
}

/// Whose signature it is. When it was made is only the signer's word.
pub(super) fn signer(signature: &Signature) -> Vec<Fact> {
    let signer = signature.signer();
    vec![
        Fact::text("subject", "証明書", "certificate", Some(signer.subject())),
        Fact::text("serial", "番号", "serial number", Some(signer.serial_hex())),
        Fact::text("sha256", "指紋（SHA-256）", "SHA-256", Some(signer.fingerprint_hex())),
        Fact::text("algorithm", "方式", "algorithm", Some(signature.algorithm().to_string())),
        Fact::moment("claimed_time", "署名日時（本人の申告）", "signed (the signer's word)", signature.signing_time()),
    ]
}

pub(super) fn office_named(office: Option<String>) -> Fact {
    Fact::text("office", "証明書の事業所", "office in the certificate", office)
}

pub(super) fn authority(signer: &Certificate) -> Vec<Fact> {
    vec![
        Fact::text("issuer", "発行元", "issued by", Some(signer.issuer())),
        Fact::moment("not_before", "有効期間の始まり", "valid from", Some(signer.not_before())),
        Fact::moment("not_after", "有効期間の終わり", "valid until", Some(signer.not_after())),
    ]
}

/// Profile §8.20: every time that the log lost its end, as the gateway says, the latest first.
pub(super) fn set_back(latest: &SetBack) -> Fact {
    let shown = |SetBack { size, at, lost, .. }: &SetBack| {
        let lost = lost.map_or_else(String::new, |lost| format!("{lost} → "));
        format!("{lost}{size}（{}）", moment(*at))
    };
    let value = |SetBack { size, at, lost, .. }: &SetBack| json!({ "size": size, "at": at, "lost": lost });
    Fact {
        key: "set_back",
        label: ("記録の後戻り（件数、日時）", "the log went back (pieces, when)"),
        value: latest.all().map(value).collect(),
        shown: latest.all().map(shown).collect::<Vec<_>>().join(", "),
        english: None,
    }
}

/// RFC 3161: the signature existed by then, says whoever stamped.
pub(super) fn time_stamp(stamp: &ClaimedStamp) -> Vec<Fact> {
    vec![
        Fact::moment("time", "日時", "time", Some(stamp.time())),
        Fact::text("stamped_by", "タイムスタンプ局", "stamped by", Some(stamp.signer().subject())),
        Fact::text("stamp_serial", "番号", "serial number", Some(stamp.serial_hex())),
    ]
}

pub(super) fn routing(outer: &Message<'_>) -> Vec<Fact> {
    let date = outer.date().and_then(|date| Timestamp::from_second(date.to_timestamp()).ok());
    vec![
        Fact::text("message_id", "Message-ID", "Message-ID", outer.message_id().map(str::to_owned)),
        Fact::moment("date", "作成日時（Date）", "Date", date),
    ]
}

pub(super) fn envelope(envelope: &Enveloped) -> Vec<Fact> {
    vec![
        Fact::count("readers", "開ける証明書の数", "certificates that open it", envelope.readers()),
        Fact::text("cipher", "方式", "cipher", Some(envelope.cipher().into())),
    ]
}

/// What was seen once it was open.
pub(super) fn opened(mut facts: Vec<Fact>, compressed: bool) -> Vec<Fact> {
    facts.push(Fact::yes("compressed", "圧縮", "compressed", compressed));
    facts
}
