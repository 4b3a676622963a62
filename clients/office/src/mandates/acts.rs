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
    match (act.what, to) {
        (What::MandateRegistered, _) => mandate(act, ("登録", "registered"), lang),
        (What::MandateConfirmed, _) => mandate(act, ("確認", "confirmed"), lang),
        (What::MandateRevoked, _) => mandate(act, ("取消し", "revoked"), lang),
        (What::AgentActs, _) => lang.pick("事業所としてログイン", "logged in as the office").to_owned(),
        (What::AgentOpened, _) => match lang {
            Lang::Ja => format!("{}を開いた", folder(about, lang)),
            Lang::En => format!("opened {}", folder(about, lang)),
        },
        (What::AgentSent, Some(to)) => match lang {
            Lang::Ja => format!("{to} へ送信"),
            Lang::En => format!("sent to {to}"),
        },
        (What::AgentSent, None) => of("送信", "sent a bundle"),
        (What::AgentAcknowledged, _) => lang.pick("受領証を返した", "returned a receipt").to_owned(),
        (What::AgentCouldNotOpen, _) => {
            lang.pick("開封できないと送信元に知らせた", "told the sender that it does not open").to_owned()
        }
        // The gateway's own number of a message stands on no screen.
        (What::AgentCollected, _) => lang.pick("届いたデータを取得", "collected a message").to_owned(),
        (What::AgentChanged, _) => {
            changed(about, lang).unwrap_or_else(|| of("フォルダの中を変更", "changed what is in a folder"))
        }
        // Of anything else an office is not told.
        (_, _) => of("その他", "something else"),
    }
}

/// Whose mandate it is, its number, and whether it is on paper.
fn mandate(act: &ToldAct, (ja, en): (&str, &str), lang: Lang) -> String {
    let (id, paper) = act.about.strip_suffix(" paper").map_or((act.about.as_str(), false), |id| (id, true));
    let agent = match (act.agent_name.as_str(), act.note.as_str()) {
        ("", id) => id.to_owned(),
        (name, id) => format!("{name} ({id})"),
    };
    match (lang, paper) {
        (Lang::Ja, false) => format!("{agent} への委任を{ja}（{id}）"),
        (Lang::Ja, true) => format!("{agent} への紙の委任を{ja}（{id}）"),
        (Lang::En, false) => format!("{en} the mandate for {agent} ({id})"),
        (Lang::En, true) => format!("{en} the mandate for {agent} that is on paper ({id})"),
    }
}

/// A change in a folder, as the gateway writes it: a verb, perhaps how many, and folders. What is written otherwise is none.
fn changed(about: &str, lang: Lang) -> Option<String> {
    let (verb, rest) = about.split_once(' ')?;
    let told = match (verb, lang) {
        ("append", Lang::Ja) => format!("{}に保存", folder(rest, lang)),
        ("append", Lang::En) => format!("saved into {}", folder(rest, lang)),
        ("expunge", Lang::Ja) => format!("{}から完全に削除", folder(rest, lang)),
        ("expunge", Lang::En) => format!("removed for good from {}", folder(rest, lang)),
        ("move" | "copy", _) => {
            let (count, ends) = rest.split_once(" from ")?;
            let count: u32 = count.parse().ok()?;
            // A folder may have the word in its own name; then nobody can tell where it ends.
            let (from, to) = ends.split_once(" to ").filter(|(_, to)| !to.contains(" to "))?;
            let (from, to) = (folder(from, lang), folder(to, lang));
            match (verb, lang) {
                ("move", Lang::Ja) => format!("{from}の{count}件を{to}へ移動"),
                (_, Lang::Ja) => format!("{from}の{count}件を{to}へコピー"),
                ("move", Lang::En) => format!("moved {count} from {from} to {to}"),
                (_, Lang::En) => format!("copied {count} from {from} to {to}"),
            }
        }
        _ => return None,
    };
    Some(told)
}

/// A folder, by the word that offices have for it; the agent may have named it.
fn folder(name: &str, lang: Lang) -> String {
    let ja = match name {
        "INBOX" => "受信箱",
        "Sent" => "送信済み",
        "Drafts" => "下書き",
        "Receipts" => "受領証",
        "Archive" => "保管",
        "Trash" => "ごみ箱",
        other => other,
    };
    format!("「{}」", lang.pick(ja, name))
}

/// Rows that follow each other and differ in nothing but the moment are one, with how many there are.
pub(crate) fn together(acts: &[ToldAct]) -> Vec<(&ToldAct, usize)> {
    let mut all: Vec<(&ToldAct, usize)> = Vec::new();
    // Of what stands in no words, nothing differs.
    let shown = |act: &ToldAct| match act.what {
        What::AgentCollected | What::AgentAcknowledged | What::AgentCouldNotOpen => String::new(),
        _ => act.about.clone(),
    };
    let alike = |a: &ToldAct, b: &ToldAct| (a.what, &a.by, shown(a)) == (b.what, &b.by, shown(b));
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
    fn an_office_reads_what_was_done_and_to_whose_mandate() {
        let ja = |act: &ToldAct| what(act, None, Lang::Ja);
        for (about, words) in [
            ("move 3 from INBOX to Trash", "「受信箱」の3件を「ごみ箱」へ移動"),
            ("copy 1 from Sent to 控え", "「送信済み」の1件を「控え」へコピー"),
            ("append Drafts", "「下書き」に保存"),
            ("expunge INBOX", "「受信箱」から完全に削除"),
            ("move 3 from A to B to C", "フォルダの中を変更（move 3 from A to B to C）"),
            ("", "フォルダの中を変更（）"),
        ] {
            assert_eq!(ja(&act(1, What::AgentChanged, about)), words);
        }
        assert_eq!(ja(&act(1, What::AgentCollected, "M123")), "届いたデータを取得");
        assert_eq!(ja(&act(1, What::AgentOpened, "INBOX")), "「受信箱」を開いた");
        let of =
            |about| ToldAct { by: "operator".into(), note: "kawara".into(), ..act(1, What::MandateRevoked, about) };
        assert_eq!(ja(&of("MD1")), "かわら事務代行 (kawara) への委任を取消し（MD1）");
        assert_eq!(ja(&of("MD1 paper")), "かわら事務代行 (kawara) への紙の委任を取消し（MD1）");
        let collected: Vec<ToldAct> = (0..3).map(|n| act(n, What::AgentCollected, &format!("M{n}"))).collect();
        assert_eq!(together(&collected).len(), 1);
    }

    #[test]
    fn an_agent_that_looks_every_minute_fills_one_row() {
        let acts: Vec<ToldAct> =
            (0..5).map(|n| act(n, What::AgentOpened, if n == 3 { "Sent" } else { "INBOX" })).collect();
        let counts: Vec<(u64, usize)> = together(&acts).into_iter().map(|(act, count)| (act.n, count)).collect();
        assert_eq!(counts, [(0, 3), (3, 1), (4, 1)]);
    }
}
