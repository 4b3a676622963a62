//! The steps, in the order of the bundle's way.

use std::fs;
use std::path::{Path, PathBuf};

use fumibako_careplan::{Severity, check};
use fumibako_gateway::{LicenceAsk, Request};
use fumibako_model::{BUNDLE_FIELD, LicenceState, PayBy, Payment, State};
use fumibako_signer::Identity;
use fumibako_signer::authority::KeyKind;
use jiff::Timestamp;
use mail_parser::MessageParser;

use super::stage::Stage;
use super::unread::Traces;
use super::{Step, sample};
use crate::bundle::{Composed, Contents, Draft, Reader, compose, gather, open};
use crate::fetch::{Arrival, End, Fetch};
use crate::licence::{Manner, Year, agreed, ask_for, ours};
use crate::mailbox::{Folder, Mailbox};
use crate::outbox::{Outbox, Outcome};
use crate::partners::{Closing, Partners};
use crate::post::{Carry as _, Post};
use crate::settings::Settings;
use crate::trouble::Trouble;
use crate::wait;

/// Plays the whole way in a fresh folder and tells each step as it is done. What comes back still runs.
pub fn play(
    dir: &Path,
    clock: fn() -> Timestamp,
    tell: &mut dyn FnMut(&Step) -> std::io::Result<()>,
) -> Result<Stage, Trouble> {
    let stage = Stage::set_up(dir, clock())?;
    tell(&gateway(&stage))?;
    let [sender, recipient] = offices(&stage, clock, tell)?;
    let written = dir.join("written");
    sample::write(&written)?;
    let draft = sorted(&written, &sender, tell)?;
    let composed = composed(&draft, (&sender, &recipient), clock, tell)?;
    posted(&composed, &sender, clock, tell)?;
    tell(&unread(&stage, &written, &composed)?)?;
    tell(&listed(&sender, &composed, "未")?)?;
    let arrival = fetched(&recipient, &composed, clock, tell)?;
    tell(&compared(&written, &arrival.folder)?)?;
    tell(&acknowledged(&recipient, &arrival)?)?;
    tell(&listed(&sender, &composed, "済")?)?;
    tell(&super::agent::acts(&stage, [&sender, &recipient], &draft, clock)?)?;
    Ok(stage)
}

fn gateway(stage: &Stage) -> Step {
    let addresses = stage.addresses();
    let local = addresses.submission_tls.ip().is_loopback() && addresses.imap_tls.ip().is_loopback();
    Step::new(
        "gateway",
        "ゲートウェイと試験用の認証局を作り、起動しました",
        "a gateway and a throw-away CA were made and started",
    )
    .check(local, "このパソコンの中だけで待ち受けています", "it listens on this computer only")
    .check(stage.tls_authority().is_file(), "TLS 証明書の発行元を渡せます", "its TLS authority can be handed out")
    .with("submission", addresses.submission_tls.to_string())
    .with("imap", addresses.imap_tls.to_string())
}

fn offices(
    stage: &Stage,
    clock: fn() -> Timestamp,
    tell: &mut dyn FnMut(&Step) -> std::io::Result<()>,
) -> Result<[Settings; 2], Trouble> {
    let now = clock();
    let add = |office: sample::Known, key| {
        stage.introduce(office.description()?, key, now).and_then(|place| Settings::load(&place))
    };
    let offices = [add(sample::OFFICES[0], KeyKind::EcP256)?, add(sample::OFFICES[1], KeyKind::Rsa2048)?];
    let (version, text) = (sample::TERMS.0.to_owned(), sample::TERMS.1.to_owned());
    stage.ask(Request::Licence(LicenceAsk::TermsPublish { version, text }))?;
    let mut step = Step::new(
        "offices",
        "二つの事業所を登録し、証明書を用意し、ライセンスを申請しました",
        "two offices were registered, given certificates and licensed",
    );
    for settings in &offices {
        let licensed = licensed(stage, settings, clock())?;
        step = step.check(
            licensed,
            "規約に同意してライセンスを申請し、支払いが記録されました",
            "it agreed to the terms, applied for its licence, and the payment was written down",
        );
        let (office, certificate) = (settings.office()?, settings.identity()?.certificate().clone());
        let believed = settings.trust()?.check_certificate(&certificate, &[], now).is_ok();
        let named = certificate.rfc822_names() == [settings.address_of(office)?.to_string()];
        step = step.check(
            believed && named,
            format!("{office} の証明書は認証局が発行し、その事業所を名指ししています"),
            format!("the certificate of {office} leads to the CA and names that office"),
        );
    }
    let [sender, recipient] = &offices;
    let to = sender.address_of(recipient.office()?)?;
    let readers = Partners::read(sender)?.readers(&to, now)?;
    step = step.check(
        readers == [recipient.identity()?.certificate().clone(), sender.identity()?.certificate().clone()],
        "送る側は、運用者の証明書ファイルから受け取る側の証明書を見つけました",
        "the sender finds the recipient's certificate in the operator's file",
    );
    tell(&step)?;
    Ok(offices)
}

/// Profile §10.5: the office reads the terms, agrees to them and applies; the operator writes down that it is paid.
fn licensed(stage: &Stage, settings: &Settings, now: Timestamp) -> Result<bool, Trouble> {
    let terms = agreed(&ours(settings)?, &[sample::TERMS.0])?;
    let manner = Manner { pay_by: PayBy::Deduction, automatic: true };
    let view = ask_for(settings, Year::First, (&terms, manner), now)?;
    let (number, payment) = (settings.office()?, Payment::Paid);
    stage.ask(Request::Licence(LicenceAsk::Payment { number, from: None, payment, pay_by: None }))?;
    Ok(view.state == LicenceState::InForce && view.agrees())
}

fn sorted(
    written: &Path,
    sender: &Settings,
    tell: &mut dyn FnMut(&Step) -> std::io::Result<()>,
) -> Result<Draft, Trouble> {
    let mut pile = gather(&[written.to_owned()], sender.office()?)?;
    let one = pile.bundles.len() == 1 && pile.left.is_empty();
    let bundle = pile.bundles.pop().ok_or_else(|| Trouble::NoGateway("the sample is no bundle".into()))?;
    let errors = check(&sample::FILES).findings.iter().filter(|f| f.severity == Severity::Error).count();
    let units: Vec<String> = bundle.units.iter().map(|unit| unit.kind.to_string()).collect();
    let step = Step::new(
        "files",
        "介護ソフトが書いたファイルをまとめました",
        "the files that care software wrote were sorted",
    )
    .check(one, "宛先は一つで、余るファイルはありません", "they go to one recipient, none is left over")
    .check(
        units == ["plan"],
        "送信単位（1～3 表と補足情報）がそろっています",
        "they are a whole send unit: tables 1-3 and supplement",
    )
    .check(errors == 0, "標準仕様に照らしてエラーはありません", "the standard finds no error in them")
    .with("from", bundle.sender.to_string())
    .with("to", bundle.recipient.to_string())
    .with("files", sample::FILES.len());
    tell(&step)?;
    Ok(Draft { bundle, cover: None, attached: Vec::new() })
}

fn composed(
    draft: &Draft,
    (sender, recipient): (&Settings, &Settings),
    clock: fn() -> Timestamp,
    tell: &mut dyn FnMut(&Step) -> std::io::Result<()>,
) -> Result<Composed, Trouble> {
    let from = sender.address_of(sender.office()?)?;
    let to = sender.address_of(draft.bundle.recipient.office)?;
    let form = Closing::of(sender, false)?.form(&to, clock())?;
    let composed = compose(draft, (from, to.clone()), &form, &sender.identity()?, clock())?;
    let trust = recipient.trust()?;
    let opens = |keys: &[Identity]| open(&composed.octets.0, &Reader { us: &to, trust: &trust, keys, now: clock() });
    let opened = opens(&recipient.reading_keys()?);
    let contents = opened.as_ref().ok().and_then(|opened| Contents::read(opened.entity()).ok());
    let same = contents.is_some_and(|contents| {
        let inside = contents.files.iter().map(|(name, bytes)| (name.0.as_str(), bytes.0.as_slice()));
        inside.eq(draft.files())
    });
    let step = Step::new(
        "sealed",
        "S/MIME メールを作り、署名し、暗号化し、もう一度署名しました",
        "an S/MIME message was composed, signed, encrypted and signed again",
    )
    .check(
        opened.is_ok_and(|opened| opened.is_sealed()),
        "受け取る側の鍵で開き、二重の署名を確かめました",
        "it opens with the recipient's key, and both signatures hold",
    )
    .check(same, "中のファイルは元のままです", "the files inside are the originals")
    .check(
        opens(&sender.reading_keys()?).is_ok(),
        "送った側も、控えを自分の鍵で開けます",
        "the sender can open its own copy",
    )
    .check(opens(&[]).is_err(), "鍵がなければ開きません", "without a key it does not open")
    .with("message_id", composed.fields.message_id.clone())
    .with("bytes", composed.octets.0.len());
    tell(&step)?;
    Ok(composed)
}

fn posted(
    composed: &Composed,
    sender: &Settings,
    clock: fn() -> Timestamp,
    tell: &mut dyn FnMut(&Step) -> std::io::Result<()>,
) -> Result<(), Trouble> {
    let outbox = Outbox::open(&sender.data_folder)?;
    let (id, at) = (&composed.fields.message_id, composed.fields.at);
    outbox.put(id, at, &composed.octets)?;
    let step = Step::new("outbox", "送信箱に入れました", "it was put into the outbox").check(
        outbox.knows(id)?,
        "ディスクに書き終えています。停電しても失われません",
        "it is synced to disk: a crash only delays it",
    );
    let readable = Traces::of_plan(&sample::FILES).found_below(&sender.data_folder)?;
    tell(&step.check(
        readable.is_empty(),
        "送信箱にも、読める形の計画書は残っていません",
        "no readable plan is left in the outbox",
    ))?;
    let mut post = Post::new(sender)?;
    let mut outcomes = outbox.post_all(&mut post, clock, &mut |_| ())?;
    let Some(Outcome { entry, trouble: None }) = outcomes.pop() else {
        return Err(outcomes.pop().and_then(|outcome| outcome.trouble).unwrap_or(Trouble::NoMessage(id.clone())));
    };
    let evidence = entry.evidence();
    let again = post.post(Some(&composed.fields.from), &composed.fields.to, &composed.octets.0)?;
    let step = Step::new(
        "posted",
        "SMTP（TLS）で送信し、ゲートウェイが受け付けました",
        "it was posted by SMTP over TLS and accepted",
    )
    .check(evidence.is_some(), "受付の証跡番号を受け取りました", "the gateway answered with an evidence id")
    .check(
        evidence == Some(again),
        "もう一度送っても同じ番号で、二重になりません",
        "posted again it gets the same id: no second copy",
    )
    .with("evidence", again.to_string());
    Ok(tell(&step)?)
}

/// The gateway has the message and keeps it; the plan in it is nowhere in its folder.
fn unread(stage: &Stage, written: &Path, composed: &Composed) -> Result<Step, Trouble> {
    let (plan, gateway) = (Traces::of_plan(&sample::FILES), stage.gateway_folder());
    let message = Traces::of(composed.fields.message_id.as_bytes());
    let searchable = !plan.found_below(written)?.is_empty() && !message.found_below(&gateway)?.is_empty();
    let unread = !plan.is_empty() && plan.found_below(&gateway)?.is_empty();
    Ok(Step::new("unread", "ゲートウェイは中身を読めません", "the gateway cannot read what it carries")
        .check(
            searchable,
            "同じ探し方で、元のファイルの文章と、ゲートウェイにあるメールの番号は見つかります",
            "the same search finds the text in the files as written, and the message's number at the gateway",
        )
        .check(
            unread,
            "ゲートウェイのフォルダー全体のどこにも、計画書の文章はありません（base64 の形でも）",
            "nowhere in the gateway's whole folder is the plan's text, not as base64 either",
        )
        .check(
            !plan.are_in(&composed.octets.0),
            "ゲートウェイに届いたメールそのものにも、計画書の文章はありません",
            "the message as the gateway received it does not show the text either",
        ))
}

fn fetched(
    recipient: &Settings,
    composed: &Composed,
    clock: fn() -> Timestamp,
    tell: &mut dyn FnMut(&Step) -> std::io::Result<()>,
) -> Result<Arrival, Trouble> {
    let fetch = Fetch::new(recipient, clock)?;
    let mut run = wait(fetch.run(&mut |_| ()))?;
    if let Some(trouble) = run.stopped {
        return Err(trouble);
    }
    let only = run.fetched.len() == 1;
    let arrival = match run.fetched.pop().map(|one| one.end) {
        Some(End::Saved(arrival)) => arrival,
        Some(End::Distrusted { why, .. }) => return Err(Trouble::Distrust(why)),
        None => return Err(Trouble::NoMessage(composed.fields.message_id.clone())),
    };
    let from_sender = Some(arrival.from) == composed.fields.from.office_number();
    let step =
        Step::new("fetched", "受け取る側が IMAP（TLS）で取得しました", "the recipient fetched it by IMAP over TLS")
            .check(
                only && arrival.message_id == composed.fields.message_id,
                "届いたのはこの 1 件です",
                "it is the one that was sent, once",
            )
            .check(
                from_sender,
                "署名、証明書、差出人の事業所が一致しました",
                "signature, certificate and sender's office agree",
            )
            .with("folder", arrival.folder.display().to_string());
    tell(&step)?;
    Ok(arrival)
}

fn compared(written: &Path, received: &Path) -> Result<Step, Trouble> {
    let mut step = Step::new(
        "compared",
        "保存したファイルを元のファイルと比べました",
        "the saved files were compared with the originals",
    );
    for (name, _) in sample::FILES {
        let read = |folder: &Path| {
            let path: PathBuf = folder.join(name);
            fs::read(&path).map_err(Trouble::reading(path))
        };
        step = step.check(
            read(written)? == read(received)?,
            format!("{name} は同一です"),
            format!("{name} is byte-identical"),
        );
    }
    let count = fs::read_dir(received).map_err(Trouble::reading(received))?.count();
    let only = count == sample::FILES.len();
    Ok(step.check(only, "余分なファイルはありません", "there is no other file"))
}

fn acknowledged(recipient: &Settings, arrival: &Arrival) -> Result<Step, Trouble> {
    let outbox = Outbox::open(&recipient.data_folder)?;
    let entry = outbox.entries()?.into_iter().find(|entry| entry.message_id == arrival.receipt);
    let evidence = entry.and_then(|entry| entry.evidence());
    let accepted = arrival.receipt_trouble.is_none() && evidence.is_some();
    let step = Step::new("receipt", "署名した受領証を返しました", "the signed receipt was returned")
        .check(accepted, "ゲートウェイが受領証を受け付けました", "the gateway accepted the receipt")
        .with("message_id", arrival.receipt.clone());
    Ok(match evidence {
        Some(id) => step.with("evidence", id.to_string()),
        None => step,
    })
}

/// The sender's own list, read from the gateway.
fn listed(sender: &Settings, composed: &Composed, expected: &'static str) -> Result<Step, Trouble> {
    let id = &composed.fields.message_id;
    let kept = wait(async {
        let mut mailbox = Mailbox::open(sender).await?;
        mailbox.select(Folder::Sent).await?;
        let uids = mailbox.search(&format!("HEADER Message-ID \"<{id}>\"")).await?;
        let kept = mailbox.headers(&uids).await?;
        mailbox.close().await;
        Ok(kept)
    })?;
    let state = kept.first().and_then(crate::mailbox::Kept::state);
    let word = state.map_or("", State::word);
    let facts = kept.first().and_then(|kept| {
        let message = MessageParser::default().parse_headers(&kept.octets.0)?;
        message.header_raw(BUNDLE_FIELD).map(|value| value.trim().to_owned())
    });
    let title = match expected {
        "済" => ["送信側の一覧が「済」になりました", "the sender's list says 済: collected"],
        _ => ["送信側の一覧は「未」です", "the sender's list says 未: not collected yet"],
    };
    let step = Step::new("list", title[0], title[1])
        .check(kept.len() == 1, "一覧に 1 件だけあります", "it stands in the list once")
        .check(word == expected, format!("状態は {expected} です"), format!("its state is {expected}"));
    let step = step.with("message_id", id.clone()).with("to", composed.fields.to.to_string());
    Ok(step.with("bundle", facts).with("state", word))
}
