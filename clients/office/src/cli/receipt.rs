//! `fumibako receipt ID -o FILE`: the evidence about a bundle with all that proves it, and a page to print (Profile §8.19). It is
//! verified before it is written. Exit 0. 2: several bundles bear the Message-ID. 66: no such evidence. 73: the file is there already.
//! 76: it does not hold; nothing is written.

use std::path::{Path, PathBuf};

use clap::Args;
use fumibako_model::{EvidenceId, OfficeNumber};
use jiff::Timestamp;
use serde_json::json;

use super::screen::Screen;
use super::verify::tell;
use super::which::{self, Meant, named};
use crate::exit::Exit;
use crate::mailbox::Mailbox;
use crate::proof::{self, About, Proof};
use crate::settings::Settings;
use crate::trouble::{Trouble, Usage};
use crate::{disk, page, wait};

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
    /// 書き出すファイル。印刷用の受領証（HTML）が隣にできます / the file; a page to print (HTML) is made beside it
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
}

impl Receipt {
    pub(super) fn run(
        &self,
        settings: &Settings,
        screen: &mut Screen<'_>,
        clock: fn() -> Timestamp,
    ) -> Result<Exit, Trouble> {
        let page_file = self.output.with_extension("html");
        // Before anything is asked: one of the two would not be written.
        if page_file == self.output {
            return Err(Trouble::Usage(Usage::NameOfThePage(page_file)));
        }
        for file in [&self.output, &page_file] {
            if file.exists() {
                return Err(Trouble::Exists(file.clone()));
            }
        }
        let about = wait(about(settings, &self.which, self.from))?;
        let Proof { octets, report, witnessed } = wait(proof::ask(settings, &about, clock()))?;
        if !report.holds() {
            tell(&report, None, screen)?;
            return Ok(Exit::NO_PROOF);
        }
        let name = self.output.file_name().unwrap_or_default().to_string_lossy();
        let page = page::of(&witnessed, &report, &name);
        write(&self.output, &octets)?;
        write(&page_file, page.as_bytes())?;
        let last = witnessed.pieces.last();
        let object = json!({
            "kind": "proof", "file": self.output, "page": page_file, "unseen": report.unseen(),
            "evidence": witnessed.pieces.iter().map(|one| one.id.to_string()).collect::<Vec<_>>(),
            "event": last.map(|one| one.evidence.event.as_str()), "receipt": witnessed.receipt.is_some(),
        });
        let (file, page) = (self.output.display(), page_file.display());
        screen.data(&object, |lang| {
            let ja = format!("{file} に書き出しました。印刷用: {page}");
            lang.pick(ja, format!("Written to {file}; to print: {page}"))
        })?;
        Ok(Exit::OK)
    }
}

fn write(path: &Path, octets: &[u8]) -> Result<(), Trouble> {
    disk::create(path, octets).map_err(|why| match why.kind() {
        std::io::ErrorKind::AlreadyExists => Trouble::Exists(path.to_owned()),
        _ => Trouble::writing(path)(why),
    })
}

/// A Message-ID is looked up in the mailbox first, unless it is said whose it is, which is asked with it. It may have been used before
/// by what is in no list any more, and then the gateway asks back; the number of a list means one message.
async fn about(settings: &Settings, which: &str, from: Option<OfficeNumber>) -> Result<About, Trouble> {
    if let Ok(id) = which.parse::<EvidenceId>() {
        return Ok(About::Piece(id));
    }
    if let Some(from) = from {
        let id = which.trim().trim_start_matches('<').trim_end_matches('>').to_owned();
        return Ok(About::Message { id, from, at: None });
    }
    let mut mailbox = Mailbox::open(settings).await?;
    let Meant { kept, by_number, .. } = which::open(&mut mailbox, &settings.party()?, which).await?;
    mailbox.close().await;
    let (from, id) = named(&kept);
    let from = from.ok_or_else(|| Trouble::Garbled("a message of no office".into()))?;
    Ok(About::Message { id, from, at: by_number.then_some(kept.arrived) })
}
