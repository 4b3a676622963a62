//! `fumibako show MESSAGE-ID|UID`: one message in detail: fields, signer, certificate, files, state, evidence. Exit 0.

use clap::Args;
use fumibako_careplan::Lang;
use fumibako_model::{Address, EvidenceId, Fault, Refused, State};
use fumibako_signer::{Certificate, Enveloped, Signed};
use jiff::Timestamp;
use mail_parser::MessageParser;
use serde_json::json;

use super::by::on_behalf;
use super::screen::{Screen, bytes, harmless, moment};
use super::which::{self, Meant, is_searchable};
use crate::bundle::open::{agent_of, is_sealed};
use crate::bundle::{Contents, Reader, open};
use crate::exit::Exit;
use crate::fetch::NAMES_WAIT as ASKED;
use crate::mailbox::{Folder, Kept, Mailbox, Place};
use crate::outbox::{self, Entry};
use crate::proof::{self, About};
use crate::receipt::notification;
use crate::settings::Settings;
use crate::trouble::{Trouble, Words};
use crate::verify::{self, Judge, Layer, Report, What, verify};
use crate::wait;

#[derive(Debug, Args)]
pub(super) struct Show {
    /// Message-ID か、一覧の番号（送信は sent:番号、代行業者は 事業所:番号） / Message-ID, or the UID of a list (`sent:UID` for
    /// sent ones; an agent's are `OFFICE:UID`)
    #[arg(value_name = "MESSAGE-ID|UID")]
    which: String,
}

/// Everything that is shown of a message.
struct View<'k> {
    kept: &'k Kept,
    folder: Folder,
    from: String,
    by: Option<String>,
    to: String,
    subject: String,
    sealed: bool,
    cipher: Option<&'static str>,
    message_id: String,
    date: Option<Timestamp>,
    signer: Option<Certificate>,
    signed_at: Option<Timestamp>,
    verdict: Result<(), Refused>,
    contents: Option<Contents>,
    evidence: Option<EvidenceId>,
    receipt: Option<Acknowledged>,
}

/// The receipt for what we sent, held against it (Profile §8.8).
struct Acknowledged {
    arrived: Timestamp,
    report: Report,
}

impl Show {
    pub(super) fn run(&self, settings: &Settings, screen: &mut Screen<'_>) -> Result<Exit, Trouble> {
        let (place, kept, receipt) = wait(find(settings, &self.which))?;
        let mut view = view(settings, place, &kept, receipt.as_ref())?;
        // What somebody else sent, an agent or another computer, has no number here.
        if let (None, (Some(from), id)) = (view.evidence, which::named(&kept)) {
            let about = About::Message { id, from, at: Some(kept.arrived) };
            // Nothing that is shown depends on it, and nothing waits long for it.
            let asked = async { Ok(tokio::time::timeout(ASKED, proof::number(settings, &about)).await.ok()) };
            view.evidence = wait(asked)?.and_then(Result::ok);
        }
        screen.data(&view.object(), |lang| view.text(lang))?;
        if let Err(why) = &view.verdict {
            screen.words(&Words::of(why, None, screen.lang()));
        }
        if let Some(layer) = view.receipt.as_ref().and_then(Acknowledged::failed) {
            screen.words(&layer.words(screen.lang()));
            return Ok(Exit::NO_PROOF);
        }
        Ok(if view.verdict.is_ok() { Exit::OK } else { Exit::NO_PROOF })
    }
}

/// The message, and the receipt for it if we sent it.
async fn find(settings: &Settings, which: &str) -> Result<(Place, Kept, Option<Kept>), Trouble> {
    let mut mailbox = Mailbox::open(settings).await?;
    let Meant { place, kept, .. } = which::open(&mut mailbox, &settings.party()?, which).await?;
    let sent = place.folder == Folder::Sent;
    let receipt = if sent { receipt_for(&mut mailbox, place, &kept).await? } else { None };
    mailbox.close().await;
    Ok((place, kept, receipt))
}

/// The first receipt counts (Profile §8.3). A word before it, that it could not be opened, is none (Profile §8.22), nor is a report of
/// the gateway, which names the bundle as well (Profile §8.17).
async fn receipt_for(mailbox: &mut Mailbox, sent: Place, kept: &Kept) -> Result<Option<Kept>, Trouble> {
    let header = MessageParser::default().parse_headers(&kept.octets.0);
    let id = header.as_ref().and_then(|header| header.message_id()).filter(|id| is_searchable(id));
    let Some(id) = id.filter(|_| kept.state() == Some(State::Retrieved)) else { return Ok(None) };
    match mailbox.select(Place { folder: Folder::Receipts, ..sent }).await {
        // An agent that may send need not be one that may look at receipts.
        Err(Trouble::Refused { .. }) if sent.office.is_some() => return Ok(None),
        selected => drop(selected?),
    }
    let to = header.as_ref().and_then(|header| header.to()?.first()?.address()?.parse::<Address>().ok());
    // Profile §8.2: what it is about stands in the notification. In-Reply-To is a hint that finds it soon, and need not be there.
    let hints = [format!("HEADER In-Reply-To \"<{id}>\""), format!("NOT FROM \"gateway@\" BODY \"{id}\"")];
    for hint in hints {
        for uid in mailbox.search(&hint).await? {
            let Some(receipt) = mailbox.message(uid).await? else { continue };
            if acknowledges(&receipt.octets.0, id, to.as_ref()) {
                return Ok(Some(receipt));
            }
        }
    }
    Ok(None)
}

/// Is it the receipt of this office for this bundle?
fn acknowledges(octets: &[u8], id: &str, by: Option<&Address>) -> bool {
    let said = Signed::read(octets).ok().and_then(|signed| notification(signed.part()));
    said.is_some_and(|said| {
        said.is_processed().is_ok() && said.original.as_deref() == Some(id) && said.recipient.as_ref() == by
    })
}

fn view<'k>(settings: &Settings, place: Place, kept: &'k Kept, receipt: Option<&Kept>) -> Result<View<'k>, Trouble> {
    let message = MessageParser::default().parse_headers(&kept.octets.0);
    let message = message.ok_or_else(|| Trouble::Garbled("a message without header".into()))?;
    let first = |list: Option<&mail_parser::Address<'_>>| {
        list.and_then(|list| list.first()).and_then(|one| one.address()).unwrap_or_default().to_owned()
    };
    let (from, to) = (first(message.from()), first(message.to()));
    let by = agent_of(&message);
    let message_id = message.message_id().unwrap_or_default().to_owned();
    // What we sent is addressed to somebody else; it is judged as its recipient would.
    let ours = || match place.office {
        Some(office) => settings.address_of(office),
        None => settings.office().and_then(|office| settings.address_of(office)),
    };
    let us = match place.folder {
        Folder::Inbox => ours()?,
        Folder::Sent | Folder::Receipts => to.parse().or_else(|_| ours())?,
    };
    // Our own copy of what we sealed opens with our own key (Profile §4.6); what is signed only needs none.
    let sealed = is_sealed(&kept.octets.0);
    let keys = if sealed { settings.reading_keys()? } else { Vec::new() };
    let (trust, stampers) = (settings.trust()?, settings.stampers(None, &settings.revocation_files)?);
    let reader = Reader { us: &us, trust: &trust, keys: &keys, now: kept.arrived };
    let verdict = open(&kept.octets.0, &reader);
    let signed = Signed::read(&kept.octets.0).ok();
    let envelope = signed.as_ref().filter(|_| sealed).and_then(|signed| Enveloped::read(signed.part()).ok());
    let signature = signed.and_then(|signed| signed.verify().ok());
    let contents = verdict.as_ref().ok().and_then(|opened| Contents::read(opened.entity()).ok());
    let inside = verdict.as_ref().ok().and_then(|opened| opened.subject());
    let office = to.parse().ok().and_then(|to: Address| to.office_number());
    let entry = outbox::look(&settings.data_folder)?.into_iter().find(|entry| entry.is(&message_id, office));
    let evidence = entry.as_ref().and_then(Entry::evidence);
    let receipt = receipt.map(|receipt| {
        let (domain, original) = (settings.domain.as_ref(), Some(kept.octets.0.as_slice()));
        let judge =
            Judge { trust: &trust, stampers: stampers.as_ref(), keys: &keys, domain, original, at: receipt.arrived };
        Acknowledged { arrived: receipt.arrived, report: verify(&receipt.octets.0, &judge) }
    });
    Ok(View {
        kept,
        folder: place.folder,
        from,
        by,
        to,
        // RFC 9788: the subject inside the seal is the one that was meant.
        subject: inside.or(message.subject()).unwrap_or_default().to_owned(),
        sealed,
        cipher: envelope.map(|envelope| envelope.cipher()),
        date: message.date().and_then(|date| Timestamp::from_second(date.to_timestamp()).ok()),
        signer: signature.as_ref().map(|signature| signature.signer().clone()),
        signed_at: signature.and_then(|signature| signature.signing_time()),
        verdict: verdict.map(|_| ()),
        message_id,
        contents,
        evidence,
        receipt,
    })
}

impl View<'_> {
    fn state(&self) -> &'static str {
        match self.folder {
            Folder::Inbox if self.kept.is_acknowledged() => "済",
            Folder::Inbox => "未",
            Folder::Sent if self.kept.fault().is_some() => "未（送信先で開封できず）",
            Folder::Sent | Folder::Receipts => self.kept.state().map_or("未", State::word),
        }
    }

    /// Why it could not be opened there.
    fn fault(&self) -> Option<Fault> {
        self.kept.fault().filter(|_| self.folder == Folder::Sent)
    }

    fn files(&self) -> Vec<(String, usize)> {
        let files = self.contents.iter().flat_map(|contents| &contents.files);
        files.map(|(name, bytes)| (harmless(&name.0), bytes.0.len())).collect()
    }

    fn object(&self) -> serde_json::Value {
        let files: Vec<_> =
            self.files().into_iter().map(|(name, size)| json!({ "name": name, "size": size })).collect();
        json!({
            "kind": "message", "uid": self.kept.uid, "message_id": self.message_id, "from": self.from, "by": self.by, "to": self.to,
            "date": self.date, "arrived": self.kept.arrived, "subject": self.subject, "size": self.kept.size,
            "form": if self.sealed { "sealed" } else { "signed" }, "cipher": self.cipher,
            "signature": match &self.verdict { Ok(()) => "holds", Err(why) => why.why.row().code },
            "signed_at": self.signed_at,
            "certificate": self.signer.as_ref().map(|signer| json!({
                "subject": signer.subject(), "issuer": signer.issuer(), "serial": signer.serial_hex(),
                "until": signer.not_after(), "sha256": signer.fingerprint_hex(),
            })),
            "cover": self.contents.as_ref().and_then(|contents| contents.cover.as_ref()).map(|cover| &cover.0),
            "names": files, "state": self.state(), "keywords": self.kept.flags, "evidence": self.evidence.map(|id| id.to_string()),
            "receipt": self.receipt.as_ref().map(Acknowledged::object), "fault": self.fault(), "until": self.kept.until(),
        })
    }

    fn text(&self, lang: Lang) -> String {
        let or_none = |text: Option<String>| text.unwrap_or_else(|| "-".into());
        let label = |ja: &'static str, en: &'static str| lang.pick(ja, en);
        let certificate = self
            .signer
            .as_ref()
            .map(|signer| format!("{} / {} {}", signer.subject(), label("発行元", "issued by"), signer.issuer()));
        let verdict = match &self.verdict {
            Ok(()) => label("確かめました", "holds").to_owned(),
            Err(why) => Words::of(why, None, lang).line(lang),
        };
        let form = if self.sealed {
            label("暗号化と署名", "sealed: encrypted and signed")
        } else {
            label("署名のみ", "signed only")
        };
        let mut lines = vec![
            (
                label("差出人", "From"),
                self.by.as_ref().map_or_else(|| self.from.clone(), |by| on_behalf(&self.from, by, lang)),
            ),
            (label("宛先", "To"), self.to.clone()),
            (label("件名", "Subject"), self.subject.clone()),
            (label("作成日時", "Date"), or_none(self.date.map(moment))),
            (label("受付日時", "Arrived"), moment(self.kept.arrived)),
            ("Message-ID", self.message_id.clone()),
            (label("形", "Form"), self.cipher.map_or(form.to_owned(), |cipher| format!("{form} ({cipher})"))),
            (label("署名", "Signature"), verdict),
            (label("署名日時", "Signed"), or_none(self.signed_at.map(moment))),
            (label("証明書", "Certificate"), or_none(certificate)),
            (label("有効期限", "Valid until"), or_none(self.signer.as_ref().map(|signer| moment(signer.not_after())))),
            (label("状態", "State"), self.state().to_owned()),
            (label("証跡", "Evidence"), or_none(self.evidence.map(|id| id.to_string()))),
        ];
        lines.extend(self.kept.until().map(|until| (label("保管期限", "Kept until"), moment(until))));
        if let Some(fault) = self.fault() {
            lines.push((label("送信先の返事", "Their word"), fault.sentence(lang).to_owned()));
            lines.push((label("次にすること", "What to do"), fault.next(lang).to_owned()));
        }
        lines.extend(self.receipt.as_ref().map(|receipt| (label("受領証", "Receipt"), receipt.text(lang))));
        let files = self.files().into_iter().map(|(name, size)| format!("{name}（{} B）", bytes(size as u64)));
        lines.extend(files.map(|file| (label("ファイル", "File"), file)));
        let cover = self.contents.as_ref().and_then(|contents| contents.cover.as_ref());
        lines
            .extend(cover.map(|cover| (label("メッセージ", "Message"), String::new() + "\n" + &cover_lines(&cover.0))));
        let width = lines.iter().map(|(label, _)| unicode_width::UnicodeWidthStr::width(*label)).max().unwrap_or(0);
        let line = |(label, text): &(&str, String)| {
            let gap = " ".repeat(width - unicode_width::UnicodeWidthStr::width(*label));
            let text: Vec<String> = text.split('\n').map(harmless).collect();
            format!("{label}{gap}  {}", text.join("\n"))
        };
        lines.iter().map(line).collect::<Vec<_>>().join("\n")
    }
}

impl Acknowledged {
    /// What of it does not hold.
    fn failed(&self) -> Option<&Layer> {
        self.report.layers.iter().find(|layer| matches!(layer.state, verify::State::Fails(_)))
    }

    /// How the signed receipt stands; none, if there is none.
    fn signed(&self) -> Option<&Layer> {
        self.report.layers.iter().find(|layer| layer.what == What::SignedReceipt)
    }

    fn object(&self) -> serde_json::Value {
        json!({
            "arrived": self.arrived, "holds": self.report.holds(),
            "code": self.failed().and_then(|layer| layer.words(Lang::Ja).code),
            "signed_receipt": self.signed().map(Layer::state_id),
        })
    }

    fn text(&self, lang: Lang) -> String {
        if let Some(layer) = self.failed() {
            return format!("{}: {}", layer.what.name(lang), layer.words(lang).line(lang));
        }
        let holds = lang.pick("送信先の署名と内容を確かめました", "the recipient's signature and its content hold");
        let signed = self.signed().filter(|layer| matches!(layer.state, verify::State::Holds));
        let signed = signed.map_or("", |_| {
            lang.pick("。署名つきの受領（ESS）も送った内容と一致します", "; so does the signed receipt (ESS)")
        });
        format!("{}（{holds}{signed}）", moment(self.arrived))
    }
}

fn cover_lines(cover: &str) -> String {
    cover.lines().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
}
