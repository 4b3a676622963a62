//! `evidence refused`: receipts that changed nothing, and why (Profile §8.4, §8.24).

use std::cmp::Reverse;

use fumibako_careplan::Lang;
use fumibako_model::{JAPAN, OfficeNumber, Party, Refusal};
use fumibako_store::{LISTED, OUTRUN};

use crate::admin::{RefusedMore, RefusedRow, Reply, Request};
use crate::cli::{Context, Failure, unexpected};

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Refused {
    /// 拒否したものの代わりに、先の受領証のあとに届いて何も変えなかったもの / in their place those that only came second, and changed
    /// nothing
    #[arg(long)]
    repeated: bool,
    /// この事業所が出した、この事業所の名前の、またはこの事業所が送ったデータへのもの / brought by this office, in its name, or for what it
    /// sent
    #[arg(long)]
    office: Option<OfficeNumber>,
    /// この番号より古いもの / older than the one of this number
    #[arg(long)]
    before: Option<u64>,
}

impl Refused {
    /// Each with who brought it and why it was refused, then how many more there were.
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<(), Failure> {
        let Self { repeated, office, before } = self;
        let request = Request::EvidenceRefused { repeated, office, before };
        let Reply::RefusedReceipts { receipts, damaged, more } = context.ask(&request)? else {
            return Err(unexpected());
        };
        let (lang, unread) = (context.lang, damaged.len());
        let damaged = damaged.into_iter().map(|number| Line::Damaged(Damaged { number, damaged: true }));
        let mut rows: Vec<_> = receipts.into_iter().map(Line::Row).chain(damaged).collect();
        rows.sort_by_key(|row| Reverse(row.number()));
        let older = rows.last().filter(|_| rows.len() >= LISTED).and_then(Line::number);
        rows.extend(more.into_iter().map(Line::More));
        if rows.is_empty() {
            context.say("ありません。", "There are none.")?;
        } else {
            context.columns(
                &["番号", "届いた日時", "コード", "ログイン", "受領証の事業所", "送付した事業所", "受領の対象", "理由"],
                &["number", "came", "code", "login", "receipt of", "sender", "for", "why"],
            )?;
        }
        context.rows(&rows, |row| row.text(lang, office))?;
        if unread > 0 {
            context.say(
                &format!("{unread} 件はデータベースの行が壊れているか書き換えられていて読めません（表 refused_receipt、番号は n の列）。ほかの行には影響しません。証跡ではないので、受領の状態も変わりません。内容が要るときは、バックアップの写しで同じ番号を見てください。"),
                &format!("{unread} of them cannot be read: the rows are damaged, or were edited (table refused_receipt, the number is n). The other rows are as they were, and so is the state of every bundle: these are no evidence. If you need what they said, look up their numbers in a restored copy of a backup."),
            )?;
        }
        older.map_or(Ok(()), |number| {
            context.say(
                &format!("これより古いものは、--before {number} を付けて実行すると表示されます。"),
                &format!("For the older ones run it with --before {number}."),
            )
        })
    }
}

/// A line of the list.
#[derive(serde::Serialize)]
#[serde(untagged)]
enum Line {
    Row(RefusedRow),
    Damaged(Damaged),
    More(RefusedMore),
}

/// A row that cannot be read.
#[derive(serde::Serialize)]
struct Damaged {
    number: u64,
    damaged: bool,
}

impl Line {
    /// Its number among those of its kind.
    fn number(&self) -> Option<u64> {
        match self {
            Self::Row(RefusedRow { number, .. }) | Self::Damaged(Damaged { number, .. }) => Some(*number),
            Self::More(_) => None,
        }
    }

    /// As a person reads it, who asked for all or for those of an office.
    fn text(&self, lang: Lang, office: Option<OfficeNumber>) -> String {
        match self {
            Self::Row(RefusedRow { number, at, login, from, to, original, code, .. }) => {
                let at = JAPAN.to_datetime(*at).strftime("%Y-%m-%d %H:%M:%S");
                let from = from.map_or_else(|| "-".to_owned(), |from| from.to_string());
                let why = match code.as_str() {
                    OUTRUN => lang.pick(
                        "先に届いた受領証が有効で、これは何も変えません。",
                        "An earlier receipt counts; this one changes nothing",
                    ),
                    code => code.parse::<Refusal>().map_or("", |why| lang.pick(why.row().ja, why.row().en)),
                };
                format!("{number}\t{at}\t{code}\t{login}\t{from}\t{to}\t<{original}>\t{why}")
            }
            Self::Damaged(Damaged { number, .. }) => {
                format!("{number}\t{}", lang.pick("この行は読めません", "this row cannot be read"))
            }
            Self::More(RefusedMore { day, login, repeated, count }) => {
                let what = if *repeated {
                    lang.pick("先の受領証のあとに届いたもの", "that came second")
                } else {
                    lang.pick("拒否したもの", "refused")
                };
                // A count knows who brought them and no more.
                let of_others = office.is_some_and(|office| *login != Some(Party::Office(office)));
                let (ja, en) = if of_others {
                    (
                        "（このログインの全件。この事業所の分が含まれるかは記録していません）",
                        " (all of that login: which offices they were of is not written down)",
                    )
                } else {
                    ("", "")
                };
                let login =
                    login.as_ref().map_or_else(|| lang.pick("ログイン不明", "login unknown").into(), Party::to_string);
                lang.pick(
                    format!("{day}（UTC）\t{login}\t{what}、ほか {count} 件{ja}"),
                    format!("{day} (UTC)\t{login}\t{count} more {what}{en}"),
                )
            }
        }
    }
}
