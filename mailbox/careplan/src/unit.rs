//! Send units: which files share one serial and travel together (標準仕様 2.4 and 3.4).

mod fault;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub use fault::UnitFault;

use crate::{FileName, Kind, Lang, NameForm, NamedMonth};

/// 送信単位: a set of files that the standard lets travel together under one serial.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UnitKind {
    /// Tables 1, 2, 3 and the supplement (edition 4).
    Plan,
    /// Tables 1, 2 and the supplement (edition 3).
    PlanV3,
    /// Tables 6 and 7 and the supplement of one month.
    UseTable,
    /// A care plan withdrawn.
    PlanDelete,
    /// A use table withdrawn.
    UseTableDelete,
    /// The provider's results of one month.
    Results,
    /// Results withdrawn.
    ResultsDelete,
    /// Prevention: basic information with its annexes and pictures.
    PreventionBasic,
    /// Prevention: the plan together with the basic information.
    PreventionPlanWithBasic,
    /// Prevention: the plan with its annex.
    PreventionPlan,
    /// Basic information withdrawn.
    PreventionBasicDelete,
    /// A prevention plan withdrawn.
    PreventionPlanDelete,
}

/// The text is not the id of a send unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a send unit of the care-plan standard")]
pub struct NotAUnit;

/// How often a kind stands in a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Share {
    Once,
    /// The standard says "with annexes and image" but not whether an empty annex must be sent: we read it as optional.
    Optional,
    Any,
}

use Kind as K;
use Share::{Any, Once, Optional};

/// The id in `Fumibako-Bundle`, the names people read, and the files.
struct Row {
    id: &'static str,
    ja: &'static str,
    en: &'static str,
    files: &'static [(Kind, Share)],
}

const fn row(id: &'static str, ja: &'static str, en: &'static str, files: &'static [(Kind, Share)]) -> Row {
    Row { id, ja, en, files }
}

impl UnitKind {
    /// Every send unit.
    pub const ALL: [Self; 12] = [
        Self::Plan,
        Self::PlanV3,
        Self::UseTable,
        Self::PlanDelete,
        Self::UseTableDelete,
        Self::Results,
        Self::ResultsDelete,
        Self::PreventionBasic,
        Self::PreventionPlanWithBasic,
        Self::PreventionPlan,
        Self::PreventionBasicDelete,
        Self::PreventionPlanDelete,
    ];

    #[rustfmt::skip]
    fn row(self) -> Row {
        const BASIC: [(Kind, Share); 4] = [
            (K::PreventionBasic, Once),
            (K::PreventionBasicAnnex1, Optional),
            (K::PreventionBasicAnnex2, Optional),
            (K::PreventionBasicImage, Any),
        ];
        const PLAN: [(Kind, Share); 2] = [(K::PreventionPlan, Once), (K::PreventionPlanAnnex, Once)];
        match self {
            Self::Plan => row("plan", "居宅サービス計画（1～3表）", "care plan (tables 1-3)",
                &[(K::Table1, Once), (K::Table2, Once), (K::Table3, Once), (K::Supplement, Once)]),
            Self::PlanV3 => row("plan-v3", "居宅サービス計画（1・2表）", "care plan (tables 1 and 2)",
                &[(K::Table1, Once), (K::Table2, Once), (K::Supplement, Once)]),
            Self::UseTable => row("use-table", "サービス利用票（6・7表）", "use table (tables 6 and 7)",
                &[(K::UseTable, Once), (K::UseTableAnnex, Once), (K::Supplement, Once)]),
            Self::PlanDelete => row("plan-delete", "居宅サービス計画の削除", "withdrawal of a care plan",
                &[(K::DeletePlan, Once)]),
            Self::UseTableDelete => row("use-table-delete", "サービス利用票の削除", "withdrawal of a use table",
                &[(K::DeleteUseTable, Once)]),
            Self::Results => row("results", "実績", "results", &[(K::Results, Once)]),
            Self::ResultsDelete => row("results-delete", "実績の削除", "withdrawal of results",
                &[(K::DeleteResults, Once)]),
            Self::PreventionBasic => row("prevention-basic", "利用者基本情報（予防）", "basic information (prevention)",
                &BASIC),
            Self::PreventionPlanWithBasic => row("prevention-plan-with-basic",
                "介護予防サービス・支援計画書と利用者基本情報", "prevention plan with basic information",
                &[PLAN[0], PLAN[1], BASIC[0], BASIC[1], BASIC[2], BASIC[3]]),
            Self::PreventionPlan => row("prevention-plan", "介護予防サービス・支援計画書", "prevention plan", &PLAN),
            Self::PreventionBasicDelete => row("prevention-basic-delete", "利用者基本情報の削除",
                "withdrawal of basic information", &[(K::DeletePreventionBasic, Once)]),
            Self::PreventionPlanDelete => row("prevention-plan-delete", "介護予防支援計画書の削除",
                "withdrawal of a prevention plan", &[(K::DeletePreventionPlan, Once)]),
        }
    }

    /// The stable id, such as `use-table`.
    pub fn id(self) -> &'static str {
        self.row().id
    }

    /// The name people know it by.
    pub fn name(self, lang: Lang) -> &'static str {
        let row = self.row();
        lang.pick(row.ja, row.en)
    }

    /// The kinds that must be there.
    pub fn required(self) -> impl Iterator<Item = Kind> {
        self.row().files.iter().filter(|(_, share)| *share == Once).map(|(kind, _)| *kind)
    }

    fn share(self, kind: Kind) -> Option<Share> {
        self.row().files.iter().find(|(member, _)| *member == kind).map(|(_, share)| *share)
    }

    /// Whether files named in this form make up this unit: only tables 1-3 changed between the editions.
    fn is_of(self, form: NameForm) -> bool {
        match self {
            Self::Plan => form != NameForm::Edition3,
            Self::PlanV3 => form == NameForm::Edition3,
            _ => true,
        }
    }

    /// Which unit these files are. They must share sender, recipient and serial; [`gather`](crate::gather) sees to it.
    pub fn of<'a>(names: impl IntoIterator<Item = &'a FileName>) -> Result<Self, UnitFault> {
        let mut names: Vec<&FileName> = names.into_iter().collect();
        names.sort();
        let Some(form) = names.first().map(|name| name.form()) else { return Err(UnitFault::Foreign(vec![])) };
        if let Some(pair) = names.windows(2).find(|pair| is_twice(pair[0], pair[1])) {
            return Err(UnitFault::Twice(pair[0].kind()));
        }
        let kinds: Vec<Kind> = names.iter().map(|name| name.kind()).collect();
        let fits = |unit: &Self| {
            unit.is_of(form)
                && kinds.iter().all(|kind| unit.share(*kind).is_some())
                && unit.required().all(|kind| kinds.contains(&kind))
        };
        let unit = Self::ALL.into_iter().find(fits).ok_or_else(|| closest(&kinds, form))?;
        months_agree(unit, &names).map(|()| unit)
    }
}

/// Two files of one kind in one unit; only pictures may be several.
fn is_twice(a: &FileName, b: &FileName) -> bool {
    a.kind() == b.kind() && (a.kind() != Kind::PreventionBasicImage || a.branch() == b.branch())
}

fn months_agree(unit: UnitKind, names: &[&FileName]) -> Result<(), UnitFault> {
    let is_plan = matches!(unit, UnitKind::Plan | UnitKind::PlanV3);
    let months: Vec<NamedMonth> =
        names.iter().map(|name| name.named_month()).filter(|month| *month != NamedMonth::Absent).collect();
    let supplement = names.iter().find(|name| name.kind() == Kind::Supplement).map(|name| name.named_month());
    match supplement {
        // 標準仕様 2.4: the supplement to tables 1-3 has 000000, the one to tables 6 and 7 their month.
        Some(month) if is_plan != (month == NamedMonth::Zero) => Err(UnitFault::SupplementMonth),
        _ if months.windows(2).any(|pair| pair[0] != pair[1]) => Err(UnitFault::Months),
        _ => Ok(()),
    }
}

/// The unit that the files come nearest to, to say what is missing.
fn closest(kinds: &[Kind], form: NameForm) -> UnitFault {
    let held = |unit: UnitKind| kinds.iter().filter(|kind| unit.share(**kind).is_some()).count();
    let missing = |unit: UnitKind| unit.required().filter(|kind| !kinds.contains(kind)).collect::<Vec<_>>();
    let candidates = UnitKind::ALL.into_iter().filter(|unit| unit.is_of(form) && held(*unit) > 0);
    let best = candidates.min_by_key(|unit| (kinds.len() - held(*unit), missing(*unit).len()));
    match best {
        Some(unit) if held(unit) == kinds.len() => UnitFault::Missing { unit, kinds: missing(unit) },
        Some(unit) => UnitFault::Foreign(kinds.iter().copied().filter(|kind| unit.share(*kind).is_none()).collect()),
        None => UnitFault::Foreign(kinds.to_vec()),
    }
}

impl fmt::Display for UnitKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.id())
    }
}

impl FromStr for UnitKind {
    type Err = NotAUnit;
    fn from_str(text: &str) -> Result<Self, NotAUnit> {
        Self::ALL.into_iter().find(|unit| unit.id() == text).ok_or(NotAUnit)
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    /// `names` are kinds with their month, as in `UPPLAN_202510`.
    #[track_caller]
    fn check(services: &str, names: &str, expected: Expect) {
        let names: Vec<FileName> = names
            .split_whitespace()
            .map(|start| {
                let (image, end) = if start.contains("IMAGE") { ("_0001", "jpg") } else { ("", "CSV") };
                let (from, to) = if services == "4.1" { ("_43", "_11") } else { ("", "") };
                let name = format!("{start}_9970000011{from}_9970000029{to}_20250920101500{image}.{end}");
                name.parse().unwrap()
            })
            .collect();
        expected.assert_eq(&match UnitKind::of(&names) {
            Ok(unit) => unit.to_string(),
            Err(fault) => format!("{fault:?}"),
        });
    }

    #[test]
    fn a_care_plan_of_edition_4_needs_table_3() {
        check("4.1", "UP1KYO UP2KYO UP3KYO UPHOSOKU_000000", expect!["plan"]);
        check("4.1", "UP1KYO UP2KYO UPHOSOKU_000000", expect!["Missing { unit: Plan, kinds: [Table3] }"]);
        check("3", "UP1KYO UP2KYO UPHOSOKU_000000", expect!["plan-v3"]);
    }

    #[test]
    fn a_use_table_is_of_one_month() {
        check("4.1", "UPPLAN_202510 UPSIKYU_202510 UPHOSOKU_202510", expect!["use-table"]);
        check("3", "UPPLAN_202510 UPSIKYU_202510 UPHOSOKU_202510", expect!["use-table"]);
        check("4.1", "UPPLAN_202510 UPSIKYU_202511 UPHOSOKU_202510", expect!["Months"]);
        check("4.1", "UPPLAN_202510 UPSIKYU_202510 UPHOSOKU_000000", expect!["SupplementMonth"]);
        check("4.1", "UPPLAN_202510", expect!["Missing { unit: UseTable, kinds: [UseTableAnnex, Supplement] }"]);
    }

    #[test]
    fn prevention_files_travel_with_whatever_annexes_there_are() {
        check("4.1", "UPKIHON UPKIHON_SUB1 UPKIHON_SUB2 UPKIHON_IMAGE", expect!["prevention-basic"]);
        check("4.1", "UPKIHON", expect!["prevention-basic"]);
        check("4.1", "UPYOBO UPYOBO_SUB", expect!["prevention-plan"]);
        check("4.1", "UPYOBO UPYOBO_SUB UPKIHON UPKIHON_SUB2", expect!["prevention-plan-with-basic"]);
        check("4.1", "UPKIHON_SUB1", expect!["Missing { unit: PreventionBasic, kinds: [PreventionBasic] }"]);
    }

    #[test]
    fn results_and_deletes_travel_alone() {
        check("4.1", "UPJSK_202510", expect!["results"]);
        check("4.1", "DLTYOBO", expect!["prevention-plan-delete"]);
        check("4.1", "UPJSK_202510 DLTJSK_202510", expect!["Foreign([DeleteResults])"]);
        check("4.1", "UPJSK_202510 UPJSK_202511", expect!["Twice(Results)"]);
    }

    #[test]
    fn ids_are_stable() {
        let ids: Vec<&str> = UnitKind::ALL.iter().map(|unit| unit.id()).collect();
        for unit in UnitKind::ALL {
            assert_eq!(unit.id().parse(), Ok(unit));
            assert_eq!(serde_json::to_value(unit).unwrap(), unit.id());
        }
        expect![["plan plan-v3 use-table plan-delete use-table-delete results results-delete prevention-basic \
                 prevention-plan-with-basic prevention-plan prevention-basic-delete prevention-plan-delete"]]
        .assert_eq(&ids.join(" "));
    }
}
