//! `fumibako fetch`: saves what arrived, then acknowledges it. Exit 0: all done. 76: a message was not believed.

use clap::Args;
use fumibako_careplan::Lang;
use fumibako_model::{Fault, OfficeNumber, Refused};
use jiff::Timestamp;
use serde_json::json;

use super::by::on_behalf;
use super::screen::{Screen, harmless, moment};
use crate::exit::Exit;
use crate::fetch::{Arrival, End, Fetch as Work, Fetched, Run, Settled, Told};
use crate::settings::Settings;
use crate::trouble::{Trouble, Words};
use crate::wait;

#[derive(Debug, Args)]
pub(super) struct Fetch {}

impl Fetch {
    #[expect(clippy::unused_self, reason = "every command is run the same way")]
    pub(super) fn run(
        &self,
        settings: &Settings,
        screen: &mut Screen<'_>,
        clock: fn() -> Timestamp,
    ) -> Result<Exit, Trouble> {
        let work = Work::new(settings, clock)?;
        let run = wait(work.run(&mut |told| match told {
            Told::Found(messages) => screen.begin(messages),
            Told::One(_) => screen.step(),
        }))?;
        if run.fetched.is_empty() && run.closed.is_empty() && run.stopped.is_none() {
            screen.say(screen.pick("新しく届いたデータはありません。", "Nothing new has arrived."));
        }
        for one in &run.fetched {
            tell(one, screen)?;
        }
        for one in &run.settled {
            tell_settled(one, screen)?;
        }
        for (office, why) in &run.closed {
            tell_closed(*office, why, screen)?;
        }
        Ok(match &run.stopped {
            Some(trouble) => {
                screen.trouble(trouble);
                trouble.exit()
            }
            None => exit(&run),
        })
    }
}

/// A message that is not believed outweighs everything else.
fn exit(run: &Run) -> Exit {
    let ends = run.fetched.iter().map(|one| match &one.end {
        End::Saved(arrival) => arrival.receipt_trouble.as_ref().map_or(Exit::OK, Trouble::exit),
        End::Distrusted { .. } => Exit::NO_PROOF,
    });
    let owed = run.settled.iter().filter_map(|one| one.trouble.as_ref().map(Trouble::exit));
    let ends: Vec<Exit> = ends.chain(owed).chain(run.closed.iter().map(|(_, why)| why.exit())).collect();
    if ends.contains(&Exit::NO_PROOF) { Exit::NO_PROOF } else { Exit::of(ends) }
}

fn tell(one: &Fetched, screen: &mut Screen<'_>) -> std::io::Result<()> {
    match &one.end {
        End::Saved(arrival) => tell_saved((one.office, one.uid), arrival, screen),
        End::Distrusted { from, why, told } => {
            let claimed = from.map_or_else(|| screen.pick("不明", "unknown").to_owned(), |from| from.to_string());
            tell_distrusted((one.office, one.uid), &claimed, (why, told.as_ref().map(|(fault, _)| *fault)), screen)
        }
    }
}

fn tell_saved((to, uid): (OfficeNumber, u32), arrival: &Arrival, screen: &mut Screen<'_>) -> std::io::Result<()> {
    let trouble = arrival.receipt_trouble.as_ref().map(|trouble| trouble.words(screen.lang()));
    let names: Vec<&str> = arrival.files.iter().map(|file| file.name.0.as_str()).collect();
    let object = json!({
        "kind": "bundle", "to": to, "uid": uid, "message_id": arrival.message_id, "from": arrival.from, "by": arrival.by,
        "arrived": arrival.arrived, "folder": arrival.folder, "names": names, "again": arrival.again,
        "state": "saved", "receipt": arrival.receipt,
        "receipt_state": match &arrival.receipt_trouble {
            None if arrival.withheld.is_some() => "withheld",
            None => "accepted",
            Some(Trouble::Refused { .. }) if !waits(arrival) => "refused",
            Some(_) => "waiting",
        },
        "code": trouble.as_ref().and_then(|words| words.code), "sentence": trouble.as_ref().map(|words| &words.what),
        "next": trouble.as_ref().map(|words| &words.next),
    });
    screen.data(&object, |lang| {
        let head = match (arrival.again, lang) {
            (false, Lang::Ja) => "保存しました",
            (false, Lang::En) => "saved",
            (true, Lang::Ja) => "前回保存済みです",
            (true, Lang::En) => "saved by an earlier run",
        };
        let from = arrival.from.to_string();
        let from = arrival.by.as_ref().map_or_else(|| from.clone(), |by| on_behalf(&from, by.as_str(), lang));
        let text = format!("{head}: {}  {from} → {}", moment(arrival.arrived), arrival.folder.display());
        let text = names.iter().fold(text, |text, name| text + "\n  " + &harmless(name));
        let receipt = match &trouble {
            None if arrival.withheld.is_some() => lang
                .pick(
                    "受領証は、委任の範囲にないので返していません。事業所が返してください。",
                    "The mandate does not cover the receipt; the office returns it itself.",
                )
                .to_owned(),
            None => lang.pick("受領証を送りました。", "The receipt was sent.").to_owned(),
            Some(words) => {
                let line = words.line(lang);
                let (ja, en) = if waits(arrival) { (WAITS.0, WAITS.1) } else { (OWED.0, OWED.1) };
                let begins = if arrival.marked { UNSENT } else { UNTOLD };
                lang.pick(format!("{}{line}{ja}", begins.0), format!("{}{line} {en}", begins.1))
            }
        };
        format!("{text}\n  {receipt}")
    })
}

/// The files are here, and the gateway tells so (Profile §8.10); the receipt is another matter.
const UNSENT: (&str, &str) = (
    "ファイルは保存したので、送信元には「済（受け渡し）」と表示されます。受領証はまだ送れていません。",
    "The files are saved, which the sender is shown as handed over. The receipt is not sent yet. ",
);
/// The files are here, and the way to the gateway broke off before it knew.
const UNTOLD: (&str, &str) = (
    "ファイルは保存しましたが、まだゲートウェイに伝えていません（送信元には「未」のままです）。受領証もまだ送れていません。",
    "The files are saved, of which the gateway is not told yet: the sender is still shown 未. The receipt is not sent yet. ",
);
const WAITS: (&str, &str) = ("受領証は、次の fetch か send が送ります。", "The next fetch or send sends it.");
const OWED: (&str, &str) = (
    "直ったら fetch をもう一度実行してください。受領証だけを送り直します。",
    "Once that is mended, run fetch again: the receipt alone is sent anew.",
);

/// A receipt that was owed, of what the gateway keeps no more.
fn tell_settled(one: &Settled, screen: &mut Screen<'_>) -> std::io::Result<()> {
    let words = one.trouble.as_ref().map(|trouble| trouble.words(screen.lang()));
    let waits = one.trouble.as_ref().is_some_and(Trouble::is_on_the_way);
    let object = json!({
        "kind": "receipt", "from": one.office, "to": one.to, "message_id": one.original, "receipt": one.receipt,
        "saved": one.saved_at, "last": one.last && one.trouble.is_some(),
        "receipt_state": match &one.trouble { None => "accepted", Some(_) if waits => "waiting", Some(_) => "refused" },
        "code": words.as_ref().and_then(|words| words.code), "sentence": words.as_ref().map(|words| &words.what),
        "next": words.as_ref().map(|words| &words.next),
    });
    screen.data(&object, |lang| {
        let (to, at) = (one.to, moment(one.saved_at));
        let head = lang.pick(
            format!("前に保存したデータの受領証（{to} から、{at} に保存）"),
            format!("the receipt of what was saved before (from {to}, saved {at})"),
        );
        let Some(words) = &words else {
            return format!("{head}: {}", lang.pick("送りました。", "it was sent."));
        };
        let unsent = lang.pick("まだ送れていません。", "it is not sent yet. ");
        let more = if one.last && !waits {
            lang.pick(
                "もう送り直しません。受け取ったことは、電話などで送信元に伝えてください。",
                " It is sent no more. Tell the sender by telephone that you have the data.",
            )
        } else {
            ""
        };
        format!("{head}: {unsent}{}{more}", words.line(lang))
    })
}

fn waits(arrival: &Arrival) -> bool {
    arrival.receipt_trouble.as_ref().is_some_and(Trouble::is_on_the_way)
}

/// An office that lets us in no more.
fn tell_closed(office: OfficeNumber, why: &Trouble, screen: &mut Screen<'_>) -> std::io::Result<()> {
    let words = why.words(screen.lang());
    let object = json!({
        "kind": "office", "office": office, "state": "refused", "code": words.code, "sentence": words.what,
        "next": words.next, "reference": words.reference,
    });
    screen.data(&object, |lang| {
        let head = lang.pick("受信箱を開けません", "not let in");
        format!("{head}: {office}\n  {}", words.line(lang))
    })
}

fn tell_distrusted(
    (to, uid): (OfficeNumber, u32),
    claimed: &str,
    (why, told): (&Refused, Option<Fault>),
    screen: &mut Screen<'_>,
) -> std::io::Result<()> {
    let lang = screen.lang();
    let words = Words::distrusted(why, lang);
    let object = json!({
        "kind": "bundle", "to": to, "uid": uid, "claimed_from": claimed, "state": "distrusted", "code": words.code,
        "sentence": words.what, "next": words.next, "told": told,
    });
    let code = words.code.unwrap_or_default();
    screen.words(&words);
    screen.data(&object, |lang| {
        let head = lang.pick("受け取れません", "not accepted");
        let from = lang.pick("差出人の名乗り", "claims to be from");
        let line = format!("{head}: UID {uid}（{from}: {claimed}） [{code}]");
        match told {
            None => line,
            Some(_) => {
                line + "\n  "
                    + lang.pick("開けないことを送信元に知らせました。", "The sender is told that it does not open.")
            }
        }
    })
}
