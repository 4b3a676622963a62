//! `fumibako mandate grant|confirm|revoke|list|show|acts`: who may act for whom (Profile §9), and what was done (Profile §16.4). Each word is signed here with our own key.
//! Exit 0: done. 3: shown, and not done without `--yes`. 77: it is not ours to do.

use clap::Subcommand;
use fumibako_careplan::Lang;
use fumibako_model::{
    AgentId, Deed, MandateId, MandateRow, OfficeNumber, Party, Said, Scope, ServiceMonth, Terms, ToldAct, ToldActs,
    UnitKind,
};
use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::{Value, json};

use super::screen::{Screen, harmless, moment};
use super::table::table;
use crate::exit::Exit;
use crate::mandates::acts::{acts, together, what, who};
use crate::mandates::{Mandates, hand_in, id_of, words};
use crate::settings::Settings;
use crate::trouble::{Alone, Trouble, Usage};
use crate::wait;

/// 委任: 事業所が代行業者に、送受信を任せます。/ An office lets an agent send and receive for it.
#[derive(Debug, clap::Args)]
pub(super) struct Mandate {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// 代行業者に委任します（相手が確認すると始まります） / grant one to an agent; it begins once the agent confirms it
    Grant(Grant),
    /// 委任を確認して引き受けます（代行業者） / confirm one that an office gave you
    Confirm {
        /// 委任番号 / the mandate's id
        id: MandateId,
        /// 内容を見て引き受けます / having read it
        #[arg(long)]
        yes: bool,
    },
    /// 委任を取り消します（次の操作から効きます） / revoke one: counts from the next command on
    Revoke {
        /// 委任番号 / the mandate's id
        id: MandateId,
    },
    /// 一覧 / list
    List,
    /// 一つを詳しく見ます / show one
    Show {
        /// 委任番号 / the mandate's id
        id: MandateId,
    },
    /// 代行業者がしたことと委任の変更を、新しい順に見ます / what agents did for the office, and changes of mandates, newest first
    Acts {
        /// この番号より前の記録 / those before this row
        #[arg(long, value_name = "N")]
        before: Option<u64>,
    },
}

#[derive(Debug, clap::Args)]
struct Grant {
    /// 代行業者 ID / the agent
    agent: AgentId,
    /// 任せる範囲: send（送信）, receive（受信）, acknowledge（受領）, status（状況） / what it may do
    #[arg(long, value_delimiter = ',', required = true)]
    scope: Vec<String>,
    /// この種類だけ（use-table など） / only these kinds of send units
    #[arg(long, value_delimiter = ',')]
    kinds: Vec<UnitKind>,
    /// この相手の事業所だけ / only with these offices
    #[arg(long, value_delimiter = ',', value_name = "OFFICE")]
    counterparties: Vec<OfficeNumber>,
    /// この対象年月だけ（YYYYMM か YYYYMM-YYYYMM） / only for these service months
    #[arg(long, value_parser = Terms::months)]
    months: Option<(ServiceMonth, ServiceMonth)>,
    /// 初日（YYYY-MM-DD） / first day
    #[arg(long)]
    from: Date,
    /// 最終日（この日も有効） / last day; it still counts
    #[arg(long)]
    until: Date,
    /// 署名せずに、内容だけを見ます / show it, sign nothing
    #[arg(long)]
    dry_run: bool,
}

impl Mandate {
    pub(super) fn run(
        &self,
        settings: &Settings,
        screen: &mut Screen<'_>,
        clock: fn() -> Timestamp,
    ) -> Result<Exit, Trouble> {
        match &self.what {
            What::Grant(grant) => grant.run(settings, screen, clock()),
            What::Confirm { id, yes } => confirm(*id, *yes, settings, screen, clock()),
            What::Revoke { id } => revoke(*id, settings, screen, clock()),
            What::List => list(&Mandates::ours(settings)?, screen),
            What::Show { id } => show(&one(*id, settings)?, screen),
            What::Acts { before } => told(&wait(acts(settings, *before))?, screen),
        }
    }
}

impl Grant {
    fn run(&self, settings: &Settings, screen: &mut Screen<'_>, now: Timestamp) -> Result<Exit, Trouble> {
        let office = match settings.party()? {
            Party::Office(office) => office,
            // Profile §9.12: what was delegated is not delegated further.
            Party::Agent(_) => return Err(Trouble::Alone(Alone::OfficesGrant)),
        };
        let mandate = self.terms(office)?.written(now);
        mandate.sound().map_err(|why| Trouble::Usage(Usage::Mandate(why)))?;
        let id = id_of(&mandate);
        let deed = Deed::Grant(Box::new(mandate.clone()));
        if self.dry_run {
            let object = json!({ "kind": "mandate", "state": "dry-run", "id": id, "mandate": mandate });
            screen.data(&object, |lang| words::terms(&mandate, lang))?;
            return Ok(Exit::OK);
        }
        let row = hand_in(&deed, &settings.signer(now)?, settings, now)?;
        tracing::info!(mandate = %id, agent = %mandate.agent, "mandate.granted");
        show(&row, screen)?;
        screen.say(&words::granted(&row, screen.lang()));
        Ok(Exit::OK)
    }

    fn terms(&self, office: OfficeNumber) -> Result<Terms, Trouble> {
        let scope = |word: &String| {
            let why = if words::is_undelegable(word) { Usage::Undelegable } else { Usage::NoScope };
            word.parse::<Scope>().map_err(|_| Trouble::Usage(why(word.clone())))
        };
        Ok(Terms {
            office,
            agent: self.agent.clone(),
            scopes: self.scope.iter().map(scope).collect::<Result<_, _>>()?,
            kinds: self.kinds.clone(),
            counterparties: self.counterparties.clone(),
            months: self.months,
            from: self.from,
            until: self.until,
        })
    }
}

/// Profile §9.12: what is confirmed is what was shown: its id is made of its words.
fn confirm(
    id: MandateId,
    yes: bool,
    settings: &Settings,
    screen: &mut Screen<'_>,
    now: Timestamp,
) -> Result<Exit, Trouble> {
    if let Party::Office(_) = settings.party()? {
        return Err(Trouble::Alone(Alone::AgentsConfirm));
    }
    let row = one(id, settings)?;
    if !yes {
        show(&row, screen)?;
        screen.say(screen.pick(
            "まだ引き受けていません。内容を確かめ、--yes を付けてもう一度実行してください。",
            "Not confirmed yet. Read it and run this again with --yes.",
        ));
        return Ok(Exit::PARTLY);
    }
    let deed = Deed::Confirm(Said { mandate: id, at: now });
    show(&hand_in(&deed, &settings.signer(now)?, settings, now)?, screen)
}

fn revoke(id: MandateId, settings: &Settings, screen: &mut Screen<'_>, now: Timestamp) -> Result<Exit, Trouble> {
    // The gateway may not show it any more than anybody else does: who signs, ends it.
    let deed = Deed::Revoke(Said { mandate: id, at: now });
    let row = hand_in(&deed, &settings.signer(now)?, settings, now)?;
    tracing::info!(mandate = %id, "mandate.revoked");
    show(&row, screen)?;
    screen.say(screen.pick(
        "取り消しました。次の操作から代行できません。受け付け済みのデータはそのまま届きます。",
        "Revoked: the agent is refused from its next command on. What was accepted before still arrives.",
    ));
    Ok(Exit::OK)
}

fn one(id: MandateId, settings: &Settings) -> Result<MandateRow, Trouble> {
    Mandates::ours(settings)?.find(id).cloned().ok_or(Trouble::NoMandate(id))
}

fn object(row: &MandateRow) -> Value {
    let mut object = json!(row);
    object["kind"] = "mandate".into();
    object
}

fn show(row: &MandateRow, screen: &mut Screen<'_>) -> Result<Exit, Trouble> {
    screen.data(&object(row), |lang| words::whole(row, lang))?;
    Ok(Exit::OK)
}

fn list(mandates: &Mandates, screen: &mut Screen<'_>) -> Result<Exit, Trouble> {
    if !screen.is_text() {
        for row in mandates.rows() {
            screen.data(&object(row), |_| String::new())?;
        }
    } else if mandates.rows().is_empty() {
        screen.say(screen.pick("委任はありません。", "There is no mandate."));
    } else {
        let lang = screen.lang();
        let rows: Vec<Vec<String>> = mandates.rows().iter().map(|row| words::cells(row, lang)).collect();
        screen.text(&table(&words::headings(lang), &rows))?;
    }
    Ok(Exit::OK)
}

/// All of it for programs; for people, what was done again and again is one line.
fn told(told: &ToldActs, screen: &mut Screen<'_>) -> Result<Exit, Trouble> {
    if !screen.is_text() {
        for act in &told.acts {
            let mut object = json!(act);
            object["kind"] = "act".into();
            screen.data(&object, |_| String::new())?;
        }
        let last = json!({ "kind": "summary", "acts": told.acts.len(), "more": told.more });
        screen.data(&last, |_| String::new())?;
        return Ok(Exit::OK);
    }
    let lang = screen.lang();
    if told.acts.is_empty() {
        screen.say(screen.pick("代行の記録はありません。", "Nobody acted for this office."));
        return Ok(Exit::OK);
    }
    let row = |(act, count): (&ToldAct, usize)| {
        let times = if count > 1 { format!(" ×{count}") } else { String::new() };
        vec![act.n.to_string(), moment(act.at), who(act, lang), harmless(&what(act, None, lang)) + &times]
    };
    let rows: Vec<Vec<String>> = together(&told.acts).into_iter().map(row).collect();
    let heads = lang.pick(["番号", "日時", "だれが", "内容（新しい順）"], ["row", "at", "who", "what, newest first"]);
    screen.text(&table(&heads, &rows))?;
    if let Some(last) = told.acts.last().filter(|_| told.more) {
        screen.say(&match lang {
            Lang::Ja => format!("これより前の記録は `fumibako mandate acts --before {}` で見られます。", last.n),
            Lang::En => format!("Older ones: `fumibako mandate acts --before {}`.", last.n),
        });
    }
    Ok(Exit::OK)
}
