//! The last step: an agent sends for the office, and both ends see who acted.

use fumibako_model::{Deed, JAPAN, Party, Said, Scope, Terms};
use jiff::{Timestamp, ToSpan as _};
use mail_parser::MessageParser;

use super::stage::Stage;
use super::{Step, sample};
use crate::bundle::open::agent_of;
use crate::bundle::{Draft, compose};
use crate::mailbox::{Folder, Mailbox};
use crate::mandates::{Mandates, hand_in, id_of};
use crate::partners::Closing;
use crate::post::{Carry as _, Post};
use crate::settings::Settings;
use crate::signatory::Signatory;
use crate::trouble::Trouble;
use crate::wait;

/// The office grants, the agent confirms and sends.
pub(super) fn acts(
    stage: &Stage,
    [sender, recipient]: [&Settings; 2],
    draft: &Draft,
    clock: fn() -> Timestamp,
) -> Result<Step, Trouble> {
    let agent = Settings::load(&stage.add_agent(sample::AGENT.0, sample::AGENT.1, clock())?)?;
    let (party, today) = (agent.party()?, JAPAN.to_datetime(clock()).date());
    let Party::Agent(id) = &party else { return Err(Trouble::SettingMissing("agent")) };
    let terms = Terms {
        office: sender.office()?,
        agent: id.clone(),
        scopes: Scope::ALL.to_vec(),
        kinds: Vec::new(),
        counterparties: Vec::new(),
        months: None,
        from: today,
        until: today.saturating_add(1.year()),
    };
    let mandate = terms.written(clock());
    let said = Said { mandate: id_of(&mandate), at: clock() };
    hand_in(&Deed::Grant(Box::new(mandate)), &sender.signer(clock())?, sender, clock())?;
    let early = Mandates::ours(&agent)?.cover(draft, clock()).is_err();
    hand_in(&Deed::Confirm(said), &agent.signer(clock())?, &agent, clock())?;
    let covered = Mandates::ours(&agent)?.cover(draft, clock()).is_ok();
    let message_id = sent(&agent, draft, clock)?;
    let seen =
        |settings: &Settings, folder| by(settings, folder, &message_id).map(|by| by.as_deref() == Some(id.as_str()));
    let (ours, theirs) = (seen(sender, Folder::Sent)?, seen(recipient, Folder::Inbox)?);
    Ok(Step::new(
        "agent",
        "代行業者が、委任を引き受けて事業所の代わりに送りました",
        "an agent confirmed a mandate and sent for the office",
    )
    .check(early && covered, "委任は、引き受けるまで効きません", "the mandate counts only once it is confirmed")
    .check(ours, "事業所の送信一覧に代行業者が出ます", "the office's own list names the agent")
    .check(theirs, "受け取る側の受信一覧にも代行業者が出ます", "so does the recipient's")
    .with("agent", id.as_str())
    .with("message_id", message_id))
}

fn sent(agent: &Settings, draft: &Draft, clock: fn() -> Timestamp) -> Result<String, Trouble> {
    let (identity, party, mut closing) = (agent.signer(clock())?, agent.party()?, Closing::of(agent, false)?);
    closing.ask(std::slice::from_ref(draft), agent, clock())?;
    let [from, to] = [draft.bundle.sender.office, draft.bundle.recipient.office].map(|office| agent.address_of(office));
    let (from, to) = (from?, to?);
    let form = closing.form_of(draft, &to, clock())?;
    let composed = compose(draft, (from.clone(), to.clone()), &form, Signatory::of(&identity, &party), clock())?;
    Post::new(agent)?.post(Some(&from), &to, &composed.octets.0)?;
    Ok(composed.fields.message_id)
}

/// The agent that this folder names beside the message.
fn by(settings: &Settings, folder: Folder, message_id: &str) -> Result<Option<String>, Trouble> {
    wait(async {
        let mut mailbox = Mailbox::open(settings).await?;
        mailbox.select(folder).await?;
        let uids = mailbox.search(&format!("HEADER Message-ID \"<{message_id}>\"")).await?;
        let kept = mailbox.headers(&uids).await?;
        mailbox.close().await;
        Ok(kept.first().and_then(|kept| agent_of(&MessageParser::default().parse_headers(&kept.octets.0)?)))
    })
}
