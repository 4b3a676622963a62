//! `fumibako receipt ID -o FILE`: the evidence about a bundle with all that proves it, and a page to print (Profile §8.19). It is
//! verified before it is written. Exit 0. 2: several bundles bear the Message-ID. 3: written, and the gateway has lost something that it was to
//! keep for it. 66: no such evidence, or no message to keep with it. 73: the file is there already. 76: it does not hold; nothing is written.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::Args;
use fumibako_careplan::Lang;
use fumibako_model::{BundleFacts, Evidence, EvidenceId, OfficeNumber};
use jiff::Timestamp;
use mail_parser::MessageParser;
use serde_json::json;

use super::screen::{Screen, moment};
use super::verify::tell;
use super::which::{self, Meant, named};
use crate::bundle::open::announced_in;
use crate::exit::Exit;
use crate::fetch::{NAMES_WAIT, Names};
use crate::mailbox::{Kept, Mailbox};
use crate::page::{Beside, Proves, name};
use crate::proof::{self, About, Proof};
use crate::settings::Settings;
use crate::trouble::{Trouble, Usage};
use crate::{disk, outbox, page, register, wait};

#[derive(Debug, Args)]
pub(super) struct Receipt {
    /// 証跡番号（EV…）、Message-ID、または一覧の番号（送信は sent:番号） / evidence id, Message-ID, or the UID of a list
    /// (`sent:UID` for sent ones)
    #[arg(value_name = "ID")]
    which: String,
    /// 送信元の事業所番号。内容が消去されて一覧にないものを Message-ID で探すとき / the office that sent it, to find by its Message-ID
    /// what is in no list any more, as its content was erased
    #[arg(long, value_name = "OFFICE")]
    from: Option<OfficeNumber>,
    /// 書き出すファイル。印刷用の書面（HTML）が隣にできます。受領証になるのは、受け取った事業所の署名があるときだけです
    /// / the file; a page to print (HTML) is made beside it, a receipt only where the recipient signed one
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// 送受信したデータの原本も隣に保存します（拡張子 .eml）。ゲートウェイが消去する前だけできます。開くには当時の鍵が要ります
    /// / keep the message itself beside it (.eml), while the gateway still has it; it opens with the key of its time
    #[arg(long)]
    with_original: bool,
}

impl Receipt {
    pub(super) fn run(
        &self,
        settings: &Settings,
        screen: &mut Screen<'_>,
        clock: fn() -> Timestamp,
    ) -> Result<Exit, Trouble> {
        let [page_file, original] = ["html", "eml"].map(|end| self.output.with_extension(end));
        let original = self.with_original.then_some(original);
        let beside = [Some(&page_file), original.as_ref()].into_iter().flatten();
        // Before anything is asked: one of them would not be written.
        if let Some(file) = beside.clone().find(|file| **file == self.output) {
            return Err(Trouble::Usage(Usage::NameOfThePage(file.clone())));
        }
        if let Some(file) = beside.chain([&self.output]).find(|file| file.exists()) {
            return Err(Trouble::Taken(file.clone()));
        }
        let (about, kept) = wait(about(settings, &self.which, self.from))?;
        let mut proof = wait(proof::ask(settings, &about, clock()))?;
        let first = proof.witnessed.pieces.first().map(|one| one.evidence.clone());
        let kept = match (kept, &first) {
            (None, Some(first)) if self.with_original => {
                let found = wait(message(settings, &first.message_id));
                Some(found.map_err(|why| no_original(why, proof.witnessed.erased.is_some()))?)
            }
            (kept, _) => kept,
        };
        if let (Some(kept), true) = (&kept, self.with_original) {
            proof = proof.held_against(settings, &kept.octets.0, clock())?;
        }
        let Proof { octets, report, witnessed } = proof;
        if !report.holds() {
            tell(&report, None, screen)?;
            return Ok(Exit::NO_PROOF);
        }
        let beside = Beside {
            names: wait(names(settings, first.as_ref()))?,
            facts: first.as_ref().and_then(|first| facts(settings, first, kept.as_ref())),
            original: original.as_deref().map(name),
            authorities: page::authorities(settings),
            issued: clock(),
        };
        let page = page::of(&witnessed, &report, &name(&self.output), &beside);
        write(&self.output, &octets)?;
        write(&page_file, page.as_bytes())?;
        if let (Some(file), Some(kept)) = (&original, &kept) {
            write(file, &kept.octets.0)?;
        }
        let (last, lacks) = (witnessed.pieces.last(), report.lacks(&witnessed));
        let object = json!({
            "kind": "proof", "file": self.output, "page": page_file, "original": original, "unseen": report.unseen(),
            "evidence": witnessed.pieces.iter().map(|one| one.id.to_string()).collect::<Vec<_>>(),
            "event": last.map(|one| one.evidence.event.as_str()), "receipt": witnessed.receipt.is_some(),
            "lacks": lacks.iter().map(|what| what.id()).collect::<Vec<_>>(),
            "message_id": first.as_ref().map(|first| &first.message_id), "from": first.as_ref().map(|first| first.from),
            "to": first.as_ref().map(|first| first.to), "accepted": first.as_ref().map(|first| first.at),
        });
        screen.data(&object, |lang| {
            let about = first.as_ref().map(|first| which_bundle(first, &beside, lang)).unwrap_or_default();
            written((&self.output, &page_file, original.as_deref()), lang) + &about
        })?;
        let lang = screen.lang();
        let proves = Proves::of(&witnessed);
        if let Some((ja, en)) = proves.lacks() {
            screen.say(&(lang.pick(ja, en).to_owned() + further(proves, lang)));
        }
        if lacks.is_empty() {
            return Ok(Exit::OK);
        }
        let names: Vec<_> = lacks.iter().map(|what| what.name(lang)).collect();
        screen.say(&lacking(&names.join(lang.pick("、", ", ")), lang));
        Ok(Exit::PARTLY)
    }
}

/// What to do where a list says more than evidence does.
fn further(proves: Proves, lang: Lang) -> &'static str {
    match proves {
        // There a list says no more, and what the gateway has lost is told of itself.
        Proves::ReceiptNamed => "",
        _ => lang.pick(
            "\n一覧にこれより進んだ印（「済」など）が出ているときは、ゲートウェイの運用者に、evidence verify で保管の状態を確かめるよう頼んでください。",
            "\nIf a list shows it as further than that (済), ask the operator of the gateway to look with evidence verify.",
        ),
    }
}

/// The files that are there now.
fn written((file, page, original): (&Path, &Path, Option<&Path>), lang: Lang) -> String {
    let (file, page) = (file.display(), page.display());
    let also = original.map(|file| file.display());
    let also = also.map(|file| lang.pick(format!("、原本: {file}"), format!("; the message itself: {file}")));
    let ja = format!("{file} に書き出しました。印刷用: {page}");
    lang.pick(ja, format!("Written to {file}; to print: {page}")) + &also.unwrap_or_default()
}

/// Which bundle it is about: numbers of two lists look alike.
fn which_bundle(first: &Evidence, beside: &Beside, lang: Lang) -> String {
    let office = |number: OfficeNumber| match beside.names.get(&number) {
        Some(name) => lang.pick(format!("{name}（{number}）"), format!("{name} ({number})")),
        None => number.to_string(),
    };
    let (from, to, at) = (office(first.from), office(first.to), moment(first.at));
    let what = beside.facts.as_ref().map(|facts| {
        let month = facts.year_month().map(|month| format!(" {month}")).unwrap_or_default();
        format!(" {}{month}", facts.kinds(lang))
    });
    let what = what.unwrap_or_default();
    lang.pick(
        format!("\n  {from}から{to}へ {at} に送られたデータ{what}"),
        format!("\n  what went from {from} to {to} at {at}{what}"),
    )
}

/// What the file does not prove, and who can look why.
fn lacking(names: &str, lang: Lang) -> String {
    lang.pick(
        format!(
            "書き出したファイルには、ゲートウェイが保管しているはずの「{names}」がありません。そこは、このファイルだけでは証明できません。\n\
             ゲートウェイの運用者に、evidence verify で保管の状態を確かめるよう頼んでください。"
        ),
        format!(
            "The file has not what the gateway was to keep for it ({names}), and does not prove that by itself.\n\
             Ask the operator of the gateway to look with evidence verify."
        ),
    )
}

/// The message itself, while a folder has it.
async fn message(settings: &Settings, id: &str) -> Result<Kept, Trouble> {
    let mut mailbox = Mailbox::open(settings).await?;
    let found = which::open(&mut mailbox, &settings.party()?, id).await;
    mailbox.close().await;
    Ok(found?.kept)
}

/// Whoever typed a number of evidence knows no Message-ID.
fn no_original(why: Trouble, erased: bool) -> Trouble {
    if matches!(why, Trouble::NoMessage(_)) { Trouble::NoOriginal(erased) } else { why }
}

/// What both offices are called, as far as the register says it soon: nothing waits for that, and nothing fails by it.
async fn names(settings: &Settings, evidence: Option<&Evidence>) -> Result<Names, Trouble> {
    let Some(evidence) = evidence else { return Ok(Names::new()) };
    let both = BTreeSet::from([evidence.from, evidence.to]);
    let asked = tokio::time::timeout(NAMES_WAIT, register::offices(settings, &both)).await;
    Ok(asked.into_iter().flatten().flatten().map(|office| (office.number, office.name)).collect())
}

/// What the header of the bundle says it holds, if it is here or among what was sent from this computer.
fn facts(settings: &Settings, evidence: &Evidence, kept: Option<&Kept>) -> Option<BundleFacts> {
    let header = kept.and_then(|kept| MessageParser::default().parse_headers(&kept.octets.0));
    let sent = || {
        let entries = outbox::look(&settings.data_folder).ok()?;
        entries.iter().find(|entry| entry.is(&evidence.message_id, Some(evidence.to)))?.facts()
    };
    header.as_ref().and_then(announced_in).or_else(sent)
}

fn write(path: &Path, octets: &[u8]) -> Result<(), Trouble> {
    disk::create(path, octets).map_err(|why| match why.kind() {
        std::io::ErrorKind::AlreadyExists => Trouble::Taken(path.to_owned()),
        _ => Trouble::writing(path)(why),
    })
}

/// A Message-ID is looked up in the mailbox first, unless it is said whose it is, which is asked with it. It may have been used before
/// by what is in no list any more, and then the gateway asks back; the number of a list means one message.
async fn about(settings: &Settings, which: &str, from: Option<OfficeNumber>) -> Result<(About, Option<Kept>), Trouble> {
    if let Some(id) = evidence_id(which)? {
        return Ok((About::Piece(id), None));
    }
    if let Some(from) = from {
        let id = which.trim().trim_start_matches('<').trim_end_matches('>').to_owned();
        return Ok((About::Message { id, from, at: None }, None));
    }
    let mut mailbox = Mailbox::open(settings).await?;
    let Meant { kept, by_number, .. } = which::open(&mut mailbox, &settings.party()?, which).await?;
    mailbox.close().await;
    let (from, id) = named(&kept);
    let from = from.ok_or_else(|| Trouble::Garbled("a message of no office".into()))?;
    Ok((About::Message { id, from, at: by_number.then_some(kept.arrived) }, Some(kept)))
}

/// A number of evidence as it is typed from a page: in small letters or, by an input method, in full-width ones, too. None: it may be
/// something else, as a Message-ID is.
fn evidence_id(typed: &str) -> Result<Option<EvidenceId>, Trouble> {
    let narrow = |c: char| match c {
        '！'..='～' => char::from_u32(u32::from(c) - 0xFEE0).unwrap_or(c),
        c => c,
    };
    let plain: String = typed.trim().chars().map(|c| narrow(c).to_ascii_uppercase()).collect();
    match (plain.parse(), plain.strip_prefix("EV")) {
        (Ok(id), _) => Ok(Some(id)),
        (Err(_), Some(rest)) if !rest.is_empty() && rest.chars().all(|c| c.is_ascii_alphanumeric()) => {
            Err(Trouble::Usage(Usage::EvidenceNumber(typed.to_owned())))
        }
        _ => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Profile §8.19
    #[test]
    fn a_number_of_evidence_is_taken_as_people_type_it() {
        let id: EvidenceId = "EV5188000000000C".parse().unwrap();
        for typed in
            ["EV5188000000000C", "ev5188000000000c", "ＥＶ５１８８０００００００００Ｃ", " ｅｖ5188000000000c　"]
        {
            assert_eq!(evidence_id(typed).unwrap(), Some(id), "{typed}");
        }
        for other in ["12", "sent:3", "evening@x.example", "EV@x.example", ""] {
            assert_eq!(evidence_id(other).unwrap(), None, "{other}");
        }
        for none in ["EV518800000000", "ev5188000000000cc", "EV5188000000000G"] {
            assert!(matches!(evidence_id(none), Err(Trouble::Usage(Usage::EvidenceNumber(typed))) if typed == none));
        }
    }
}
