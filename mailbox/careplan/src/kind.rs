//! What a standard file is: the 17 CSV kinds and the image kind.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Lang;

/// ファイル種類: what a file of the standard is, named by the first part of its file name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Kind {
    /// 居宅サービス計画1表
    Table1,
    /// 居宅サービス計画2表
    Table2,
    /// 居宅サービス計画3表 (from edition 4)
    Table3,
    /// 第6表（サービス利用票）予定
    UseTable,
    /// 第7表（サービス利用票別表）
    UseTableAnnex,
    /// 第6表（サービス利用票）実績
    Results,
    /// 利用者補足情報: travels with tables 1-3 or with tables 6 and 7
    Supplement,
    /// `居宅サービス計画1表_削除`: withdraws tables 1, 2 and 3
    DeletePlan,
    /// `第6表（サービス利用票）予定_削除`: withdraws tables 6 and 7
    DeleteUseTable,
    /// `実績情報_削除`
    DeleteResults,
    /// 利用者基本情報 (from edition 4)
    PreventionBasic,
    /// 利用者基本情報（別紙1）
    PreventionBasicAnnex1,
    /// 利用者基本情報（別紙2）
    PreventionBasicAnnex2,
    /// 家族構成 画像ファイル: the only kind that is not CSV
    PreventionBasicImage,
    /// 介護予防サービス・支援計画書
    PreventionPlan,
    /// 介護予防サービス・支援計画書（別表）
    PreventionPlanAnnex,
    /// `利用者基本情報_削除`: withdraws the annexes and the image too
    DeletePreventionBasic,
    /// `介護予防サービス・支援計画書_削除`: withdraws the annex too
    DeletePreventionPlan,
}

/// The text is not one of the standard's file kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a file kind of the care-plan standard")]
pub struct NotAKind;

/// One row per kind: the word in the file name, the names people read, whether a month follows.
struct Row {
    code: &'static str,
    ja: &'static str,
    en: &'static str,
    month: bool,
}

const fn row(code: &'static str, ja: &'static str, en: &'static str, month: bool) -> Row {
    Row { code, ja, en, month }
}

impl Kind {
    /// Every kind, in the order in which a send unit lists its files.
    pub const ALL: [Self; 18] = [
        Self::Table1,
        Self::Table2,
        Self::Table3,
        Self::UseTable,
        Self::UseTableAnnex,
        Self::Results,
        Self::Supplement,
        Self::DeletePlan,
        Self::DeleteUseTable,
        Self::DeleteResults,
        Self::PreventionBasic,
        Self::PreventionBasicAnnex1,
        Self::PreventionBasicAnnex2,
        Self::PreventionBasicImage,
        Self::PreventionPlan,
        Self::PreventionPlanAnnex,
        Self::DeletePreventionBasic,
        Self::DeletePreventionPlan,
    ];

    fn row(self) -> Row {
        match self {
            Self::Table1 => row("UP1KYO", "居宅サービス計画1表", "care plan table 1", false),
            Self::Table2 => row("UP2KYO", "居宅サービス計画2表", "care plan table 2", false),
            Self::Table3 => row("UP3KYO", "居宅サービス計画3表", "care plan table 3", false),
            Self::UseTable => row("UPPLAN", "第6表 予定", "table 6, planned services", true),
            Self::UseTableAnnex => row("UPSIKYU", "第7表", "table 7, units and costs", true),
            Self::Results => row("UPJSK", "第6表 実績", "table 6, results", true),
            Self::Supplement => row("UPHOSOKU", "利用者補足情報", "supplement on the person", true),
            Self::DeletePlan => row("DLT1KYO", "居宅サービス計画1表の削除", "withdrawal of a care plan", false),
            Self::DeleteUseTable => row("DLTPLAN", "第6表 予定の削除", "withdrawal of a use table", true),
            Self::DeleteResults => row("DLTJSK", "実績情報の削除", "withdrawal of results", true),
            Self::PreventionBasic => row("UPKIHON", "利用者基本情報", "basic information", false),
            Self::PreventionBasicAnnex1 => {
                row("UPKIHON_SUB1", "利用者基本情報 別紙1", "basic information, annex 1", false)
            }
            Self::PreventionBasicAnnex2 => {
                row("UPKIHON_SUB2", "利用者基本情報 別紙2", "basic information, annex 2", false)
            }
            Self::PreventionBasicImage => row("UPKIHON_IMAGE", "家族構成の画像", "picture of the family", false),
            Self::PreventionPlan => row("UPYOBO", "介護予防サービス・支援計画書", "prevention plan", false),
            Self::PreventionPlanAnnex => {
                row("UPYOBO_SUB", "介護予防サービス・支援計画書 別表", "prevention plan, annex", false)
            }
            Self::DeletePreventionBasic => {
                row("DLTKIHON", "利用者基本情報の削除", "withdrawal of basic information", false)
            }
            Self::DeletePreventionPlan => {
                row("DLTYOBO", "介護予防支援計画書の削除", "withdrawal of a prevention plan", false)
            }
        }
    }

    /// The word in the file name, such as `UPPLAN`.
    pub fn code(self) -> &'static str {
        self.row().code
    }

    /// The name people know it by.
    pub fn name(self, lang: Lang) -> &'static str {
        let row = self.row();
        lang.pick(row.ja, row.en)
    }

    /// Whether the file name carries a month. Only the supplement may write `000000` there.
    pub fn has_month(self) -> bool {
        self.row().month
    }

    /// Whether the file withdraws what was sent before.
    pub fn is_delete(self) -> bool {
        self.code().starts_with("DLT")
    }

    /// Whether the kind exists only from edition 4: table 3 and everything of prevention.
    pub fn since_edition_4(self) -> bool {
        self >= Self::PreventionBasic || self == Self::Table3
    }

    /// The longest kind that `text` begins with: `UPKIHON_SUB1` before `UPKIHON`.
    pub(crate) fn at_start_of(text: &str) -> Option<Self> {
        Self::ALL.into_iter().filter(|kind| text.starts_with(kind.code())).max_by_key(|kind| kind.code().len())
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.code())
    }
}

impl FromStr for Kind {
    type Err = NotAKind;
    fn from_str(text: &str) -> Result<Self, NotAKind> {
        Self::ALL.into_iter().find(|kind| kind.code() == text).ok_or(NotAKind)
    }
}

impl TryFrom<String> for Kind {
    type Error = NotAKind;
    fn try_from(text: String) -> Result<Self, NotAKind> {
        text.parse()
    }
}

impl From<Kind> for String {
    fn from(kind: Kind) -> Self {
        kind.code().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_found_again_by_its_word() {
        for kind in Kind::ALL {
            assert_eq!(kind.code().parse(), Ok(kind));
        }
        assert_eq!("UPBETU".parse::<Kind>(), Err(NotAKind));
    }

    #[test]
    fn the_longest_kind_is_taken() {
        assert_eq!(Kind::at_start_of("UPKIHON_SUB2_99"), Some(Kind::PreventionBasicAnnex2));
        assert_eq!(Kind::at_start_of("UPKIHON_99"), Some(Kind::PreventionBasic));
    }
}
