//! `fumibako receipt ID -o FILE`: the evidence about a bundle with all that proves it, and a page to print (Profile §8.19). It is
//! verified before it is written. Exit 0. 66: no such evidence. 73: the file is there already. 76: it does not hold; nothing is
//! written.

use std::path::{Path, PathBuf};

use clap::Args;
use fumibako_model::{EvidenceId, PROOF_FORM, ProofFile};
use jiff::Timestamp;
use mail_parser::MessageParser;
use serde_json::json;

use super::screen::Screen;
use super::show;
use super::verify::tell;
use crate::exit::Exit;
use crate::https::{self, Question};
use crate::settings::Settings;
use crate::trouble::Trouble;
use crate::verify::{NotWhole, verify_proof};
use crate::{disk, page, wait};

#[derive(Debug, Args)]
pub(super) struct Receipt {
    /// 証跡番号（EV…）、Message-ID、または一覧の番号（送信は sent:番号） / evidence id, Message-ID, or the UID of a list
    /// (`sent:UID` for sent ones)
    #[arg(value_name = "ID")]
    which: String,
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
        for file in [&self.output, &page_file] {
            if file.exists() {
                return Err(Trouble::Exists(file.clone()));
            }
        }
        let gateway = settings.evidence_trust(None)?;
        let offices = settings.trust()?;
        let file = wait(ask(settings, &self.which))?;
        if file.v != PROOF_FORM {
            return Err(Trouble::NotAMessage(self.output.clone(), NotWhole::LaterProof));
        }
        let (report, witnessed) = verify_proof(&file, (&gateway, Some(&offices)), None, clock());
        if !report.holds() {
            tell(&report, None, screen)?;
            return Ok(Exit::NO_PROOF);
        }
        let name = self.output.file_name().unwrap_or_default().to_string_lossy();
        let page = page::of(&witnessed, &report, &name);
        let octets = serde_json::to_vec_pretty(&file).map_err(std::io::Error::from)?;
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

/// What the gateway keeps. A Message-ID is looked up in the mailbox first: whose it is, is asked with it.
async fn ask(settings: &Settings, which: &str) -> Result<ProofFile, Trouble> {
    if let Ok(id) = which.parse::<EvidenceId>() {
        return https::ask(settings, Question::get(&format!("/v1/evidence/{id}"))).await;
    }
    let kept = show::find_one(settings, which).await?;
    let header = MessageParser::default().parse_headers(&kept.octets.0);
    let header = header.ok_or_else(|| Trouble::Garbled("a message without header".into()))?;
    let from = header.from().and_then(|from| from.first()).and_then(|one| one.address()).unwrap_or_default();
    let office = from.split('@').next().unwrap_or_default();
    let id = header.message_id().unwrap_or_default();
    let path = format!("/v1/evidence/{}?from={}", encoded(id), encoded(office));
    https::ask(settings, Question::get(&path)).await
}

/// RFC 3986 §2.1, §2.3: a segment of a path, or a value of a query.
fn encoded(text: &str) -> String {
    let plain = |octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'.' | b'_' | b'~');
    let letters =
        text.bytes().map(|octet| if plain(octet) { char::from(octet).into() } else { format!("%{octet:02X}") });
    letters.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_a_path_ends_no_path() {
        assert_eq!(encoded("a.b-1@plans.example"), "a.b-1%40plans.example");
        assert_eq!(encoded("../?x=1&y#あ"), "..%2F%3Fx%3D1%26y%23%E3%81%82");
    }
}
