//! Receipts: what they say, and whether they say it of the message they are held against.

use fumibako_model::{Address, CLOCK_SKEW, Notification, OfficeNumber, Refusal, Refused, not_signed};
use fumibako_signer::{Identity, ReceiptError, Signature, Signed, SignedReceipt};
use jiff::Timestamp;
use mail_parser::Message;

use super::layer::{self, Fact, State, Unseen, What};
use super::{Form, Judge, Report};
use crate::bundle::open as rules;
use crate::receipt::{facts, notification, signed_receipt};

/// Is this a signed receipt as other programs send it, with nothing around it?
pub(super) fn is_alone(message: &[u8]) -> bool {
    !matches!(SignedReceipt::read(message), Err(ReceiptError::NotAReceipt))
        && rules::headers_of(message).is_ok_and(|header| rules::is_envelope(&header))
}

impl Report {
    /// Profile §8.2: what a receipt says, and whether its signer may say it.
    pub(super) fn receipt(
        &mut self,
        part: &[u8],
        outer: &Message<'_>,
        (signature, from): (&Signature, &Result<OfficeNumber, Refused>),
        judge: &Judge<'_>,
    ) {
        self.addressed(outer);
        let Some(notification) = notification(part) else { return };
        let by = notification.recipient.as_ref().and_then(Address::office_number);
        let its_own = from.as_ref().is_ok_and(|from| by == Some(*from));
        let its_own = if its_own { Ok(()) } else { Err(Refusal::ReceiptNotByRecipient.about("Final-Recipient")) };
        let original = judge.original.map(|original| agrees(&notification, by, original));
        // Profile §8.22: the same kind of message, and no receipt.
        if notification.fault().is_some() {
            let state = its_own.and(original.unwrap_or(Ok(())));
            return self.add(What::NotOpened, state, facts(&notification));
        }
        self.add(What::Notification, its_own.and_then(|()| notification.is_processed()), facts(&notification));
        self.add(What::Original, original.map_or(State::Unseen(Unseen::NoOriginal), State::from), Vec::new());
        self.signed_receipt(part, signature, (judge.original, judge.keys));
    }

    /// Profile §8.8: the signed receipt beside the notification, held against what it confirms, as far as that is there and opens. A
    /// receipt without one is as good as ever.
    pub(super) fn signed_receipt(
        &mut self,
        part: &[u8],
        signature: &Signature,
        original: (Option<&[u8]>, &[Identity]),
    ) {
        let Some(entity) = signed_receipt(part) else { return };
        let read = SignedReceipt::read(&entity).map_err(|why| broken(&why));
        let state = match read {
            Err(why) => State::Fails(why),
            // One office answers for both, so its certificate was judged already.
            Ok(receipt) if receipt.signature().signer() != signature.signer() => {
                State::Fails(Refusal::NotItsCertificate.about("signed receipt"))
            }
            Ok(receipt) => confirms(&receipt, original),
        };
        self.add(What::SignedReceipt, state, Vec::new());
    }

    pub(super) fn of_a_signed_receipt(message: &[u8], judge: &Judge<'_>) -> Self {
        let mut report = Self::new(Form::SignedReceipt);
        let receipt = match SignedReceipt::read(message) {
            Ok(receipt) => receipt,
            Err(why) => {
                report.add(What::OuterSignature, State::Fails(broken(&why)), Vec::new());
                report.unseen_all(&What::OUTSIDE[..3], Unseen::Earlier);
                report.unseen_all(What::inside(Form::SignedReceipt), Unseen::Earlier);
                return report;
            }
        };
        let signature = receipt.signature();
        report.add(What::OuterSignature, State::Holds, layer::signer(signature));
        report.certificate(signature, judge);
        match rules::headers_of(message) {
            Ok(header) if header.from().is_some() => {
                report.holder(signature, &header, &rules::only_office(&header), judge);
            }
            _ => {
                let names = signature.signer().rfc822_names().join(", ");
                let fact = Fact::text("office", "証明書の持ち主", "holder of the certificate", Some(names));
                report.add(What::Holder, State::Unseen(Unseen::NoHeader), vec![fact]);
            }
        }
        let state = match addressee(judge) {
            Some(to) if judge.owner(signature, &to.domain) != to.office_number() => {
                State::Fails(Refusal::ReceiptNotByRecipient.into())
            }
            _ => confirms(&receipt, (judge.original, judge.keys)),
        };
        report.add(What::SignedReceipt, state, Vec::new());
        report
    }
}

/// Profile §8.23: a receipt that says it was signed, or dated, before the bundle had come. It counts; whoever reads it is told whose clock
/// that is. The value is the earliest moment that it states.
pub(super) fn stated_before(octets: &[u8], signature: &Signature, accepted: Timestamp) -> Option<Fact> {
    let header = rules::headers_of(octets).ok()?;
    let dated = header.date().filter(|date| date.is_valid());
    let dated = dated.and_then(|date| Timestamp::from_second(date.to_timestamp()).ok());
    let signed = Signed::read(octets).ok().and_then(|signed| signed_receipt(signed.part()));
    let signed = signed.and_then(|entity| SignedReceipt::read(&entity).ok()?.signature().signing_time());
    let earliest = [dated, signature.signing_time(), signed].into_iter().flatten().min()?;
    let words =
        ("署名の日時が受付より前です（相手先の時計）", "signed before the bundle was accepted (the recipient's clock)");
    let fact = || Fact::word("clock", ("注意", "note"), &earliest.to_string(), words);
    (accepted.duration_since(earliest) > CLOCK_SKEW).then(fact)
}

/// Whom the original was sent to.
fn addressee(judge: &Judge<'_>) -> Option<Address> {
    rules::address(rules::headers_of(judge.original?).ok()?.to())
}

/// Profile §8.4: the notification names this message, its content, and the office it was sent to.
fn agrees(notification: &Notification, by: Option<OfficeNumber>, original: &[u8]) -> Result<(), Refused> {
    let header = rules::headers_of(original)?;
    if notification.original.as_deref() != header.message_id() {
        return Err(Refusal::ReceiptUnknownMessage.about("Original-Message-ID"));
    }
    if by.is_none() || rules::address(header.to()).and_then(|to| to.office_number()) != by {
        return Err(Refusal::ReceiptNotByRecipient.about("To"));
    }
    if notification.digest.is_none() && notification.fault().is_some() {
        return Ok(());
    }
    let signature = Signed::read(original).and_then(|signed| signed.verify()).map_err(|why| not_signed(&why))?;
    if notification.digest.as_ref() == Some(signature.digest()) {
        Ok(())
    } else {
        Err(Refusal::ReceiptDigestDiffers.into())
    }
}

/// RFC 2634 §2.6: held against the innermost signature of what was sent.
fn confirms(receipt: &SignedReceipt, (original, keys): (Option<&[u8]>, &[Identity])) -> State {
    let Some(original) = original else { return State::Unseen(Unseen::NoOriginal) };
    match rules::innermost(original, keys) {
        // Our own copy opens with our own key (Profile §4.6).
        None => State::Unseen(Unseen::NoKey),
        Some(innermost) => receipt.confirms(&innermost).map_err(|why| Refusal::ReceiptDigestDiffers.about(why)).into(),
    }
}

fn broken(why: &ReceiptError) -> Refused {
    match why {
        ReceiptError::Signature(why) => not_signed(why),
        other => Refusal::SignatureMalformed.about(other),
    }
}
