//! `agent add|list|show|suspend|resume`: the proxy agents on the roll.

use clap::Subcommand;
use fumibako_model::{Agent as Row, AgentId};

use super::{Context, Failure, unexpected};
use crate::admin::{Reply, Request};

#[derive(Debug, Subcommand)]
pub(super) enum Agent {
    /// 登録する（登録済みなら名称を改める） / register, or rename
    Add {
        /// 代行業者 ID（英字で始まる） / agent id (begins with a letter)
        id: AgentId,
        /// 名称 / name
        name: String,
    },
    /// 一覧 / list
    List,
    /// 一つを表示する / show one
    Show {
        /// 代行業者 ID / agent id
        id: AgentId,
    },
    /// 利用を停止する（どの事業所のためにも何もできなくなる） / suspend: it acts for nobody any more
    Suspend {
        /// 代行業者 ID / agent id
        id: AgentId,
        /// 理由 / why
        #[arg(long)]
        reason: String,
    },
    /// 停止を解く / end a suspension
    Resume {
        /// 代行業者 ID / agent id
        id: AgentId,
    },
}

impl Agent {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<(), Failure> {
        let request = match self {
            Self::Add { id, name } => Request::AgentAdd { id, name },
            Self::List => Request::AgentList { id: None },
            Self::Show { id } => Request::AgentList { id: Some(id) },
            Self::Suspend { id, reason } => Request::AgentSuspend { id, reason: Some(reason) },
            Self::Resume { id } => Request::AgentSuspend { id, reason: None },
        };
        let lang = context.lang;
        match context.ask(&request)? {
            Reply::Done => context.say("登録簿を更新しました。", "The roll is updated."),
            Reply::Agents { agents } => context.rows(&agents, |agent: &Row| {
                let suspended =
                    agent.suspended.as_ref().map(|why| format!("\t{}: {why}", lang.pick("停止中", "suspended")));
                format!("{}\t{}{}", agent.id, agent.name, suspended.unwrap_or_default())
            }),
            _ => Err(unexpected()),
        }
    }
}
