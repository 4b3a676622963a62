//! Why a set of files is not a send unit, and what to do about it.

use super::UnitKind;
use crate::{Kind, Lang};

/// Why files that share sender, recipient and serial are not a send unit. The finding code is B001.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum UnitFault {
    /// Files of the unit that they come nearest to are missing.
    Missing {
        /// The unit they come nearest to.
        unit: UnitKind,
        /// The kinds that are missing.
        kinds: Vec<Kind>,
    },
    /// A kind stands there twice.
    Twice(Kind),
    /// Files that never travel under the serial of the others.
    Foreign(Vec<Kind>),
    /// Files of different months.
    Months,
    /// The supplement of tables 6 and 7 beside tables 1-3, or the other way round.
    SupplementMonth,
}

fn list(kinds: &[Kind], lang: Lang) -> String {
    let names = kinds.iter().map(|kind| match lang {
        Lang::Ja => format!("{}（{kind}）", kind.name(lang)),
        Lang::En => format!("{kind} ({})", kind.name(lang)),
    });
    names.collect::<Vec<_>>().join(lang.pick("、", ", "))
}

impl UnitFault {
    /// What is wrong, in one sentence.
    pub fn sentence(&self, lang: Lang) -> String {
        match (self, lang) {
            (Self::Missing { unit, kinds }, Lang::Ja) => {
                format!("「{}」として送るには{}が足りません。", unit.name(lang), list(kinds, lang))
            }
            (Self::Missing { unit, kinds }, Lang::En) => {
                format!("To be sent as \"{}\", {} must be added.", unit.name(lang), list(kinds, lang))
            }
            (Self::Twice(kind), Lang::Ja) => {
                format!("同じファイル連番の{}が2つ以上あります。", list(&[*kind], lang))
            }
            (Self::Twice(kind), Lang::En) => {
                format!("There are two or more files {} with the same serial.", list(&[*kind], lang))
            }
            (Self::Foreign(kinds), Lang::Ja) => {
                format!("{}は、同じファイル連番の他のファイルと一緒には送れません。", list(kinds, lang))
            }
            (Self::Foreign(kinds), Lang::En) => {
                format!("{} cannot travel with the other files of the same serial.", list(kinds, lang))
            }
            (Self::Months, Lang::Ja) => "同じファイル連番のファイルなのに、年月が揃っていません。".into(),
            (Self::Months, Lang::En) => "Files with the same serial carry different months.".into(),
            (Self::SupplementMonth, Lang::Ja) => {
                "補足情報（UPHOSOKU）の年月が合いません。1～3表と送るときは000000、6・7表と送るときは同じ年月です。".into()
            }
            (Self::SupplementMonth, Lang::En) => {
                "The month of the supplement (UPHOSOKU) does not fit: 000000 with tables 1-3, their month with tables 6 and 7.".into()
            }
        }
    }

    /// What to do next.
    pub fn what_to_do(&self, lang: Lang) -> &'static str {
        match self {
            Self::Missing { .. } => lang.pick(
                "介護ソフトが一度に出力したファイルを、すべて一緒に選び直してください。",
                "Choose all files that the care software exported at the same time.",
            ),
            Self::Twice(_) | Self::Months => lang.pick(
                "不要なほうを外すか、介護ソフトから1組ずつ、時刻をずらして出力し直してください。",
                "Remove the one that is not needed, or export the sets again one after the other.",
            ),
            Self::Foreign(_) | Self::SupplementMonth => lang.pick(
                "介護ソフトから、送る内容ごとに出力し直してください。",
                "Export again from the care software, each matter by itself.",
            ),
        }
    }
}
