//! Evidence that stands alone, judged offline: the log's head, each piece's place, the certificates as they were then, the receipt
//! (Profile §8.19). Nothing is believed for standing in the file.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fumibako_model::log::{Hash, Head, extended, included, leaf};
use fumibako_model::{
    Continuation, Domain, Erased, Event, Evidence, KeyStanding, LogEntry, Notification, Party, ProofFile, Proven,
    Pruned, Pruning, Recorded, Refusal, Refused, TrustState, Witnesses, as_it_came, happened, hash, not_signed,
    not_trusted, revoked,
};
use fumibako_signer::{
    Certificate, ClaimedStamp, Identity, RevocationError, RevocationNews, Signature, Signed, Trust, WithoutList,
    enclosed, unhex,
};
use jiff::Timestamp;

use super::layer::{self, Fact, State, Unseen, What};
use super::stamp::{Lists, Stampers};
use super::{Form, Report, receipt};
use crate::owner::holder;
use crate::receipt::{facts, notification};

/// The key of the fact that says whose word it is whose a certificate is, and its value where that is the gateway's.
pub(super) const NAMED_BY: &str = "named_by";
pub(super) const ON_THE_ROLL: &str = "gateway-roll";
/// Most pieces in one file; a bundle has a handful.
const PIECES: usize = 100;

/// What a file of evidence says, as far as it can be read. Whether that is true says the [`Report`].
#[derive(Clone, Debug)]
pub struct Witnessed {
    /// The pieces, the oldest first.
    pub pieces: Vec<Recorded>,
    /// The head they stand under.
    pub head: Option<Head>,
    /// Who signed the receipt, where there is one.
    pub receipt: Option<Notification>,
    /// The recipient's word that it could not open it, where the file has it and it holds.
    pub failure: Option<Notification>,
    /// That the content is gone, where that holds.
    pub erased: Option<Erased>,
}

/// Who vouches for what, as whoever asks says. None of them vouches for anything of another's.
#[derive(Clone, Copy, Debug)]
pub struct Vouchers<'v> {
    /// For the gateway's evidence.
    pub gateway: &'v Witnesses,
    /// For the certificates of offices, where somebody said so.
    pub offices: Option<&'v Trust>,
    /// For time stamps (RFC 3161 §2.3), where somebody said so.
    pub stampers: Option<&'v Stampers>,
}

/// What rests on what.
struct Look<'l> {
    file: &'l ProofFile,
    /// Offices' authorities, with what they revoked as the file says.
    offices: Option<Trust>,
    certificates: Vec<Certificate>,
    pieces: Vec<Recorded>,
    domain: Option<Domain>,
}

/// Judges it by whom `by` names; `original` is the bundle as it was sent, with the keys that may open it. Everything is judged as of
/// then; the present only has to come after a time stamp.
pub fn verify_proof(
    file: &ProofFile,
    by: Vouchers<'_>,
    (original, keys): (Option<&[u8]>, &[Identity]),
    now: Timestamp,
) -> (Report, Witnessed) {
    let mut report = Report::new(Form::Proof);
    let (head, standing) = report.head(file, by);
    let stamped = report.head_stamped(file, by.stampers, now);
    report.key(standing, stamped);
    let pieces: Vec<Recorded> = file.entries.iter().take(PIECES).filter_map(|one| read(one).ok()).collect();
    report.pieces(file, head.as_ref());
    let domain = head.as_ref().and_then(|head| head.log.parse().ok());
    let certificates =
        file.certificates.iter().filter_map(|one| Certificate::from_der(&STANDARD.decode(one).ok()?).ok());
    let look = Look {
        file,
        offices: by.offices.map(|offices| as_of_then(offices, file)),
        certificates: certificates.collect(),
        pieces,
        domain,
    };
    report.sequence(&look);
    report.trust_state(&look);
    report.parties(&look);
    let pieces = look.pieces.iter().map(|one| &one.evidence);
    report.mandates(pieces, &file.deeds, (look.offices.as_ref(), look.domain.as_ref()));
    let failure = report.said(&look, What::NotOpened, (look.failed(), file.failure.as_ref()), (None, &[]));
    let receipt = report.said(&look, What::Receipt, (look.acknowledged(), file.receipt.as_ref()), (original, keys));
    let erased = report.erased(file.erased.as_ref(), (look.piece(Event::SubmissionAcceptance), head.as_ref()));
    // Profile §8.19: pieces prove what happened and not that nothing did since; the last may have been cut off.
    report.add(What::Later, State::Unseen(Unseen::Later), Vec::new());
    report.about(&look, original);
    (report, Witnessed { pieces: look.pieces, head, receipt, failure, erased })
}

/// Judges whether a later head continues an earlier one (Profile §8.20).
pub fn verify_continuation(file: &Continuation, gateway: &Witnesses) -> Report {
    let mut report = Report::new(Form::Proof);
    let by = Vouchers { gateway, offices: None, stampers: None };
    let mut one = |head: &String| report.head(&ProofFile { head: head.clone(), ..ProofFile::default() }, by);
    // What a key signed that was replaced is confirmed by one that was not.
    let ((earlier, _), (later, standing)) = (one(&file.earlier), one(&file.later));
    report.key(standing, None);
    let between: Option<Vec<Hash>> = file.between.iter().map(|hash| octets(hash)).collect();
    let state = match (earlier, later, between) {
        (Some(earlier), Some(later), Some(between)) => {
            let roots = octets(&earlier.root).zip(octets(&later.root));
            let holds = roots.is_some_and(|(was, is)| extended((earlier.size, &was), (later.size, &is), &between));
            if holds && earlier.log == later.log { State::Holds } else { broken("RFC 9162 §2.1.4") }
        }
        (Some(_), Some(_), None) => broken("between"),
        _ => State::Unseen(Unseen::Earlier),
    };
    report.add(What::Continues, state, Vec::new());
    report
}

pub(super) fn broken(about: impl std::fmt::Display) -> State {
    State::Fails(Refusal::EvidenceBroken.about(about))
}

fn read(one: &Proven) -> Result<Recorded, String> {
    serde_json::from_str(&one.entry).map_err(|why| why.to_string())
}

pub(super) fn octets(hex: &str) -> Option<Hash> {
    unhex(hex)?.try_into().ok()
}

/// The authorities with the lists of the file, in place of those of today: what was known then is what counts.
fn as_of_then(own: &Trust, file: &ProofFile) -> Trust {
    let news = kept(own, file);
    // Where the file has none, whoever asks may have some. Where nothing tells what an authority revoked, that was not looked at,
    // however the settings believe it.
    if news.is_empty() { own.without_list(WithoutList::Refuse) } else { own.with_news(news, WithoutList::Refuse) }
}

/// What the file has of these authorities' word on what they revoked.
fn kept(own: &Trust, file: &ProofFile) -> Vec<RevocationNews> {
    let read = |one: &String| own.read_news(&STANDARD.decode(one).ok()?).ok();
    file.revocation.iter().filter_map(read).collect()
}

impl Look<'_> {
    fn piece(&self, event: Event) -> Option<&Evidence> {
        self.pieces.iter().map(|one| &one.evidence).find(|one| one.event == event)
    }

    /// The recipient's word that it could not open it.
    fn failed(&self) -> Option<&Evidence> {
        self.pieces.iter().map(|one| &one.evidence).find(|one| one.fault.is_some())
    }

    /// The handover that a receipt proves.
    fn acknowledged(&self) -> Option<&Evidence> {
        self.pieces
            .iter()
            .map(|one| &one.evidence)
            .find(|one| one.event == Event::ContentHandover && one.receipt.is_some())
    }

    fn certificate(&self, fingerprint: &str) -> Option<&Certificate> {
        self.certificates.iter().find(|one| one.fingerprint_hex() == fingerprint)
    }
}

impl Report {
    /// Profile §8.13: the signature over the log, whose it is, and how its key stands.
    fn head(&mut self, file: &ProofFile, by: Vouchers<'_>) -> (Option<Head>, KeyStanding) {
        let opened = STANDARD.decode(&file.head).map_err(|why| why.to_string());
        let opened = opened.and_then(|der| enclosed(&der).map_err(|why| why.to_string()));
        let read = opened.and_then(|(signature, inside)| {
            let head: Head = serde_json::from_slice(&inside).map_err(|why| why.to_string())?;
            Ok((signature, head))
        });
        let (signature, head) = match read {
            Ok(read) => read,
            Err(why) => {
                self.add(What::LogHead, broken(why), Vec::new());
                self.unseen_all(&[What::Gateway], Unseen::Earlier);
                return (None, KeyStanding::Present);
            }
        };
        let mut facts = vec![
            Fact::text("log", "ゲートウェイ", "gateway", Some(head.log.clone())),
            Fact::text("size", "記録の件数", "pieces in the log", Some(head.size.to_string())),
            Fact::moment("at", "署名日時", "signed", Some(head.at)),
        ];
        facts.extend(head.set_back.as_ref().map(layer::set_back));
        facts.extend(layer::signer(&signature));
        self.add(What::LogHead, State::Holds, facts);
        let (believed, standing) = match is_the_gateways(&signature, (&head.log, head.at), by) {
            Ok(standing) => (Ok(()), Some(standing)),
            Err(why) => (Err(why), None),
        };
        self.add(What::Gateway, believed, layer::authority(signature.signer()));
        (standing.and(Some(head)), standing.unwrap_or(KeyStanding::Present))
    }

    /// Profile §8.16: another key took the place of this one. Who has it could sign today what looks as if it were of then; only a time
    /// stamp of before shows that it was.
    pub(super) fn key(&mut self, standing: KeyStanding, stamped: Option<Timestamp>) {
        let KeyStanding::Replaced(until) = standing else { return };
        let before = until.zip(stamped).is_some_and(|(until, stamped)| stamped <= until);
        let state = match until {
            _ if before => State::Holds,
            Some(_) => State::Unseen(Unseen::KeyReplaced),
            None => State::Unseen(Unseen::KeyReplacedSometime),
        };
        self.add(What::FormerKey, state, vec![Fact::moment("replaced", "鍵を替えた日時", "replaced", until)]);
    }

    /// RFC 3161: the head existed by then, says an authority; so did every piece under it. Whether that one was revoked is judged as of now, by
    /// what the file has: when it stamped is the stamper's own word, and a thief of its key writes any (§4).
    fn head_stamped(&mut self, file: &ProofFile, stampers: Option<&Stampers>, now: Timestamp) -> Option<Timestamp> {
        let stamp = file.stamp.as_ref()?;
        let (stamp, der) =
            (STANDARD.decode(stamp).unwrap_or_default(), STANDARD.decode(&file.head).unwrap_or_default());
        let mut digest = [0; 32];
        digest.copy_from_slice(fumibako_signer::Hash::Sha256.of(&der).as_ref());
        // Whoever asks may have lists that the file has not; both count.
        let trust = stampers.and_then(Stampers::trust).map(|trust| trust.with_more_news(kept(trust, file)));
        let claimed = ClaimedStamp::read(&stamp, &digest);
        let time = claimed.as_ref().ok().map(ClaimedStamp::time);
        let holds = self.time_stamp(claimed, (stampers, trust.as_slice()), (now, Lists::Kept));
        time.filter(|_| holds)
    }

    /// RFC 9162 §2.1.3.2: each piece is what the log has in its place.
    fn pieces(&mut self, file: &ProofFile, head: Option<&Head>) {
        if file.entries.is_empty() || file.entries.len() > PIECES {
            return self.add(What::Evidence, broken(format_args!("{} pieces", file.entries.len())), Vec::new());
        }
        for one in &file.entries {
            let entry = match one.entry.parse::<LogEntry>() {
                Ok(entry) => entry,
                Err(why) => {
                    self.add(What::Evidence, broken(why), Vec::new());
                    continue;
                }
            };
            let state = match head {
                None => State::Unseen(Unseen::Earlier),
                Some(head) if stands_in(one, entry.n(), head) => State::Holds,
                Some(_) => broken(entry.id()),
            };
            self.add(What::Evidence, state, said(&entry));
        }
    }

    /// They are about one bundle, and each names the one before.
    fn sequence(&mut self, look: &Look<'_>) {
        if look.pieces.len() < 2 {
            return;
        }
        let digest = look.pieces.first().and_then(|one| one.evidence.sha256.clone());
        let one_bundle = |a: &Evidence, b: &Evidence| {
            let same = b.sha256.is_none() || b.sha256 == digest;
            same && (&a.message_id, a.from, a.to) == (&b.message_id, b.from, b.to)
        };
        let follows = |pair: &[Recorded]| {
            let [before, after] = pair else { return false };
            after.previous == Some(before.id) && before.n < after.n && one_bundle(&before.evidence, &after.evidence)
        };
        // A report has one piece alone; where more are told, they are told from the beginning.
        let headless = look.pieces.first().filter(|first| first.previous.is_some());
        let wrong =
            headless.or_else(|| look.pieces.windows(2).find(|pair| !follows(pair)).and_then(|pair| pair.get(1)));
        let state = wrong.map_or(State::Holds, |wrong| broken(wrong.id));
        // The order is that of the log. A clock that was put right between two events is no fault of either.
        let back = |pair: &&[Recorded]| matches!(pair, [before, after] if after.evidence.at < before.evidence.at);
        let back = look.pieces.windows(2).find(back).and_then(|pair| pair.get(1)).map(|after| after.evidence.at);
        let back = back.map(|at| {
            Fact::moment("clock_back", "ゲートウェイの時計が戻されたあと", "the clock was set back before", Some(at))
        });
        self.add(What::Sequence, state, back.into_iter().collect());
    }

    /// Profile §8.18: the lists in the file are of those that counted.
    fn trust_state(&mut self, look: &Look<'_>) {
        let named: Vec<&String> = look.pieces.iter().filter_map(|one| one.evidence.trust.as_ref()).collect();
        if named.is_empty() && look.file.revocation.is_empty() {
            return;
        }
        let states: Vec<&TrustState> = look.file.trust.iter().collect();
        let missing = named.iter().find(|name| !states.iter().any(|state| state.name() == ***name));
        let of_then = |one: &String| {
            let octets = STANDARD.decode(one).unwrap_or_default();
            states.iter().any(|state| named.iter().any(|name| state.name() == **name) && state.has(&hash(&octets)))
        };
        let state = match (missing, look.file.revocation.iter().all(of_then)) {
            (Some(_), _) if look.file.trust.is_empty() => State::Unseen(Unseen::NotInProof),
            (Some(name), _) => broken(name),
            (None, false) => broken("revocation"),
            (None, true) => State::Holds,
        };
        self.add(
            What::TrustState,
            state,
            vec![Fact::count("lists", "失効リスト", "lists", look.file.revocation.len())],
        );
    }

    /// The certificates, as they were judged when the bundle and the receipt came.
    fn parties(&mut self, look: &Look<'_>) {
        for (what, one, receives) in [
            (What::SenderCertificate, look.piece(Event::SubmissionAcceptance), false),
            (What::RecipientCertificate, look.failed(), true),
            (What::RecipientCertificate, look.acknowledged(), true),
        ] {
            let Some(one) = one else { continue };
            let found = one.signer.as_ref().and_then(|signer| look.certificate(signer));
            let (Some(certificate), Some(trust), Some(domain)) = (found, &look.offices, &look.domain) else {
                let why = match (found, &look.offices) {
                    (None, _) => Unseen::NotInProof,
                    (_, None) => Unseen::NoOffices,
                    // Nobody is an office of a gateway that is none.
                    _ => Unseen::Earlier,
                };
                self.add(what, State::Unseen(why), Vec::new());
                continue;
            };
            let mut facts = vec![Fact::text("subject", "証明書", "certificate", Some(certificate.subject()))];
            facts.extend(layer::authority(certificate));
            let judged = is_its(look, (trust, domain), (certificate, one, receives));
            let leads = judged.is_ok();
            facts.extend(judged.as_ref().ok().map(|named| named.fact()));
            self.add(what, judged.map(|_| ()), facts);
            let state = match trust.check_revocation_of(certificate, &look.certificates, one.at) {
                _ if !leads => State::Unseen(Unseen::Earlier),
                Ok(()) => State::Holds,
                Err(RevocationError::NoList { .. }) => State::Unseen(Unseen::NoList),
                Err(RevocationError::Certificate(why)) => State::Fails(not_trusted(why)),
                Err(why) => State::Fails(revoked(why)),
            };
            self.add(What::Revocation, state, Vec::new());
        }
    }

    /// Profile §8.2, §8.22: what the recipient said is what the evidence names, and says what the evidence says.
    fn said(
        &mut self,
        look: &Look<'_>,
        what: What,
        (evidence, octets): (Option<&Evidence>, Option<&String>),
        original: (Option<&[u8]>, &[Identity]),
    ) -> Option<Notification> {
        let evidence = evidence?;
        let Some(octets) = octets else {
            self.add(what, State::Unseen(Unseen::NotInProof), Vec::new());
            return None;
        };
        let octets = STANDARD.decode(octets).unwrap_or_default();
        let accepted = look.piece(Event::SubmissionAcceptance);
        match confirmed(&octets, evidence, accepted) {
            Ok((signature, notification)) => {
                let clock = accepted.and_then(|accepted| receipt::stated_before(&octets, &signature, accepted.at));
                let facts = [layer::signer(&signature), clock.into_iter().collect(), facts(&notification)].concat();
                self.add(what, State::Holds, facts);
                if let Ok(signed) = Signed::read(&octets) {
                    self.signed_receipt(signed.part(), &signature, original);
                }
                Some(notification)
            }
            Err(why) => {
                self.add(what, State::Fails(why), Vec::new());
                None
            }
        }
    }

    /// Whether all this is about the message given.
    fn about(&mut self, look: &Look<'_>, original: Option<&[u8]>) {
        let (Some(original), Some(one)) = (original, look.pieces.first()) else {
            return self.add(What::Original, State::Unseen(Unseen::NoOriginal), Vec::new());
        };
        let holds = one.evidence.sha256.as_ref().is_some_and(|digest| as_it_came(original, digest).is_some());
        let state = if holds { State::Holds } else { State::Fails(Refusal::ReceiptDigestDiffers.about("SHA-256")) };
        self.add(What::Original, state, Vec::new());
    }
}

/// Profile §8.16: the certificate names the gateway of that domain, under the authority of its evidence, and its key signed by then.
pub(super) fn is_the_gateways(
    signature: &Signature,
    (domain, at): (&str, Timestamp),
    by: Vouchers<'_>,
) -> Result<KeyStanding, Refused> {
    let standing = by.gateway.judge(signature, at)?;
    let signer = signature.signer();
    // Who is believed about time writes no evidence, whatever else the file of authorities holds.
    let stampers = by.stampers.and_then(Stampers::trust);
    if let Some(other) = stampers.into_iter().flat_map(Trust::anchors).find(|one| signer.is_signed_by(one)) {
        return Err(Refusal::UnknownAuthority.about(format_args!("{}: --stamp-authority", other.subject())));
    }
    let name = format!("gateway@{domain}");
    let named = signer.rfc822_names().iter().any(|known| known.eq_ignore_ascii_case(&name));
    if named { Ok(standing) } else { Err(Refusal::NotItsCertificate.about(name)) }
}

/// Is the piece what the log has under this number?
pub(super) fn stands_in(one: &Proven, n: u64, head: &Head) -> bool {
    let path: Option<Vec<Hash>> = one.path.iter().map(|hash| octets(hash)).collect();
    let (Some(path), Some(root)) = (path, octets(&head.root)) else { return false };
    included(&leaf(one.entry.as_bytes()), n, (head.size, &root), &path)
}

/// What a piece says, whatever it is about.
fn said(entry: &LogEntry) -> Vec<Fact> {
    let mut facts = vec![
        Fact::text("id", "証跡番号", "id", Some(entry.id().to_string())),
        Fact::word("event", ("出来事", "event"), entry.kind(), happened::entry(entry)),
        Fact::moment("at", "日時", "time", Some(entry.at())),
    ];
    facts.extend(match entry {
        LogEntry::Bundle(one) => of_a_bundle(&one.evidence),
        LogEntry::Erased(Erased { day, count, root, .. }) => vec![
            Fact::text("day", "届いた日（UTC）", "came on (UTC)", Some(day.to_string())),
            Fact::text("count", "消去した通数", "messages erased", Some(count.to_string())),
            Fact::text("root", "消去したものの SHA-256", "SHA-256 of what was erased", Some(root.clone())),
        ],
        LogEntry::Pruned(Pruned { pruning: Pruning { from, until, root, years, .. }, .. }) => vec![
            Fact::text("from", "整理した最初の番号", "first number that went", Some(from.to_string())),
            Fact::text("until", "残った最初の番号", "first number that stayed", Some(until.to_string())),
            Fact::text("root", "整理したものの SHA-256", "SHA-256 of what went", Some(root.clone())),
            Fact::text("years", "保存年数", "years kept", Some(years.to_string())),
        ],
    });
    facts.push(Fact::text("n", "記録の番号", "number in the log", Some(entry.n().to_string())));
    facts
}

fn of_a_bundle(evidence: &Evidence) -> Vec<Fact> {
    vec![
        reason(evidence),
        Fact::text(
            "fault",
            "送信先の返事",
            "the recipient's word",
            evidence.fault.map(|fault| fault.word().to_owned()),
        ),
        Fact::text("from", "送信した事業所", "from", Some(evidence.from.to_string())),
        Fact::text("to", "受け取る事業所", "to", Some(evidence.to.to_string())),
        Fact::text("message_id", "Message-ID", "Message-ID", Some(evidence.message_id.clone())),
        Fact::text("sha256", "送信データの SHA-256", "SHA-256 of the bundle", evidence.sha256.clone()),
    ]
}

/// Why, or on whose word.
fn reason(evidence: &Evidence) -> Fact {
    let name = evidence.reason.and_then(|reason| serde_json::to_value(reason).ok());
    match (evidence.reason, name.as_ref().and_then(|name| name.as_str())) {
        (Some(reason), Some(name)) => Fact::word("reason", ("事由", "reason"), name, happened::reason(reason)),
        _ => Fact::text("reason", "事由", "reason", None),
    }
}

/// Whose word it is that a certificate is the office's.
#[derive(Clone, Copy)]
enum Named {
    /// It says so itself, or the file of partners does of one that says nothing.
    Here,
    /// Nothing here says whose it is: the gateway's roll did, and the evidence is the gateway's word.
    OnTheRoll,
}

impl Named {
    fn fact(self) -> Fact {
        let (id, words) = match self {
            Self::Here => ("certificate", ("証明書", "the certificate")),
            Self::OnTheRoll => (
                ON_THE_ROLL,
                ("ゲートウェイの登録簿（証明書には書かれていません）", "the gateway's roll; not in the certificate"),
            ),
        };
        Fact::word(NAMED_BY, ("だれのものかを示すもの", "who says whose it is"), id, words)
    }
}

/// It leads to an authority, and is that of the office that signed, or of the agent that the evidence names.
fn is_its(
    look: &Look<'_>,
    (trust, domain): (&Trust, &Domain),
    (certificate, one, receives): (&Certificate, &Evidence, bool),
) -> Result<Named, Refused> {
    trust.check_certificate(certificate, &look.certificates, one.at).map_err(not_trusted)?;
    let office = if receives { one.to } else { one.from };
    let agent = one.by.as_ref().map(|by| &by.agent);
    match holder((certificate, &look.certificates), trust, domain, one.at) {
        // Where no certificate names its office the gateway's roll said whose it is.
        Ok(None) => Ok(Named::OnTheRoll),
        Ok(Some(Party::Office(named))) if named == office => Ok(Named::Here),
        Ok(Some(Party::Agent(named))) if agent == Some(&named) => Ok(Named::Here),
        _ => Err(Refusal::NotItsCertificate.about(office)),
    }
}

/// The receipt, if it is the one that the evidence speaks of and acknowledges this bundle.
fn confirmed(
    octets: &[u8],
    evidence: &Evidence,
    accepted: Option<&Evidence>,
) -> Result<(Signature, Notification), Refused> {
    if Some(hash(octets)) != evidence.receipt_sha256 {
        return Err(Refusal::EvidenceBroken.about("SHA-256"));
    }
    let signed = Signed::read(octets).map_err(|why| not_signed(&why))?;
    let signature = signed.verify().map_err(|why| not_signed(&why))?;
    if Some(signature.signer().fingerprint_hex()) != evidence.signer {
        return Err(Refusal::NotItsCertificate.into());
    }
    let notification = notification(signed.part()).ok_or(Refusal::MessageMalformed)?;
    match evidence.fault {
        None => notification.is_processed()?,
        Some(_) if notification.fault().is_some() => {}
        Some(_) => return Err(Refusal::EvidenceBroken.about("fault")),
    }
    if notification.original.as_ref() != Some(&evidence.message_id) {
        return Err(Refusal::ReceiptUnknownMessage.about("Original-Message-ID"));
    }
    let named = notification.digest.map(|digest| fumibako_signer::hex(&digest));
    // Who cannot open a bundle need not name its digest; where it stands it must be right.
    let asked = evidence.fault.is_none() || named.is_some();
    if asked && accepted.is_some_and(|accepted| accepted.content.is_some() && accepted.content != named) {
        return Err(Refusal::ReceiptDigestDiffers.into());
    }
    let by = notification.recipient.as_ref().and_then(fumibako_model::Address::office_number);
    if by == Some(evidence.to) { Ok((signature, notification)) } else { Err(Refusal::ReceiptNotByRecipient.into()) }
}

/// When a bundle came so far, as the evidence says.
impl Witnessed {
    /// The piece of this event, the last if there are several.
    pub fn last(&self, event: Event) -> Option<&Evidence> {
        self.pieces.iter().rev().map(|one| &one.evidence).find(|one| one.event == event)
    }

    /// Is the last piece the recipient's receipt, after which nothing more is awaited?
    pub fn ends_acknowledged(&self) -> bool {
        self.pieces
            .last()
            .is_some_and(|one| one.evidence.event == Event::ContentHandover && one.evidence.receipt.is_some())
    }

    /// When the head was signed that vouches for all.
    pub fn signed_at(&self) -> Option<Timestamp> {
        self.head.as_ref().map(|head| head.at)
    }
}

#[cfg(test)]
mod tests;
