//! One value against its column: length first, then form. Runs on raw bytes; bounded columns are half-width.

use crate::finding::Fault;
use crate::layout::{Column, Form};
use crate::time::{days_in, number};
use crate::{Kind, recognise};

/// What is wrong with a value that is not empty.
#[inline]
pub(crate) fn fault(column: &Column, value: &[u8]) -> Option<Fault> {
    if column.or == Some(value) {
        return None;
    }
    if let Some(longest) = column.longest {
        if column.exact && value.len() != longest {
            return Some(Fault::Fixed { length: longest, found: value.len() });
        }
        if value.len() > longest {
            return Some(Fault::TooLong { longest, found: value.len() });
        }
    }
    if is_in_form(column.form, value) { None } else { Some(misformed(column.form)) }
}

fn misformed(form: Form) -> Fault {
    match form {
        Form::Date => Fault::Date,
        Form::Month => Fault::Month,
        Form::Time => Fault::Time,
        Form::Code(codes) => Fault::Value(codes),
        form => Fault::Form(form),
    }
}

#[inline]
fn is_in_form(form: Form, value: &[u8]) -> bool {
    match form {
        // The version is judged once per file.
        Form::Text | Form::Version => true,
        Form::Digits => digits(value),
        Form::Insured => value.len() == 10 && digits(value.strip_prefix(b"H").unwrap_or(value)),
        Form::Office => value.len() == 10 && capitals(value),
        Form::Date => date(value),
        Form::Month => month(value),
        Form::Time => time(value),
        Form::Int { signed, from } => int(value, signed, from),
        Form::Decimal => decimal(value),
        Form::Code(codes) => codes.holds(value),
        Form::ServiceKind => value.len() == 2 && capitals(value),
        Form::ServiceCode => value.len() == 6 && capitals(value),
        Form::Postal => matches!(value, [a @ .., b'-', _, _, _, _] if a.len() == 3 && digits(a) && digits(&value[4..])),
        Form::Phone => value.iter().all(|b| b.is_ascii_digit() || b"-()+ ".contains(b)),
        Form::Days => value.len() == 31 && value.iter().all(|b| matches!(b, b'0' | b'1')),
        Form::Image => image(value),
        Form::Ascii | Form::Unused => value.iter().all(|b| matches!(b, 0x20..=0x7E)),
    }
}

fn digits(value: &[u8]) -> bool {
    value.iter().all(u8::is_ascii_digit)
}

fn capitals(value: &[u8]) -> bool {
    value.iter().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase())
}

fn date(value: &[u8]) -> bool {
    let [y1, y2, y3, y4, m1, m2, d1, d2] = *value else { return false };
    let parts = (number(&[y1, y2, y3, y4]), number(&[m1, m2]), number(&[d1, d2]));
    let (Some(year), Some(month), Some(day)) = parts else { return false };
    (1800..3000).contains(&year) && (1..=days_in(year, month)).contains(&day)
}

fn month(value: &[u8]) -> bool {
    crate::ServiceMonth::read(value).is_some()
}

fn time(value: &[u8]) -> bool {
    let [h1, h2, m1, m2] = *value else { return false };
    matches!((number(&[h1, h2]), number(&[m1, m2])), (Some(..24), Some(..60)))
}

fn int(value: &[u8], signed: bool, from: u32) -> bool {
    let plain = if signed { value.strip_prefix(b"-").unwrap_or(value) } else { value };
    // The standard does not mention a minus; reductions exist, so amounts may carry one.
    !plain.is_empty() && digits(plain) && (from == 0 || number(plain).is_some_and(|n| n >= from))
}

fn decimal(value: &[u8]) -> bool {
    let point = value.iter().position(|b| *b == b'.').unwrap_or(value.len());
    let (whole, rest) = value.split_at(point);
    let fraction = rest.get(1..).unwrap_or_default();
    !whole.is_empty() && digits(whole) && digits(fraction) && (rest.is_empty() || (1..=2).contains(&fraction.len()))
}

fn image(value: &[u8]) -> bool {
    let named = std::str::from_utf8(value).ok().and_then(|name| recognise(name).standard());
    named.is_some_and(|name| name.kind() == Kind::PreventionBasicImage)
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;
    use crate::{Edition, Layout};

    /// Each value of the list with the code found, `-` for none.
    #[track_caller]
    fn check(kind: Kind, column: &str, values: &str, expected: Expect) {
        let layout = Layout::of(kind, Edition::FourthRevised).unwrap();
        let column = &layout.columns[layout.position(column).unwrap()];
        let said = values.split(' ').map(|value| {
            let code = fault(column, value.as_bytes()).map_or("-", |fault| fault.code().as_str());
            format!("{value} {code}")
        });
        expected.assert_eq(&said.collect::<Vec<_>>().join(", "));
    }

    #[test]
    fn numbers_of_fixed_length() {
        check(
            Kind::Table1,
            "insurer_no",
            "999903 99990 9999030 99990A",
            expect!["999903 -, 99990 L002, 9999030 L002, 99990A N003"],
        );
        check(
            Kind::Table1,
            "insured_no",
            "9900000011 H990000037 990000001 A990000037 H99000003A",
            expect!["9900000011 -, H990000037 -, 990000001 L002, A990000037 N003, H99000003A N003"],
        );
        check(
            Kind::Table1,
            "office_no",
            "9970000011 99A0000011 997000001",
            expect!["9970000011 -, 99A0000011 -, 997000001 N003"],
        );
    }

    #[test]
    fn dates_months_and_times() {
        check(
            Kind::Table1,
            "plan_date",
            "20240229 20250229 20251332 2025013 202501311 00000000",
            expect!["20240229 -, 20250229 D001, 20251332 D001, 2025013 D001, 202501311 L001, 00000000 D001"],
        );
        check(Kind::Supplement, "plan_date", "00000000 20250931", expect!["00000000 -, 20250931 D001"]);
        check(Kind::Supplement, "target_month", "000000 202513 202512", expect!["000000 -, 202513 M001, 202512 -"]);
        check(
            Kind::UseTable,
            "start_time",
            "0000 2359 2400 1060 930 9999 2561",
            expect!["0000 -, 2359 -, 2400 T001, 1060 T001, 930 T001, 9999 -, 2561 T001"],
        );
        check(Kind::Table3, "start", "9999 0930", expect!["9999 T001, 0930 -"]);
    }

    #[test]
    fn numbers_and_codes() {
        check(
            Kind::UseTable,
            "units",
            "244 -244 1234567 1.5 １",
            expect!["244 -, -244 -, 1234567 L001, 1.5 N003, １ N003"],
        );
        check(Kind::UseTable, "times", "1 -1 100", expect!["1 -, -1 N003, 100 L001"]);
        check(Kind::Table2, "need_no", "1 99 0 00 100", expect!["1 -, 99 -, 0 N003, 00 N003, 100 L001"]);
        check(
            Kind::UseTableAnnex,
            "unit_price",
            "10.00 10 10.5 10. .5 10.123 1.1.1",
            expect!["10.00 -, 10 -, 10.5 -, 10. N003, .5 N003, 10.123 N003, 1.1.1 N003"],
        );
        check(Kind::Table1, "care_level", "23 06 6 01 ", expect!["23 -, 06 -, 6 K001, 01 K001,  K001"]);
        check(
            Kind::UseTable,
            "service_code",
            "111111 A21111 11111 11AAAA 11aaaa",
            expect!["111111 -, A21111 -, 11111 N003, 11AAAA -, 11aaaa N003"],
        );
    }

    #[test]
    fn other_forms() {
        check(
            Kind::Table1,
            "postal_code",
            "000-0000 0000000 0000-000",
            expect!["000-0000 -, 0000000 N003, 0000-000 N003"],
        );
        check(Kind::Supplement, "phone", "000-0000-0000 ０３ abc", expect!["000-0000-0000 -, ０３ N003, abc N003"]);
        let month = "0".repeat(30) + "1";
        check(
            Kind::UseTable,
            "daily_rate_days",
            &format!("{month} 01"),
            expect!["0000000000000000000000000000001 -, 01 N003"],
        );
        check(
            Kind::PreventionBasic,
            "family_image",
            "UPKIHON_IMAGE_9900000059_46_9970000067_63_20250912100000_0001.jpg family.jpg",
            expect!["UPKIHON_IMAGE_9900000059_46_9970000067_63_20250912100000_0001.jpg -, family.jpg N003"],
        );
    }
}
