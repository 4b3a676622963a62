//! What expired before anybody took it, in the lists of both sides. Its copy is gone from the folder; the gateway's letters about it lie in
//! `Receipts` (Profile §8.17), and what it was this computer may know still, from when it was sent.

use fumibako_careplan::Lang;
use fumibako_model::{Address, OfficeNumber, State};
use mail_parser::MessageParser;

use super::Line;
use crate::bundle::open::announced_in;
use crate::lost::{Letter, Lost, Side, Went, known, went_again};
use crate::mailbox::Kept;
use crate::outbox::Entry;

/// By what is known now, some of what expired needs no more word.
pub(super) struct Since<'a> {
    /// What this computer sent.
    pub(super) local: &'a [Entry],
    /// What lies in the folder of the list.
    pub(super) there: &'a [(Option<OfficeNumber>, Kept)],
}

impl Since<'_> {
    /// Is this letter still to be looked into? As on ホーム: what was sent until the same was sent once more, and of what nobody knows here
    /// nobody can say that it was; what came, once it does not lie in the folder any more.
    pub(super) fn tells(&self, side: Side, letter: &Letter) -> bool {
        match side {
            Side::Inbox => !self.there.iter().any(|(office, kept)| *office == letter.office && is_it(kept, letter)),
            Side::Sent => {
                let Some(entry) = known(self.local, letter.from, &letter.message_id) else { return true };
                !self.went_again(letter.office, entry)
            }
        }
    }

    /// Did the same data go once more, from this computer or another one of the office?
    pub(super) fn went_again(&self, office: Option<OfficeNumber>, entry: &Entry) -> bool {
        went_again(self.local, entry) || self.elsewhere(office, entry)
    }

    /// Another computer of the office may have sent it.
    fn elsewhere(&self, office: Option<OfficeNumber>, entry: &Entry) -> bool {
        let facts = entry.facts();
        let went = entry.went(facts.as_ref());
        self.there.iter().filter(|(of, _)| *of == office).any(|(_, kept)| {
            let Some(header) = MessageParser::default().parse_headers(&kept.octets.0) else { return false };
            let to = header.to().and_then(|list| list.first()?.address()?.parse().ok());
            let facts = announced_in(&header);
            let other = Went { at: kept.arrived, to: office_of(to), facts: facts.as_ref() };
            // Its own copy, where the gateway holds it still, came after it was composed.
            header.message_id() != Some(&*entry.message_id) && other.repeats(&went)
        })
    }
}

fn office_of(address: Option<Address>) -> Option<OfficeNumber> {
    address?.office_number()
}

/// Is this the bundle that the letter is about?
fn is_it(kept: &Kept, letter: &Letter) -> bool {
    let Some(header) = MessageParser::default().parse_headers(&kept.octets.0) else { return false };
    let from = header.from().and_then(|list| list.first()?.address()?.parse().ok());
    header.message_id() == Some(&*letter.message_id) && office_of(from) == Some(letter.from)
}

/// Its line in the list.
pub(super) fn line(lost: Lost, side: Side, local: &[Entry], lang: Lang) -> Line {
    let entry = known(local, lost.from, &lost.message_id).filter(|_| side == Side::Sent);
    let to = || entry.and_then(|entry| entry.to()?.office_number()).or(lost.to);
    let party = if side == Side::Sent { to() } else { Some(lost.from) };
    let note = note(&lost, side, lang);
    Line {
        office: lost.office,
        uid: None,
        at: entry.map_or(lost.at, |entry| entry.composed),
        party: party.map_or_else(|| "?".to_owned(), |party| party.to_string()),
        facts: lost.facts(),
        by: lost.agent,
        message_id: lost.message_id,
        state: super::state_name(State::Expired),
        word: State::Expired.word(),
        note,
        until: None,
        fault: lost.fault,
    }
}

/// What happened and what to do, for whoever lost it.
fn note(lost: &Lost, side: Side, lang: Lang) -> String {
    let evidence = lang.pick(format!("（証跡 {}）", lost.evidence), format!(" (evidence {})", lost.evidence));
    let told = match (side, lost.fault) {
        (Side::Sent, None) => lang.pick(
            "取得されないまま消去されました。必要なら、相手に連絡してから送り直してください。".to_owned(),
            "Erased before it was fetched: if it is needed, tell the other side and send it again.".to_owned(),
        ),
        // Who sends it again without that sends it in vain.
        (Side::Sent, Some(fault)) => lang.pick(
            format!("相手が取得しても開けないまま消去されました。{}{}", fault.sentence(lang), fault.next(lang)),
            format!("The other side fetched it, could not open it, and it was erased. {} {}", fault.sentence(lang), fault.next(lang)),
        ),
        (Side::Inbox, None) => lang.pick(
            "こちらで取得しないまま消去されました。必要なら、相手に送り直しを頼んでください。".to_owned(),
            "Erased before it was fetched here: if it is needed, ask the other side to send it again.".to_owned(),
        ),
        (Side::Inbox, Some(_)) => lang.pick(
            "こちらで開けないまま消去されました。証明書と鍵を fumibako doctor で確かめてから、相手に送り直しを頼んでください。".to_owned(),
            "Erased before it could be opened here: check certificate and keys with fumibako doctor, then ask the other side to send it again.".to_owned(),
        ),
    };
    told + &evidence
}

#[cfg(test)]
mod tests {
    use fumibako_model::{Fault, Private};
    use jiff::{SignedDuration, Timestamp};

    use super::*;
    use crate::outbox::Fate;
    use crate::testing::now;

    const EVIDENCE: &str = "EV512E0000000013";
    const SENT: &str = "v=1; units=plan; month=202611; serial=20261105101010; files=1; size=9";

    fn letter() -> Letter {
        Letter {
            office: None,
            uid: 1,
            evidence: EVIDENCE.parse().unwrap(),
            from: "9970000011".parse().unwrap(),
            to: None,
            at: now(),
            message_id: "a@x.example".into(),
        }
    }

    fn kept(header: &str) -> Kept {
        let octets = format!("{header}\r\n").into_bytes();
        Kept { uid: 1, arrived: now(), size: 1, flags: Vec::new(), octets: Private(octets) }
    }

    fn later(days: i64) -> Timestamp {
        now() + SignedDuration::from_hours(24 * days)
    }

    fn entry(from: &str) -> Entry {
        Entry {
            message_id: "a@x.example".into(),
            from: format!("{from}@plans.example"),
            agent: None,
            to: "9970000029@plans.example".into(),
            composed: now(),
            bundle: Some(SENT.into()),
            fate: Fate::Waiting,
        }
    }

    // HM-08
    #[test]
    fn what_was_sent_is_told_until_the_same_was_sent_again() {
        let tells = |local: &[Entry], there: &[(Option<OfficeNumber>, Kept)]| {
            Since { local, there }.tells(Side::Sent, &letter())
        };
        assert!(tells(&[], &[]));
        let posted = Fate::Posted { evidence: EVIDENCE.into(), at: later(2), gateway: None };
        let again = |from: &str, bundle: &str, fate: &Fate| Entry {
            message_id: "b@x.example".into(),
            composed: later(1),
            bundle: Some(bundle.into()),
            fate: fate.clone(),
            ..entry(from)
        };
        let us = "9970000011";
        let with = |other: Entry| tells(&[entry(us), other], &[]);
        assert!(!with(again(us, SENT, &posted)));
        assert!(with(again(us, SENT, &Fate::Waiting)), "not sent yet");
        assert!(with(again("9970000037", SENT, &posted)), "another office's");
        let other = "v=1; units=plan; month=202611; serial=20261106101010; files=2; size=20";
        assert!(with(again(us, other, &posted)), "another person's plan of that month");

        let fields = |id: &str| {
            format!(
                "From: {us}@plans.example\r\nTo: 9970000029@plans.example\r\nMessage-ID: <{id}>\r\nFumibako-Bundle: {SENT}\r\n"
            )
        };
        let there = |id: &str, office| [(office, Kept { arrived: later(1), ..kept(&fields(id)) })];
        assert!(!tells(&[entry(us)], &there("c@y.example", None)), "from another computer");
        assert!(tells(&[entry(us)], &there("a@x.example", None)), "itself, which is held");
        assert!(tells(&[entry(us)], &there("c@y.example", us.parse().ok())), "another office's folder");
    }

    #[test]
    fn what_came_is_told_once_it_is_not_in_the_folder() {
        let tells = |there: &[(Option<OfficeNumber>, Kept)]| Since { local: &[], there }.tells(Side::Inbox, &letter());
        let lies = |from: &str, id: &str, office| {
            [(office, kept(&format!("From: {from}@plans.example\r\nMessage-ID: <{id}>\r\n")))]
        };
        assert!(tells(&[]));
        assert!(!tells(&lies("9970000011", "a@x.example", None)));
        assert!(tells(&lies("9970000037", "a@x.example", None)), "another office's under the same name");
        assert!(tells(&lies("9970000011", "b@x.example", None)));
        assert!(tells(&lies("9970000011", "a@x.example", "9970000029".parse().ok())), "in another's folder");
    }

    fn lost(fault: Option<Fault>) -> Lost {
        Lost {
            office: None,
            evidence: EVIDENCE.parse().unwrap(),
            from: "9970000011".parse().unwrap(),
            to: "9970000045".parse().ok(),
            message_id: "a@x.example".into(),
            at: now(),
            ended: later(90),
            fault,
            late: false,
            bundle: None,
            agent: None,
        }
    }

    #[test]
    fn what_it_was_this_computer_knows_if_it_was_sent_here_and_else_the_evidence_whom_it_was_for() {
        let shown = line(lost(None), Side::Sent, &[entry("9970000037")], Lang::Ja);
        assert_eq!((&*shown.party, shown.facts, shown.state, shown.word), ("9970000045", None, "expired", "期限切れ"));
        let told = Lost { bundle: Some(SENT.into()), ..lost(None) };
        let shown = line(told, Side::Sent, &[entry("9970000011")], Lang::Ja);
        let month = shown.facts.as_ref().and_then(fumibako_model::BundleFacts::year_month);
        assert_eq!((&*shown.party, month.as_deref()), ("9970000029", Some("2026-11")));
        assert!(shown.note.contains("送り直してください") && shown.note.contains(EVIDENCE), "{}", shown.note);
        let came = line(lost(None), Side::Inbox, &[], Lang::Ja);
        assert_eq!(&*came.party, "9970000011");
        assert!(came.note.contains("送り直しを頼んで"), "{}", came.note);
    }

    // Profile §8.22
    #[test]
    fn of_what_was_collected_and_did_not_open_the_note_says_so_and_what_comes_before_sending_it_again() {
        let fault = Some(Fault::DecryptionFailed);
        let sent = line(lost(fault), Side::Sent, &[], Lang::Ja);
        assert!(
            sent.note.contains("取得しても開けないまま") && !sent.note.contains("取得されないまま"),
            "{}",
            sent.note
        );
        assert!(sent.note.contains("証明書と鍵を確かめ") && sent.fault == fault, "{}", sent.note);
        let came = line(lost(fault), Side::Inbox, &[], Lang::Ja).note;
        assert!(came.contains("こちらで開けないまま") && came.contains("証明書と鍵"), "{came}");
        for side in [Side::Sent, Side::Inbox] {
            assert!(line(lost(fault), side, &[], Lang::En).note.is_ascii());
        }
    }
}
