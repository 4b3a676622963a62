//! `fumibako office search|show|refresh`: the directory (Profile §17). Exit 0: found, all current. 3: of some office nothing can be
//! taken over. 67: no such office.

mod words;

use std::collections::BTreeSet;

use clap::Subcommand;
use fumibako_model::{OfficeNumber, Search, ServiceKind};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::screen::Screen;
use super::table::table;
use crate::exit::Exit;
use crate::partners::refresh::{Fate, refresh};
use crate::register;
use crate::settings::Settings;
use crate::trouble::{Trouble, Usage};
use crate::wait;

/// 事業所検索: データをやり取りできる事業所を探します。/ Which offices there are, and whether they receive.
#[derive(Debug, clap::Args)]
pub(super) struct Office {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// 番号（先頭から）・名称・かな・市区町村で探します / search by number (its beginning), name, kana or municipality
    Search {
        /// 探す言葉。すべてに当てはまる事業所を示します / words; all must match
        words: Vec<String>,
        /// この市区町村 / in this municipality
        #[arg(long)]
        municipality: Option<String>,
        /// このサービス種類（43 など） / of this service kind
        #[arg(long)]
        kind: Option<ServiceKind>,
    },
    /// 一つを、証明書とともに示します / show one, with its certificates
    Show {
        /// 事業所番号 / office number
        number: OfficeNumber,
    },
    /// 手元の証明書のファイルに、新しい証明書を取り込みます / add the certificates it lacks to the file of partners
    Refresh {
        /// この事業所の分（なければ、ファイルにある事業所すべて） / of these offices; else of all in the file
        numbers: Vec<OfficeNumber>,
        /// 書き込まずに、調べるだけです / look, write nothing
        #[arg(long)]
        dry_run: bool,
    },
}

impl Office {
    pub(super) fn run(
        &self,
        settings: &Settings,
        screen: &mut Screen<'_>,
        clock: fn() -> Timestamp,
    ) -> Result<Exit, Trouble> {
        match &self.what {
            What::Search { words, municipality, kind } => {
                let (municipality, kind) =
                    (municipality.clone().unwrap_or_default(), kind.map(|kind| kind.to_string()));
                let kind = kind.unwrap_or_default();
                search(&Search { q: words.join(" "), municipality, kind, ..Search::default() }, settings, screen)
            }
            What::Show { number } => show(*number, settings, screen),
            What::Refresh { numbers, dry_run } => {
                certificates(numbers.iter().copied().collect(), *dry_run, settings, screen, clock())
            }
        }
    }
}

/// Profile §17.9, §3: 67 where nothing is found.
fn search(search: &Search, settings: &Settings, screen: &mut Screen<'_>) -> Result<Exit, Trouble> {
    // The gateway would say the same, and count it as a question.
    if let Err(refused) = search.sought() {
        return Err(Trouble::Usage(Usage::Search(refused.about)));
    }
    let found = wait(register::search(settings, search))?;
    let lang = screen.lang();
    if !screen.is_text() {
        for office in &found.offices {
            screen.data(&object(json!(office)), |_| String::new())?;
        }
        screen.data(&json!({ "kind": "summary", "offices": found.offices.len(), "more": found.more }), |_| {
            String::new()
        })?;
    } else if found.offices.is_empty() {
        screen.say(screen.pick(
            "見つかりませんでした。番号や名称の一部だけで、もう一度探してください。",
            "Nothing found. Try a part of the number or name.",
        ));
    } else {
        let rows: Vec<Vec<String>> = found.offices.iter().map(|office| words::cells(office, lang)).collect();
        screen.text(&table(&words::headings(lang), &rows))?;
        if found.more {
            screen.say(screen.pick(
                "ほかにもあります。言葉を足すか、--municipality か --kind で絞り込んでください。",
                "There are more. Add a word, or narrow it down with --municipality or --kind.",
            ));
        }
    }
    Ok(if found.offices.is_empty() { Exit::UNKNOWN_OFFICE } else { Exit::OK })
}

fn show(number: OfficeNumber, settings: &Settings, screen: &mut Screen<'_>) -> Result<Exit, Trouble> {
    let shown = wait(register::office(settings, number))?;
    screen.data(&object(json!(shown)), |lang| words::whole(&shown, lang))?;
    Ok(Exit::OK)
}

fn object(mut office: Value) -> Value {
    office["kind"] = "office".into();
    office
}

fn certificates(
    offices: BTreeSet<OfficeNumber>,
    dry_run: bool,
    settings: &Settings,
    screen: &mut Screen<'_>,
    now: Timestamp,
) -> Result<Exit, Trouble> {
    let done = refresh(settings, offices, dry_run, now)?;
    for one in &done {
        screen.data(&words::record(one), |lang| words::fate(one, lang))?;
    }
    let added = done.iter().any(|one| matches!(one.fate, Fate::New { .. }));
    screen.say(match (added, dry_run) {
        (false, _) => screen.pick("新しい証明書はありません。", "There is no new certificate."),
        (true, true) => screen.pick("まだ書き込んでいません。", "Nothing was written."),
        (true, false) => screen.pick("証明書を取り込みました。", "The certificates are in the file."),
    });
    Ok(Exit::of(done.iter().map(|one| match one.fate {
        Fate::New { .. } | Fate::Known { .. } => Exit::OK,
        Fate::NoSuchOffice => Exit::UNKNOWN_OFFICE,
        Fate::None | Fate::NotItsOwn { .. } | Fate::Unfit { .. } => Exit::PARTLY,
    })))
}
