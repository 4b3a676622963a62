use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::*;

const PLAN: &str = "UP1KYO_9970000011_43_9970000029_11_20250920101500.CSV
    UP2KYO_9970000011_43_9970000029_11_20250920101500.CSV
    UP3KYO_9970000011_43_9970000029_11_20250920101500.CSV
    UPHOSOKU_000000_9970000011_43_9970000029_11_20250920101500.CSV";

#[track_caller]
fn check(pile: &str, expected: Expect) {
    let pile: Vec<&str> = pile.lines().map(str::trim).collect();
    let sorted = gather(pile.iter().map(|name| ((*name).to_owned(), ())));
    let mut lines = Vec::new();
    for bundle in &sorted.bundles {
        lines.push(format!("{}→{}", bundle.sender, bundle.recipient));
        for unit in &bundle.units {
            lines.push(format!("  {} {} {} files", unit.serial, unit.kind, unit.files.len()));
        }
    }
    lines.extend(sorted.attachments.iter().map(|file| format!("attachment {}", file.written)));
    lines.extend(sorted.left_out.iter().map(|file| format!("left out {} {:?}", file.written, file.why)));
    expected.assert_eq(&lines.join("\n"));
}

#[test]
fn files_of_one_serial_become_a_unit() {
    check(
        PLAN,
        expect![[r"
            9970000011-43→9970000029-11
              20250920101500 plan 4 files"]],
    );
}

#[test]
fn units_come_in_serial_order_and_recipients_never_share_a_bundle() {
    check(
        "DLTJSK_202510_9970000029_11_9970000011_43_20251102093000.CSV
         UPJSK_202510_9970000029_11_9970000011_43_20251101093000.CSV
         UPJSK_202510_9970000029_11_9970000037_43_20251101093000.CSV
         UPJSK_202510_9970000029_15_9970000011_43_20251101093000.CSV
         UPJSK_202410_9970000029_9970000011_20251101093000.CSV",
        expect![[r"
            9970000029→9970000011
              20251101093000 results 1 files
            9970000029-11→9970000011-43
              20251101093000 results 1 files
              20251102093000 results-delete 1 files
            9970000029-11→9970000037-43
              20251101093000 results 1 files
            9970000029-15→9970000011-43
              20251101093000 results 1 files"]],
    );
}

#[test]
fn what_fits_nowhere_is_named_with_the_reason() {
    check(
        "UPPLAN_202510_9970000011_43_9970000029_11_20250925173000.CSV
         UPPLAN_202510_9970000011_43_9970000011_11_20250925173000.CSV
         UPPLAN_202510_9970000011_43_997000002_11_20250925173000.CSV
         UPPLAN202510.pdf",
        expect![[r"
            attachment UPPLAN202510.pdf
            left out UPPLAN_202510_9970000011_43_997000002_11_20250925173000.CSV Name(NameProblem { kind: UseTable, fault: RecipientOffice(9), parts: None })
            left out UPPLAN_202510_9970000011_43_9970000011_11_20250925173000.CSV ToItself
            left out UPPLAN_202510_9970000011_43_9970000029_11_20250925173000.CSV Unit(Missing { unit: UseTable, kinds: [UseTableAnnex, Supplement] })"]],
    );
}

#[test]
fn the_same_file_twice_is_not_sent_twice() {
    check(
        "UPJSK_202510_9970000029_11_9970000011_43_20251101093000.CSV
         UPJSK_202510_9970000029_11_9970000011_43_20251101093000.csv",
        expect![[r"
            left out UPJSK_202510_9970000029_11_9970000011_43_20251101093000.CSV Unit(Twice(Results))
            left out UPJSK_202510_9970000029_11_9970000011_43_20251101093000.csv Unit(Twice(Results))"]],
    );
}

#[test]
fn private_names_do_not_print() {
    let sorted = gather([("UPPLAN 春野さくら.csv".to_owned(), ()), ("春野さくら.pdf".to_owned(), ())]);
    assert!(!format!("{sorted:?}").contains("さくら"));
}

proptest! {
    #[test]
    fn nothing_is_lost_and_the_order_of_the_pile_does_not_matter(
        pile in proptest::collection::vec((0usize..4, 0u32..3, 0u32..3), 0..20),
    ) {
        let names: Vec<String> = pile
            .iter()
            .map(|(kind, to, second)| {
                let kind = ["UPJSK_202510", "UP1KYO", "UPHOSOKU_000000", "letter"][*kind];
                format!("{kind}_9970000011_43_997000002{to}_11_2025092010150{second}.CSV")
            })
            .collect();
        let there = gather(names.iter().cloned().map(|name| (name, ())));
        let back = gather(names.iter().rev().cloned().map(|name| (name, ())));
        let sent: usize = there.bundles.iter().flat_map(|bundle| &bundle.units).map(|unit| unit.files.len()).sum();
        prop_assert_eq!(sent + there.attachments.len() + there.left_out.len(), names.len());
        prop_assert_eq!(there.bundles, back.bundles);
    }
}
