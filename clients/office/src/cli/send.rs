//! `fumibako send PATH…`: checks and sends every bundle in folders and files. Exit 0: all sent. 3: some not, and said
//! why. 65: none, since the files are not as they must be, or with `--resume`: something that waited is damaged.

mod checked;
mod delegated;

use std::path::{Path, PathBuf};

use clap::Args;
use fumibako_careplan::Lang;
use fumibako_model::Private;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::by;
use super::screen::{Screen, bytes};
use crate::bundle::gather::{file_name, gather_within, octets_of, read};
use crate::bundle::{Attached, Draft, Form, Left, attachment};
use crate::dispatch::{Dispatch, Ready};
use crate::exit::Exit;
use crate::licence::Behind;
use crate::outbox::{Entry, Fate, Outbox, Outcome};
use crate::partners::{Closing, NoPartner};
use crate::post::Post;
use crate::settings::{Settings, read_small};
use crate::terms::Terms;
use crate::trouble::{Limit, Trouble, Usage};

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line, and any of them may be given")]
pub(super) struct Send {
    /// 送るフォルダーやファイル / folders and files to send
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// 一緒に送る PDF・画像・文書（宛先が一つのとき） / a PDF, picture or document, for a single recipient
    #[arg(long, value_name = "FILE")]
    attach: Vec<PathBuf>,
    /// 添えるメッセージ（宛先が一つのとき） / cover message, for a single recipient
    #[arg(long, value_name = "TEXT")]
    message: Option<String>,
    /// メッセージを書いたファイル（UTF-8） / file with the cover message
    #[arg(long, value_name = "FILE")]
    message_file: Option<PathBuf>,
    /// 暗号化せず、署名だけで送ります（ゲートウェイにも読めます） / signed only: the gateway can read it
    #[arg(long)]
    signed_only: bool,
    /// 送信待ちだけを送ります / post only what waits
    #[arg(long)]
    resume: bool,
    /// エラーのあるデータも、このまま送ります / send what has errors all the same
    #[arg(long = "send-anyway")]
    anyway: bool,
    /// 送らずに、何が送られるかを見ます（どこにも接続しません） / show what would be sent; send nothing, connect to nobody
    #[arg(long)]
    dry_run: bool,
}

impl Send {
    /// Can this command line mean anything? Asked before the settings are read.
    pub(super) fn fits_together(&self) -> Result<(), Trouble> {
        if self.paths.is_empty() && !self.resume {
            return Err(Trouble::Usage(Usage::NothingToSend));
        }
        if self.message.is_some() && self.message_file.is_some() {
            return Err(Trouble::Usage(Usage::TwoMessages));
        }
        Ok(())
    }

    pub(super) fn run(
        &self,
        settings: &Settings,
        screen: &mut Screen<'_>,
        clock: fn() -> Timestamp,
    ) -> Result<Exit, Trouble> {
        let party = settings.party()?;
        let most = self.most(settings);
        let pile = gather_within(most, &self.paths, &party)?;
        let drafts = self.drafts(pile.bundles, most)?;
        let mut ends = Vec::new();
        for left in &pile.left {
            tell_left(left, screen)?;
            ends.push(Exit::BAD_FILE);
        }
        let (drafts, withheld) = checked::checked(drafts, self.anyway, screen)?;
        ends.extend(withheld);
        let (drafts, unmandated) = delegated::allowed(drafts, &party, settings, screen, clock())?;
        ends.extend(unmandated);
        let mut closing = if drafts.is_empty() { Closing::Signed } else { Closing::of(settings, self.signed_only)? };
        if self.dry_run {
            closing.recall(&drafts, settings, clock());
            for draft in &drafts {
                ends.push(tell_draft(draft, &closing, settings, clock(), screen)?);
            }
            return Ok(Exit::of(ends));
        }
        closing.ask(&drafts, settings, clock())?;
        let outbox = Outbox::open(&settings.data_folder)?;
        ends.extend(put_all(&drafts, (&closing, most), settings, &outbox, screen, clock)?);
        ends.extend(post_all(settings, &outbox, screen, clock)?);
        for (_, why) in crate::outbox::spoilt(&settings.data_folder)? {
            screen.words(&why.words(screen.lang()));
            ends.extend(self.resume.then(|| why.exit()));
        }
        if ends.is_empty() {
            screen.say(screen.pick("送るデータはありません。", "There is nothing to send."));
            return Ok(if self.resume { Exit::OK } else { Exit::NO_FILE });
        }
        Ok(Exit::of(ends))
    }

    /// Octets of a message that the gateway takes, as it said last. It is asked only where that may matter: where it never said it, or
    /// may take more by now. Where it does not answer soon, it says itself what it thinks of what waits in the outbox. A dry run asks
    /// nobody (Profile §12.1).
    fn most(&self, settings: &Settings) -> usize {
        let (known, octets) =
            (Terms::remembered(&settings.data_folder), octets_of(&self.paths) + octets_of(&self.attach));
        let may_matter = octets > ASKED_FROM && (known.message_bytes.is_none() || !known.may_hold(octets));
        let told = if may_matter && !self.dry_run { Terms::asked_soon(settings) } else { None };
        Terms { message_bytes: told.or(known.message_bytes), ..known }.most()
    }

    /// A cover message and attachments name no recipient, so there must be exactly one.
    fn drafts(
        &self,
        bundles: Vec<fumibako_careplan::Bundle<crate::bundle::Source>>,
        most: usize,
    ) -> Result<Vec<Draft>, Trouble> {
        let cover = self.cover()?.filter(|Private(text)| !text.trim().is_empty());
        let attached = self.attach.iter().map(|path| attached(path, most)).collect::<Result<Vec<_>, _>>()?;
        if (cover.is_some() || !attached.is_empty()) && bundles.len() != 1 {
            return Err(Trouble::Usage(Usage::AttachNeedsOneBundle(bundles.len())));
        }
        let draft = |bundle| Draft { bundle, cover: cover.clone(), attached: attached.clone() };
        Ok(bundles.into_iter().map(draft).collect())
    }

    fn cover(&self) -> Result<Option<Private<String>>, Trouble> {
        match (&self.message, &self.message_file) {
            (Some(text), _) => Ok(Some(Private(text.clone()))),
            (None, Some(path)) => {
                let not_text = |_| Trouble::reading(path)(std::io::ErrorKind::InvalidData.into());
                String::from_utf8(read_small(path)?).map(|text| Some(Private(text))).map_err(not_text)
            }
            (None, None) => Ok(None),
        }
    }
}

/// Octets of files that every gateway's messages hold, or nearly: no gateway is asked about so few.
const ASKED_FROM: u64 = 1 << 20;

/// One that no message could hold is not read (Profile §12.1); one that is no paper and no picture is not attached (Profile §2.9).
fn attached(path: &Path, most: usize) -> Result<Attached, Trouble> {
    let size = std::fs::metadata(path).map_err(Trouble::reading(path))?.len();
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    if size > most {
        return Err(Trouble::Limit(Limit::Message(size, most)));
    }
    let (name, bytes) = (file_name(path), read(path.to_owned())?.bytes);
    attachment::fits(&name, &bytes.0).map_err(|why| Trouble::NotAttached(path.to_owned(), why))?;
    Ok(Attached { name: Private(name), bytes })
}

/// Composes each bundle and puts it into the outbox. One that is past a limit, or that cannot be sealed, is named, and
/// the others go on.
fn put_all(
    drafts: &[Draft],
    (closing, most): (&Closing, usize),
    settings: &Settings,
    outbox: &Outbox,
    screen: &mut Screen<'_>,
    clock: fn() -> Timestamp,
) -> Result<Vec<Exit>, Trouble> {
    let mut ends = Vec::new();
    if drafts.is_empty() {
        return Ok(ends);
    }
    let dispatch = Dispatch::new((settings, closing, most), outbox, clock())?;
    for draft in drafts {
        match dispatch.ready(draft, clock()) {
            // A run that broke off left it in the outbox.
            Ok(Ready::Waits(_)) => screen.say(screen.pick(
                "同じデータが送信待ちにあるので、それを送ります。",
                "The same data waits in the outbox already; that is posted.",
            )),
            Ok(ready) => ready.put(outbox)?,
            Err(trouble) if is_of_one(&trouble) => {
                tell_not_sent(draft, &trouble, screen)?;
                ends.push(trouble.exit());
            }
            Err(trouble) => return Err(trouble),
        }
    }
    Ok(ends)
}

/// Is it about one bundle? Of who reads it the gateway may have told nothing where it told of others before.
fn is_of_one(trouble: &Trouble) -> bool {
    use Trouble::{Garbled, Limit, NoPartner, NotTheGateway, Refused, Seal, Unreachable};
    matches!(
        trouble,
        Limit(_) | NoPartner { .. } | Seal(_) | Unreachable { .. } | NotTheGateway { .. } | Refused { .. } | Garbled(_)
    )
}

fn post_all(
    settings: &Settings,
    outbox: &Outbox,
    screen: &mut Screen<'_>,
    clock: fn() -> Timestamp,
) -> Result<Vec<Exit>, Trouble> {
    let waiting = outbox.entries()?.iter().filter(|entry| entry.fate == Fate::Waiting).count();
    if waiting == 0 {
        return Ok(Vec::new());
    }
    screen.begin(waiting);
    let mut post = Post::new(settings)?;
    let (mut told, behind) = (Ok(()), Behind::new(settings));
    let outcomes = outbox.post_all(&mut post, clock, &mut |outcome| {
        screen.step();
        if told.is_ok() {
            told = tell_outcome(outcome, &behind, screen);
        }
    })?;
    told?;
    Ok(outcomes.iter().map(|outcome| outcome.trouble.as_ref().map_or(Exit::OK, Trouble::exit)).collect())
}

fn tell_left(left: &Left, screen: &mut Screen<'_>) -> std::io::Result<()> {
    let lang = screen.lang();
    let (what, next) = (left.why.sentence(lang), left.why.what_to_do(lang));
    let code = left.why.code();
    let object = json!({
        "kind": "left", "file": left.path, "code": code, "sentence": what, "next": next,
    });
    screen.data(&object, |lang| {
        let head = lang.pick("送らないファイル", "not sent");
        let mark = code.map_or(String::new(), |code| format!(" [{code}]"));
        format!("{head}: {}\n  {what}{}{next}{mark}", left.path.display(), lang.pick("", " "))
    })
}

fn tell_draft(
    draft: &Draft,
    closing: &Closing,
    settings: &Settings,
    now: Timestamp,
    screen: &mut Screen<'_>,
) -> Result<Exit, Trouble> {
    let to = settings.address_of(draft.bundle.recipient.office)?;
    let form = match draft.within_limits().and_then(|()| closing.form_of(draft, &to, now)) {
        Ok(form) => Some(form),
        // Nobody was asked yet.
        Err(Trouble::NoPartner { why: NoPartner::Unknown, .. }) => None,
        Err(trouble) => {
            tell_not_sent(draft, &trouble, screen)?;
            return Ok(trouble.exit());
        }
    };
    let mut object = object_of(draft, "dry-run");
    object["form"] = if matches!(form, Some(Form::Signed)) { "signed" } else { "sealed" }.into();
    object["cipher"] = form.as_ref().and_then(Form::cipher_name).into();
    object["readers"] = form.as_ref().map(|form| form.readers().len()).into();
    screen.data(&object, |lang| {
        let how = form.as_ref().map_or_else(
            || {
                lang.pick(
                    "暗号化（相手の証明書は、送るときにゲートウェイに尋ねます）",
                    "sealed; to whom, the gateway is asked when it is sent",
                )
            },
            |form| form.cipher_name().unwrap_or(lang.pick("署名のみ", "signed only")),
        );
        format!("{}: {}  {how}", lang.pick("送る予定", "would send"), line_of(draft, lang))
    })?;
    Ok(Exit::OK)
}

fn tell_not_sent(draft: &Draft, trouble: &Trouble, screen: &mut Screen<'_>) -> std::io::Result<()> {
    let words = trouble.words(screen.lang());
    let mut object = object_of(draft, "not-sent");
    object["code"] = words.code.into();
    object["sentence"] = words.what.clone().into();
    object["next"] = words.next.clone().into();
    screen.data(&object, |lang| {
        let head = lang.pick("送れません", "not sent");
        format!("{head}: {}\n  {}", line_of(draft, lang), words.line(lang))
    })
}

fn object_of(draft: &Draft, state: &str) -> Value {
    let facts = draft.facts();
    let names: Vec<&str> = draft.files().map(|(name, _)| name).collect();
    json!({
        "kind": "bundle", "from": draft.bundle.sender.office, "to": draft.bundle.recipient.office, "units": facts.units, "month": facts.month,
        "files": facts.files, "size": facts.size, "names": names, "state": state,
    })
}

fn line_of(draft: &Draft, lang: Lang) -> String {
    let units: Vec<&str> = draft.bundle.units.iter().map(|unit| unit.kind.name(lang)).collect();
    let facts = draft.facts();
    let size = bytes(facts.size);
    let what = units.join(lang.pick("、", ", "));
    match lang {
        Lang::Ja => format!("{} へ {what}（{} ファイル、{size} バイト）", draft.bundle.recipient, facts.files),
        Lang::En => format!("to {}: {what} ({} files, {size} bytes)", draft.bundle.recipient, facts.files),
    }
}

fn tell_outcome(outcome: &Outcome, behind: &Behind<'_>, screen: &mut Screen<'_>) -> std::io::Result<()> {
    let lang = screen.lang();
    let words = outcome.trouble.as_ref().map(|trouble| behind.explain(trouble.words(lang), lang));
    let entry = &outcome.entry;
    let state = state_of(entry);
    let object = json!({
        "kind": if entry.bundle.is_some() { "bundle" } else { "receipt" },
        "message_id": entry.message_id, "from": entry.from().and_then(|from| from.office_number()), "to": entry.to().and_then(|to| to.office_number()), "state": state,
        "evidence": entry.evidence().map(|id| id.to_string()),
        "code": words.as_ref().and_then(|words| words.code), "sentence": words.as_ref().map(|words| &words.what),
        "next": words.as_ref().map(|words| &words.next),
        "reference": words.as_ref().and_then(|words| words.reference.as_ref()),
    });
    screen.data(&object, |lang| {
        let what = match (&entry.bundle, lang) {
            (Some(_), Lang::Ja) => "送信データ",
            (Some(_), Lang::En) => "bundle",
            (None, Lang::Ja) => "受領証",
            (None, Lang::En) => "receipt",
        };
        let head = match (state, lang) {
            ("accepted", Lang::Ja) => "送りました",
            ("accepted", Lang::En) => "sent",
            ("refused", Lang::Ja) => "断られました",
            ("refused", Lang::En) => "refused",
            (_, Lang::Ja) => "送信待ちに残しました",
            (_, Lang::En) => "kept for later",
        };
        let end = match (&words, entry.evidence()) {
            (Some(words), _) => format!("\n  {}", words.line(lang)),
            (None, Some(id)) => format!("  {} {id}", lang.pick("受付", "evidence")),
            (None, None) => String::new(),
        };
        let sender = entry.agent.as_ref().map_or(String::new(), |agent| by::on_behalf(&entry.from, agent, lang) + " ");
        format!("{head}: {what} {sender}→ {}  <{}>{end}", entry.to, entry.message_id)
    })
}

fn state_of(entry: &Entry) -> &'static str {
    match entry.fate {
        Fate::Waiting => "waiting",
        Fate::Posted { .. } => "accepted",
        Fate::Refused { .. } => "refused",
    }
}
