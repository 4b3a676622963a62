//! What a page to print says of one message: what its evidence says, whatever a list shows (Profile §8.19).

use std::sync::Arc;
use std::time::Duration;

use fumibako_careplan::Lang;
use fumibako_model::{Event, Reason, happened};
use fumibako_web::page::Proof as Title;
use fumibako_web::part::Words;
use fumibako_web::text::say;

use crate::page::{Proves, agent, authorities, judged_by, stamped};
use crate::proof::{About, Proof};
use crate::settings::Settings;
use crate::trouble::Trouble;
use crate::ui::paint::{moment, pick};
use crate::ui::state::{App, both};
use crate::ui::work::prove;
use crate::verify::What;

/// So long a page waits for its evidence.
const WAIT: Duration = Duration::from_secs(10);

/// What is shown of a signature, by key, and under which words.
const SIGNATURE: [(&str, &str); 4] = [
    ("claimed_time", "fact-signed-at"),
    ("clock", "fact-signed-clock"),
    ("subject", "fact-signed-by"),
    ("sha256", "fact-signed-cert"),
];

/// What the evidence comes to; of what has none, nothing.
#[derive(Default)]
pub(super) struct Told {
    /// What the page proves. Without evidence that could be checked it proves nothing.
    pub(super) title: Title,
    /// What is not in the evidence.
    pub(super) lacks: Option<String>,
    /// 受付番号, where there is evidence.
    pub(super) number: Option<String>,
    /// What happened, and who signed for it: terms and values.
    pub(super) facts: Vec<(String, String)>,
    /// Why the evidence could not be had, or does not hold.
    pub(super) trouble: Option<Words>,
}

/// Asks for the evidence, checks it and tells what it says. Nobody looks at an empty page for long.
pub(super) async fn told(app: &Arc<App>, about: About, lang: Lang) -> Told {
    let given = match tokio::time::timeout(WAIT, prove::proof(app, about)).await {
        Ok(given) => given,
        Err(_) => Err(Trouble::Unreachable { host: String::new(), why: "timeout".into() }),
    };
    match given {
        Ok(proof) => Told::of(&proof, lang),
        Err(why) => {
            let told = pick(&both(&why), lang);
            let id = if why.passes() { "proof-unseen" } else { "proof-doubted" };
            let what = format!("{}（{}）", say(lang, id), told.what.trim_end_matches(['。', '.']));
            let next = [told.next, say(lang, "proof-none").into_owned()].join(lang.pick("", " "));
            Told { trouble: Some(Words { what, next, code: told.code }), ..Told::default() }
        }
    }
}

impl Told {
    fn of(Proof { witnessed, report, .. }: &Proof, lang: Lang) -> Self {
        let proves = Proves::of(witnessed);
        let event = |one: &fumibako_model::Recorded| {
            let (event, reason) = (one.evidence.event, one.evidence.reason);
            let (ja, en) = happened::event(event, reason);
            let by = one.evidence.by.as_ref().filter(|_| event == Event::ContentHandover);
            let value = [moment(one.evidence.at), one.id.to_string()].into_iter().chain(by.map(agent));
            (lang.pick(ja, en).to_owned(), value.collect::<Vec<_>>().join("　"))
        };
        let mut facts: Vec<_> = witnessed.pieces.iter().map(event).collect();
        if let Some(erased) = &witnessed.erased {
            facts.push((lang.pick("消去", "Erased").into(), format!("{}　{}", moment(erased.at), erased.id)));
        }
        facts.extend(stamped(report, lang).map(|said| (lang.pick("タイムスタンプ", "Time stamp").into(), said)));
        let signed = if witnessed.receipt.is_some() { What::Receipt } else { What::NotOpened };
        let by = witnessed.pieces.iter().rfind(|one| match signed {
            What::Receipt => one.evidence.receipt.is_some(),
            _ => one.evidence.reason == Some(Reason::CheckFailed),
        });
        if let Some(layer) = report.layers.iter().find(|layer| layer.what == signed) {
            let agent = by.and_then(|one| one.evidence.by.as_ref()).map(agent);
            facts.extend(agent.map(|agent| (say(lang, "fact-signed-agent").into_owned(), agent)));
            for (key, id) in SIGNATURE {
                let fact = layer.facts.iter().find(|fact| fact.key == key);
                facts.extend(fact.map(|fact| (say(lang, id).into_owned(), fact.shown(lang))));
            }
        }
        let unseen = report.unseen_names(lang);
        facts.extend((!unseen.is_empty()).then(|| (say(lang, "fact-unseen").into_owned(), unseen)));
        Self {
            title: title(proves),
            lacks: proves.lacks().map(|(ja, en)| lang.pick(ja, en).to_owned()),
            number: witnessed.pieces.first().map(|one| one.id.to_string()),
            facts,
            trouble: None,
        }
    }
}

/// A receipt of which only the gateway tells is no 受領証.
fn title(proves: Proves) -> Title {
    match proves {
        Proves::Received | Proves::ReceivedLate => Title::Receipt,
        Proves::ReceiptNamed | Proves::HandedOver => Title::HandedOver,
        Proves::NotOpened(_) => Title::NotOpened,
        Proves::ExpiredNotOpened | Proves::Expired => Title::Expired,
        Proves::Delivered => Title::Record,
    }
}

/// What `fumibako verify` is told where nothing is set up.
pub(super) fn options(settings: &Settings) -> String {
    judged_by(&authorities(settings))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::verify::{Form, Report, Witnessed};

    fn told(pieces: &[serde_json::Value], signed: bool, lang: Lang) -> Told {
        let piece = |(n, more): (usize, &serde_json::Value)| {
            let mut piece = json!({
                "v": 1, "id": format!("EV512E{n:010X}"), "n": n, "at": "2026-11-25T12:00:00Z",
                "message_id": "a@x.example", "from": "9970000011", "to": "9970000029",
            });
            piece.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            serde_json::from_value(piece).unwrap()
        };
        let pieces = pieces.iter().enumerate().map(piece).collect();
        let receipt = signed.then(fumibako_model::Notification::default);
        let witnessed = Witnessed { pieces, head: None, receipt, failure: None, erased: None };
        let report = Report { form: Form::Proof, layers: Vec::new() };
        Told::of(&Proof { octets: Vec::new(), report, witnessed }, lang)
    }

    // Profile §8.19
    #[test]
    fn only_evidence_with_the_recipient_s_signature_is_titled_as_a_receipt() {
        let sent = json!({ "event": "SubmissionAcceptance" });
        let by =
            json!({ "agent": "kawara", "mandate": "MD5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A", "digest": "ab".repeat(32) });
        let signed_for = json!({ "event": "ContentHandover", "receipt": "r@x.example", "by": by });
        let seen = json!({ "event": "ContentHandover", "reason": "seen-by-the-gateway" });
        let failed =
            json!({ "event": "ContentHandoverFailure", "reason": "check-failed", "fault": "decryption-failed" });
        let expired = json!({ "event": "ContentHandoverFailure", "reason": "expired" });
        for (last, signed, title) in [
            (&signed_for, true, Title::Receipt),
            (&signed_for, false, Title::HandedOver),
            (&seen, false, Title::HandedOver),
            (&failed, false, Title::NotOpened),
            (&expired, false, Title::Expired),
            (&sent, false, Title::Record),
        ] {
            let told = told(&[sent.clone(), last.clone()], signed, Lang::Ja);
            assert_eq!((told.title, told.lacks.is_some()), (title, title != Title::Receipt), "{last}");
            assert_eq!(told.number.as_deref(), Some("EV512E0000000000"));
        }
        let told = told(&[sent, signed_for], true, Lang::Ja);
        let words = (
            "取得".to_owned(),
            "2026/11/25 21:00　EV512E0000000001　kawara（委任 MD5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A）".into(),
        );
        assert_eq!(told.facts.last(), Some(&words));
    }
}
