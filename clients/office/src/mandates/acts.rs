//! What agents did for the office, and what became of its mandates, as the gateway's audit tells it (Profile §16.4).

use fumibako_careplan::Lang;
use fumibako_model::{ToldAct, ToldActs, What};

use crate::https::{Question, ask};
use crate::settings::Settings;
use crate::trouble::Trouble;

/// The newest, or those before a row.
pub(crate) async fn acts(settings: &Settings, before: Option<u64>) -> Result<ToldActs, Trouble> {
    let path = before.map_or_else(|| "/v1/acts".to_owned(), |before| format!("/v1/acts?before={before}"));
    ask(settings, Question::get(&path)).await
}

/// Who did it, as people call it.
pub(crate) fn who(act: &ToldAct, lang: Lang) -> String {
    let is_ours = matches!(act.what, What::MandateRegistered | What::MandateConfirmed | What::MandateRevoked);
    match act.by.as_str() {
        "operator" => lang.pick("運用者", "the operator").to_owned(),
        "gateway" => lang.pick("ゲートウェイ", "the gateway").to_owned(),
        by if by.starts_with(|c: char| c.is_ascii_digit()) && is_ours => {
            lang.pick("この事業所", "this office").to_owned()
        }
        by if act.agent_name.is_empty() => by.to_owned(),
        by => format!("{} ({by})", act.agent_name),
    }
}

/// What was done. `to` says whom a bundle went to, where that is known.
pub(crate) fn what(act: &ToldAct, to: Option<&str>, lang: Lang) -> String {
    let about = act.about.as_str();
    let of = |ja: &str, en: &str| match lang {
        Lang::Ja => format!("{ja}（{about}）"),
        Lang::En => format!("{en} ({about})"),
    };
    let mandate = |ja: &str, en: &str| match lang {
        Lang::Ja => format!("{} への委任を{ja}（{about}）", act.note),
        Lang::En => format!("{en} the mandate for {} ({about})", act.note),
    };
    match (act.what, to) {
        (What::MandateRegistered, _) => mandate("登録", "registered"),
        (What::MandateConfirmed, _) => mandate("確認", "confirmed"),
        (What::MandateRevoked, _) => mandate("取消し", "revoked"),
        (What::AgentActs, _) => lang.pick("事業所としてログイン", "logged in as the office").to_owned(),
        (What::AgentOpened, _) => of("フォルダを開いた", "opened a folder"),
        (What::AgentSent, Some(to)) => match lang {
            Lang::Ja => format!("{to} へ送信"),
            Lang::En => format!("sent to {to}"),
        },
        (What::AgentSent, None) => of("送信", "sent a bundle"),
        (What::AgentAcknowledged, _) => of("受領証を返した", "returned a receipt"),
        (What::AgentCouldNotOpen, _) => of("開封できないと送信元に知らせた", "told the sender that it does not open"),
        (What::AgentCollected, _) => of("データを取得", "collected a message"),
        (What::AgentChanged, _) => of("フォルダの中を変更", "changed what is in a folder"),
        // Of anything else an office is not told.
        (_, _) => of("その他", "something else"),
    }
}

/// Rows that follow each other and differ in nothing but the moment are one, with how many there are.
pub(crate) fn together(acts: &[ToldAct]) -> Vec<(&ToldAct, usize)> {
    let mut all: Vec<(&ToldAct, usize)> = Vec::new();
    let alike = |a: &ToldAct, b: &ToldAct| (a.what, &a.by, &a.about) == (b.what, &b.by, &b.about);
    for act in acts {
        match all.last_mut() {
            Some((last, count)) if alike(last, act) => *count += 1,
            _ => all.push((act, 1)),
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn act(n: u64, what: What, about: &str) -> ToldAct {
        let (by, note) = ("kawara".to_owned(), "MD1".to_owned());
        let agent_name = "かわら事務代行".to_owned();
        ToldAct { n, at: jiff::Timestamp::UNIX_EPOCH, by, agent_name, what, about: about.into(), note }
    }

    // Profile §16.4
    #[test]
    fn every_row_an_office_is_told_has_its_words() {
        for what_ in What::TOLD {
            for lang in [Lang::Ja, Lang::En] {
                let words = what(&act(1, what_, "x"), None, lang);
                assert!(words.len() > 5 && !words.starts_with("その他") && !words.starts_with("something"), "{words}");
            }
        }
        assert_eq!(who(&act(1, What::AgentSent, ""), Lang::Ja), "かわら事務代行 (kawara)");
        assert_eq!(what(&act(1, What::AgentSent, "id"), Some("さくら"), Lang::Ja), "さくら へ送信");
    }

    #[test]
    fn an_agent_that_looks_every_minute_fills_one_row() {
        let acts: Vec<ToldAct> =
            (0..5).map(|n| act(n, What::AgentOpened, if n == 3 { "Sent" } else { "INBOX" })).collect();
        let counts: Vec<(u64, usize)> = together(&acts).into_iter().map(|(act, count)| (act.n, count)).collect();
        assert_eq!(counts, [(0, 3), (3, 1), (4, 1)]);
    }
}
