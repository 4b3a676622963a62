//! `office add|describe|import|list|show|quota|suspend|resume`: the offices on the roll.

mod import;
mod table;

use std::collections::BTreeSet;

use clap::Subcommand;
use fumibako_careplan::{Edition, Lang};
use fumibako_model::{Description, OfficeNumber, ServiceKind};
use serde::Serialize;

use super::{Context, Failure, unexpected};
use crate::admin::{OfficeRow as Row, PutReport, Reply, Request};

#[derive(Debug, Subcommand)]
pub(super) enum Office {
    /// 登録する（登録済みなら名称などを改める） / register, or rename
    Add {
        /// 事業所番号 / office number
        number: OfficeNumber,
        /// 事業所名 / name
        name: String,
        #[command(flatten)]
        said: Said,
    },
    /// 事業所検索に出る内容を改める（指定しないものはそのまま） / change what the directory says; what is not given stays
    Describe {
        /// 事業所番号 / office number
        number: OfficeNumber,
        /// 事業所名 / name
        #[arg(long)]
        name: Option<String>,
        #[command(flatten)]
        said: Said,
    },
    /// 一覧表（CSV）からまとめて登録する。誤りが一つでもあれば、何も登録しない / register all offices of a CSV file, or none
    Import(import::Import),
    /// 一覧 / list
    List,
    /// 一つを表示する / show one
    Show {
        /// 事業所番号 / office number
        number: OfficeNumber,
    },
    /// 保管容量を表示する・改める / show how much an office's folders hold and may hold, or change it
    Quota {
        /// 事業所番号 / office number
        number: OfficeNumber,
        /// 新しい上限（バイト） / from now on at most so many bytes
        bytes: Option<u64>,
    },
    /// 利用を停止する / suspend
    Suspend {
        /// 事業所番号 / office number
        number: OfficeNumber,
        /// 理由 / why
        #[arg(long)]
        reason: String,
    },
    /// 停止を解く / end a suspension
    Resume {
        /// 事業所番号 / office number
        number: OfficeNumber,
    },
}

/// What the directory says of an office.
#[derive(Debug, clap::Args)]
pub(super) struct Said {
    /// フリガナ（空にすると消す） / kana; empty removes it
    #[arg(long)]
    kana: Option<String>,
    /// 市区町村（空にすると消す） / municipality; empty removes it
    #[arg(long)]
    municipality: Option<String>,
    /// サービス種類、すべて（43,46 など） / service kinds, all of them
    #[arg(long, value_parser = kinds)]
    kinds: Option<BTreeSet<ServiceKind>>,
    /// 介護ソフトが読める標準仕様の版、すべて（1, 2, 3, 4.0, 4.1） / editions its software reads, all of them
    #[arg(long, value_parser = editions)]
    editions: Option<BTreeSet<Edition>>,
    /// 地域連携サービスの窓口か（true, false） / is it the door of a regional service
    #[arg(long, value_name = "BOOL")]
    regional: Option<bool>,
}

fn kinds(text: &str) -> Result<BTreeSet<ServiceKind>, String> {
    table::kinds(text).map_err(|why| why.words(Lang::En))
}

fn editions(text: &str) -> Result<BTreeSet<Edition>, String> {
    table::editions(text).map_err(|why| why.words(Lang::En))
}

impl Said {
    fn of(self, number: OfficeNumber, name: Option<String>) -> Description {
        let Self { kana, municipality, kinds, editions, regional } = self;
        Description { number, name, kana, municipality, kinds, editions, regional }
    }
}

impl Office {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<(), Failure> {
        let request = match self {
            Self::Import(import) => return import.run(context),
            Self::Add { number, name, said } => {
                Request::OfficePut { offices: vec![said.of(number, Some(name))], dry_run: false }
            }
            Self::Describe { number, name, said } => Request::OfficeDescribe(Box::new(said.of(number, name))),
            Self::List => Request::OfficeList,
            Self::Show { number } => return show(context, number),
            Self::Quota { number, bytes } => Request::OfficeQuota { number, bytes },
            Self::Suspend { number, reason } => Request::OfficeSuspend { number, reason },
            Self::Resume { number } => Request::OfficeResume { number },
        };
        let lang = context.lang;
        match context.ask(&request)? {
            Reply::OfficesPut(PutReport { unchanged: 1.., .. }) => {
                context.say("登録簿は既にそのとおりです。", "The roll says so already.")
            }
            Reply::Done | Reply::OfficesPut(_) => context.say("登録簿を更新しました。", "The roll is updated."),
            Reply::Quota { used, limit, .. } => {
                context.rows(&[Held { used_bytes: used, quota_bytes: limit }], |row| held(row, lang))
            }
            Reply::Offices { offices } => context.rows(&offices, |row| line(row, lang)),
            _ => Err(unexpected()),
        }
    }
}

/// How much an office's folders hold, and may.
#[derive(Serialize)]
struct Held {
    used_bytes: u64,
    quota_bytes: u64,
}

/// An office with what its folders hold.
#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    office: Row,
    #[serde(flatten)]
    held: Held,
}

fn show(context: &mut Context<'_>, number: OfficeNumber) -> Result<(), Failure> {
    let Reply::Office(office) = context.ask(&Request::OfficeShow { number })? else { return Err(unexpected()) };
    let asked = context.ask(&Request::OfficeQuota { number, bytes: None })?;
    let Reply::Quota { used: used_bytes, limit: quota_bytes, .. } = asked else { return Err(unexpected()) };
    let (lang, held_now) = (context.lang, Held { used_bytes, quota_bytes });
    context.rows(&[Shown { office: *office, held: held_now }], |row| {
        format!("{}\t{}", line(&row.office, lang), held(&row.held, lang))
    })
}

fn held(held: &Held, lang: Lang) -> String {
    let Held { used_bytes, quota_bytes } = held;
    let percent = used_bytes.saturating_mul(100).checked_div(*quota_bytes).unwrap_or(100);
    lang.pick(
        format!("容量 {used_bytes} / {quota_bytes} バイト（{percent}%）"),
        format!("{used_bytes} of {quota_bytes} bytes ({percent}%)"),
    )
}

fn line(Row { office, details }: &Row, lang: Lang) -> String {
    let licence = office.licence.map_or_else(
        || lang.pick("ライセンスなし", "no licence").to_owned(),
        |licence| format!("{}–{}", licence.from, licence.until),
    );
    let kinds: Vec<&str> = details.kinds.iter().map(ServiceKind::as_str).collect();
    let editions: Vec<&str> = details.editions.iter().map(String::as_str).collect();
    let said = [&details.kana, &details.municipality, &kinds.join(","), &editions.join(",")];
    let said: String = said.map(|text| format!("\t{}", if text.is_empty() { "-" } else { text })).concat();
    let regional = if details.regional { lang.pick("\t地域連携", "\tregional service") } else { "" };
    let suspended = office.suspended.as_ref().map(|why| format!("\t{}: {why}", lang.pick("停止中", "suspended")));
    format!("{}\t{}{said}\t{licence}{regional}{}", office.number, office.name, suspended.unwrap_or_default())
}
