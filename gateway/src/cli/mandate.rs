//! `mandate add|list|show|revoke`: who may act for which office (Profile §9). Offices and agents sign theirs themselves; the
//! operator registers what came on paper.

use clap::Subcommand;
use fumibako_careplan::Lang;
use fumibako_model::{AgentId, MandateId, MandateRow, OfficeNumber, Scope, ServiceMonth, Terms, UnitKind};
use jiff::civil::Date;

use super::{Context, Failure, unexpected};
use crate::admin::{Reply, Request};
use crate::clock::Clock;

#[derive(Debug, Subcommand)]
pub(super) enum Mandate {
    /// 紙の委任を登録する / register a mandate that is on paper
    Add(Add),
    /// 一覧 / list
    List {
        /// この事業所のものだけ / of this office only
        #[arg(long)]
        office: Option<OfficeNumber>,
        /// この代行業者のものだけ / to this agent only
        #[arg(long)]
        agent: Option<AgentId>,
    },
    /// 一つを表示する / show one
    Show {
        /// 委任番号 / the mandate's id
        id: MandateId,
    },
    /// 取り消す（直ちに効く。接続中でも次の操作から） / revoke: counts from the next command, in open connections too
    Revoke {
        /// 委任番号 / the mandate's id
        id: MandateId,
    },
}

#[derive(Debug, clap::Args)]
pub(super) struct Add {
    /// 委任する事業所 / the office that gives it
    office: OfficeNumber,
    /// 代行業者 / the agent that gets it
    agent: AgentId,
    /// 双方が押印した紙の委任であることを確かめた / it is on paper, sealed by both
    #[arg(long, required = true)]
    paper: bool,
    /// 範囲（send, receive, acknowledge, status） / scopes
    #[arg(long, value_delimiter = ',', required = true)]
    scope: Vec<Scope>,
    /// この種類だけ（use-table など） / only these kinds of send units
    #[arg(long, value_delimiter = ',')]
    kinds: Vec<UnitKind>,
    /// この相手の事業所だけ / only with these offices
    #[arg(long, value_delimiter = ',')]
    counterparties: Vec<OfficeNumber>,
    /// この対象年月だけ（YYYYMM-YYYYMM） / only for these service months
    #[arg(long, value_parser = Terms::months)]
    months: Option<(ServiceMonth, ServiceMonth)>,
    /// 初日 / first day
    #[arg(long)]
    from: Date,
    /// 最終日 / last day
    #[arg(long)]
    until: Date,
}

impl Add {
    fn terms(self) -> Terms {
        Terms {
            office: self.office,
            agent: self.agent,
            scopes: self.scope,
            kinds: self.kinds,
            counterparties: self.counterparties,
            months: self.months,
            from: self.from,
            until: self.until,
        }
    }
}

impl Mandate {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<(), Failure> {
        let request = match self {
            Self::Add(add) => Request::MandateAdd { mandate: Box::new(add.terms().written(Clock.now())) },
            Self::List { office, agent } => Request::MandateList { office, agent },
            Self::Show { id } => Request::MandateShow { id },
            Self::Revoke { id } => Request::MandateRevoke { id },
        };
        let lang = context.lang;
        match context.ask(&request)? {
            Reply::Mandates { mandates } => context.rows(&mandates, |row| line(row, lang)),
            _ => Err(unexpected()),
        }
    }
}

fn line(row: &MandateRow, lang: Lang) -> String {
    let (one, words) = (&row.registered, &row.registered.mandate);
    let scopes: Vec<_> = words.scopes.iter().map(|scope| lang.pick(scope.word(), scope.as_str())).collect();
    let paper = if one.paper { lang.pick("紙", "paper") } else { lang.pick("署名", "signed") };
    let kinds = words.kinds.as_ref().map(|kinds| list(kinds.iter().map(|kind| kind.id())));
    let offices = words.counterparties.as_ref().map(|offices| list(offices.iter()));
    let months = words.months.map(|(from, until)| format!("{from}-{until}"));
    let limits: Vec<_> = [kinds, offices, months].into_iter().flatten().collect();
    let (office, agent, from, until) = (words.office, row.agent(lang), words.from, words.until);
    let state = lang.pick(row.state.word(), row.state.word_en());
    format!(
        "{}\t{office}\t{agent}\t{state}\t{from}–{until}\t{}\t{paper}\t{}",
        one.id,
        scopes.join(","),
        limits.join("\t")
    )
}

fn list(values: impl Iterator<Item = impl ToString>) -> String {
    values.map(|value| value.to_string()).collect::<Vec<_>>().join(",")
}
