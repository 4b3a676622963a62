use std::fmt::Write as _;

use jiff::civil::{Date, date};

use super::*;
use crate::refusal::Refusal;
use crate::roll::Office;

fn number() -> fumibako_careplan::OfficeNumber {
    "9970000011".parse().unwrap()
}

fn terms(version: &str) -> LicenceTerms {
    LicenceTerms::new(version, &format!("利用規約 {version}\n")).unwrap()
}

/// Noon in Japan.
fn noon(day: Date) -> Timestamp {
    crate::roll::JAPAN.to_timestamp(day.at(12, 0, 0, 0)).unwrap()
}

fn asked(terms: &LicenceTerms, at: Timestamp) -> Asked {
    Asked {
        v: 1,
        office: number(),
        terms: terms.version.clone(),
        digest: terms.digest.clone(),
        pay_by: PayBy::Deduction,
        automatic: false,
        user: "9970000011".into(),
        at,
    }
}

fn apply(terms: &LicenceTerms, at: Timestamp) -> LicenceOrder {
    LicenceOrder::Signed(LicenceDeed::Apply(asked(terms, at)))
}

fn renew(terms: &LicenceTerms, at: Timestamp) -> LicenceOrder {
    LicenceOrder::Signed(LicenceDeed::Renew(asked(terms, at)))
}

fn switch(on: bool, at: Timestamp) -> LicenceOrder {
    LicenceOrder::Signed(LicenceDeed::Automatic(Switch { v: 1, office: number(), on, at }))
}

/// Granted for a year from a day.
fn year(from: Date) -> Licensing {
    Licensing::granted(Licence { from, until: last_day(from).unwrap() })
}

/// Applied for on a day, to be renewed by itself.
fn automatic(terms: &LicenceTerms, day: Date) -> Licensing {
    let deed = LicenceDeed::Apply(Asked { automatic: true, ..asked(terms, noon(day)) });
    done(&Licensing::default(), &LicenceOrder::Signed(deed), Some(terms), noon(day))
}

#[track_caller]
fn done(licensing: &Licensing, order: &LicenceOrder, terms: Option<&LicenceTerms>, now: Timestamp) -> Licensing {
    licensing.decide(order, terms, now).unwrap().expect("it changes something")
}

#[track_caller]
fn refused(licensing: &Licensing, order: &LicenceOrder, terms: Option<&LicenceTerms>, now: Timestamp) -> Refusal {
    licensing.decide(order, terms, now).unwrap_err().why
}

// Profile §10.1
#[test]
fn a_year_ends_the_day_before_its_anniversary_and_a_leap_day_with_its_month() {
    for (from, until) in [
        (date(2026, 4, 1), date(2027, 3, 31)),
        (date(2027, 3, 1), date(2028, 2, 29)),
        (date(2028, 2, 29), date(2029, 2, 28)),
        (date(2028, 2, 28), date(2029, 2, 27)),
        (date(2026, 1, 1), date(2026, 12, 31)),
    ] {
        assert_eq!(last_day(from), Some(until));
    }
    assert_eq!(last_day(Date::MAX), None);
}

#[test]
fn years_that_begin_on_a_leap_day_follow_each_other_without_a_gap() {
    let (terms, mut day) = (terms("1"), date(2028, 2, 29));
    let mut licensing = automatic(&terms, day);
    for until in [date(2029, 2, 28), date(2030, 2, 28), date(2031, 2, 28), date(2032, 2, 29), date(2033, 2, 28)] {
        assert_eq!(licensing.run().unwrap(), Licence { from: date(2028, 2, 29), until });
        day = until;
        licensing = done(&licensing, &LicenceOrder::Due(LicenceDue::Renew), Some(&terms), noon(day));
    }
    assert_eq!(licensing.periods.len(), 6);
}

// Profile §10.2
#[test]
fn every_state_with_every_payment_and_the_days_at_its_border() {
    let mut table = String::new();
    for day in
        [date(2026, 3, 31), date(2026, 4, 1), date(2027, 1, 29), date(2027, 1, 30), date(2027, 3, 31), date(2027, 4, 1)]
    {
        for payment in Payment::ALL {
            let mut licensing = year(date(2026, 4, 1));
            licensing.periods[0].payment = payment;
            let plain = licensing.state(day).word();
            licensing.suspended = Some("届出の確認中".into());
            writeln!(table, "{day} {plain}/{} {}", licensing.state(day).word(), payment.word()).unwrap();
        }
    }
    expect_test::expect![[r"
        2026-03-31 未申請/停止 未払
        2026-03-31 未申請/停止 請求済
        2026-03-31 未申請/停止 支払済
        2026-04-01 有効/停止 未払
        2026-04-01 有効/停止 請求済
        2026-04-01 有効/停止 支払済
        2027-01-29 有効/停止 未払
        2027-01-29 有効/停止 請求済
        2027-01-29 有効/停止 支払済
        2027-01-30 まもなく終了/停止 未払
        2027-01-30 まもなく終了/停止 請求済
        2027-01-30 まもなく終了/停止 支払済
        2027-03-31 まもなく終了/停止 未払
        2027-03-31 まもなく終了/停止 請求済
        2027-03-31 まもなく終了/停止 支払済
        2027-04-01 終了/停止 未払
        2027-04-01 終了/停止 請求済
        2027-04-01 終了/停止 支払済
    "]]
    .assert_eq(&table);
    assert_eq!(Licensing::default().state(date(2026, 4, 1)), LicenceState::None);
}

// Profile §10.3
#[test]
fn terms_are_named_by_the_digest_of_their_words() {
    let one = terms("2026-04");
    assert!(one.hold());
    assert!(!LicenceTerms { text: one.text.clone() + " ", ..one.clone() }.hold());
    for (version, text, why) in [
        ("", "x", NotTerms::Version),
        ("2026 04", "x", NotTerms::Version),
        (&*"1".repeat(33), "x", NotTerms::Version),
        ("1", " \n", NotTerms::Length),
        ("1", &*"x".repeat(TERMS_BYTES + 1), NotTerms::Length),
        ("1", "a\u{1b}[2J", NotTerms::Control),
    ] {
        assert_eq!(LicenceTerms::new(version, text), Err(why), "{version}");
    }
    assert!(LicenceTerms::new(&"1".repeat(32), &"x".repeat(TERMS_BYTES)).is_ok());
}

// Profile §10.5
#[test]
fn who_applies_agrees_to_the_terms_in_force_and_no_others() {
    let (old, new, now) = (terms("2026-04"), terms("2026-10"), noon(date(2026, 11, 26)));
    let none = Licensing::default();
    assert_eq!(refused(&none, &apply(&old, now), Some(&new), now), Refusal::TermsNotCurrent);
    assert_eq!(refused(&none, &apply(&old, now), None, now), Refusal::TermsNotCurrent);
    let other_words = LicenceTerms { digest: old.digest.clone(), ..new.clone() };
    assert_eq!(refused(&none, &apply(&other_words, now), Some(&new), now), Refusal::TermsNotCurrent);
    let licensing = done(&none, &apply(&new, now), Some(&new), now);
    let Period { from, until, payment, pay_by, consent, automatic } = &licensing.periods[0];
    assert_eq!((*from, *until), (date(2026, 11, 26), date(2027, 11, 25)));
    assert_eq!((*payment, *pay_by, *automatic), (Payment::Unpaid, Some(PayBy::Deduction), false));
    let expected = Consent { version: "2026-10".into(), digest: new.digest.clone(), at: now, by: "9970000011".into() };
    assert_eq!(consent.as_ref(), Some(&expected));
    assert_eq!(
        refused(&licensing, &apply(&new, noon(date(2026, 11, 27))), Some(&new), noon(date(2026, 11, 27))),
        Refusal::LicenceHeld
    );
}

#[test]
fn a_licence_is_renewed_from_sixty_days_before_its_end_and_once() {
    let (terms, licensing) = (terms("1"), year(date(2026, 4, 1)));
    let early = noon(date(2027, 1, 29));
    assert_eq!(refused(&licensing, &renew(&terms, early), Some(&terms), early), Refusal::LicenceNotRenewable);
    let now = noon(date(2027, 1, 30));
    let renewed = done(&licensing, &renew(&terms, now), Some(&terms), now);
    assert_eq!(renewed.run().unwrap(), Licence { from: date(2026, 4, 1), until: date(2028, 3, 31) });
    // Another computer of the office, at the same moment.
    let second = now.saturating_add(jiff::SignedDuration::from_secs(1)).unwrap();
    assert_eq!(refused(&renewed, &renew(&terms, second), Some(&terms), second), Refusal::LicenceNotRenewable);
    let late = noon(date(2027, 6, 1));
    let renewed = done(&licensing, &renew(&terms, late), Some(&terms), late);
    assert_eq!(renewed.run().unwrap(), Licence { from: date(2027, 6, 1), until: date(2028, 5, 31) });
    assert!(renewed.covers(date(2027, 3, 31)) && !renewed.covers(date(2027, 4, 1)) && renewed.covers(date(2027, 6, 1)));
    assert_eq!(done(&licensing, &apply(&terms, late), Some(&terms), late), renewed, "an office that comes back");
    assert_eq!(refused(&Licensing::default(), &renew(&terms, late), Some(&terms), late), Refusal::LicenceNone);
}

// Profile §10.4
#[test]
fn a_deed_is_obeyed_within_an_hour_and_in_its_order() {
    let (terms, now) = (terms("1"), noon(date(2026, 11, 26)));
    let minutes = |count: i64| now.saturating_add(jiff::SignedDuration::from_mins(count)).unwrap();
    for at in [minutes(-61), minutes(61)] {
        assert_eq!(refused(&Licensing::default(), &apply(&terms, at), Some(&terms), now), Refusal::LicenceStale);
    }
    for at in [minutes(-60), minutes(60)] {
        done(&Licensing::default(), &apply(&terms, at), Some(&terms), now);
    }
    let licensing = done(&Licensing::default(), &apply(&terms, now), Some(&terms), now);
    let on = done(&licensing, &switch(true, minutes(2)), Some(&terms), minutes(2));
    assert!(on.automatic);
    let off = done(&on, &switch(false, minutes(4)), Some(&terms), minutes(4));
    for kept_back in [minutes(3), minutes(4)] {
        assert_eq!(refused(&off, &switch(true, kept_back), Some(&terms), minutes(5)), Refusal::LicenceStale);
    }
}

#[test]
fn a_suspended_licence_is_neither_renewed_nor_applied_for_and_goes_on_as_it_was() {
    let (terms, now) = (terms("1"), noon(date(2027, 3, 31)));
    let licensing = automatic(&terms, date(2026, 4, 1));
    let stop = LicenceOrder::Suspend { reason: "届出の確認中".into() };
    let stopped = done(&licensing, &stop, Some(&terms), now);
    for order in [renew(&terms, now), apply(&terms, now), switch(false, now)] {
        assert_eq!(refused(&stopped, &order, Some(&terms), now), Refusal::SenderSuspended);
    }
    assert_eq!(stopped.due(Some(&terms), date(2027, 3, 31)), Some(LicenceDue::Warn(7)), "it is not renewed by itself");
    assert_eq!(stopped.decide(&stop, Some(&terms), now).unwrap(), None, "the same again is nothing");
    assert_eq!(done(&stopped, &LicenceOrder::Resume, Some(&terms), now), licensing);
    assert_eq!(refused(&Licensing::default(), &stop, Some(&terms), now), Refusal::LicenceNone);
}

#[test]
fn each_year_has_its_own_payment() {
    let (terms, now) = (terms("1"), noon(date(2027, 3, 1)));
    let licensing = done(&year(date(2026, 4, 1)), &renew(&terms, now), Some(&terms), now);
    let pay = |from, payment, pay_by| LicenceOrder::Pay { from, payment, pay_by };
    let paid = done(&licensing, &pay(Some(date(2026, 4, 1)), Payment::Paid, Some(PayBy::Invoice)), None, now);
    let billed = done(&paid, &pay(None, Payment::Billed, None), None, now);
    let all: Vec<_> = billed.periods.iter().map(|period| (period.payment, period.pay_by)).collect();
    assert_eq!(all, [(Payment::Paid, Some(PayBy::Invoice)), (Payment::Billed, Some(PayBy::Deduction))]);
    assert_eq!(refused(&billed, &pay(Some(date(2026, 4, 2)), Payment::Paid, None), None, now), Refusal::LicenceNone);
    assert_eq!(refused(&Licensing::default(), &pay(None, Payment::Paid, None), None, now), Refusal::LicenceNone);
}

/// What is due each day, done, from one day to another.
fn live(
    mut licensing: Licensing,
    terms: Option<&LicenceTerms>,
    days: impl IntoIterator<Item = Date>,
) -> (Licensing, Vec<String>) {
    let mut told = Vec::new();
    for day in days {
        while let Some(due) = licensing.due(terms, day) {
            assert_eq!(licensing.look(terms, noon(day)), Some(noon(day)), "what is due is looked at now");
            told.push(format!("{day} {due:?}"));
            licensing = done(&licensing, &LicenceOrder::Due(due), terms, noon(day));
            assert_eq!(licensing.decide(&LicenceOrder::Due(due), terms, noon(day)).unwrap(), None, "nothing twice");
        }
        let next = licensing.look(terms, noon(day));
        assert!(next.is_none_or(|at| at > noon(day)), "{day} {next:?}");
    }
    (licensing, told)
}

fn days(from: Date, count: usize) -> impl Iterator<Item = Date> {
    from.series(jiff::Span::new().days(1)).take(count)
}

// Profile §10.7
#[test]
fn an_office_is_warned_three_times_and_never_twice_wherever_the_clock_stands() {
    let licensing = year(date(2026, 4, 1));
    let (after, told) = live(licensing.clone(), None, days(date(2026, 4, 1), 400));
    assert_eq!(told, ["2027-01-30 Warn(60)", "2027-03-01 Warn(30)", "2027-03-24 Warn(7)"]);
    // The clock is set back by a year, and goes on.
    assert_eq!(live(after, None, days(date(2026, 4, 1), 400)).1, [""; 0]);
    // Nobody looked for a while: those that went by are told as one.
    assert_eq!(
        live(licensing.clone(), None, days(date(2027, 3, 10), 60)).1,
        ["2027-03-10 Warn(30)", "2027-03-24 Warn(7)"]
    );
    // The clock leaps into the last week and back.
    let (leapt, told) = live(licensing.clone(), None, [date(2027, 3, 30)]);
    assert_eq!(told, ["2027-03-30 Warn(7)"]);
    assert_eq!(live(leapt, None, days(date(2026, 12, 1), 200)).1, [""; 0]);
    assert_eq!(live(licensing, None, [date(2027, 4, 1), date(2030, 4, 1)]).1, [""; 0], "what is over is not warned of");
}

#[test]
fn nobody_is_warned_at_the_grant_of_how_few_days_are_granted() {
    let now = noon(date(2026, 11, 26));
    let days_of = |until| LicenceOrder::Grant(Licence { from: date(2026, 11, 26), until });
    let licensing = done(&Licensing::default(), &days_of(date(2026, 12, 20)), None, now);
    assert_eq!(live(licensing, None, days(date(2026, 11, 26), 40)).1, ["2026-12-13 Warn(7)"]);
    let whole = done(&year(date(2026, 4, 1)), &days_of(date(2027, 11, 25)), None, now);
    assert_eq!(whole.run().unwrap(), Licence { from: date(2026, 4, 1), until: date(2027, 11, 25) });
    let backwards = LicenceOrder::Grant(Licence { from: date(2026, 11, 26), until: date(2026, 11, 25) });
    assert_eq!(refused(&whole, &backwards, None, now), Refusal::ValueUnfit);
}

// Profile §10.1
#[test]
fn a_grant_shortens_the_year_that_runs_and_takes_the_place_of_later_ones() {
    let (terms, now) = (terms("1"), noon(date(2027, 3, 1)));
    let running = automatic(&terms, date(2026, 4, 1));
    let pay = LicenceOrder::Pay { from: None, payment: Payment::Paid, pay_by: None };
    let paid = done(&running, &pay, None, now);
    let renewed = done(&paid, &renew(&terms, now), Some(&terms), now);
    let days = Licence { from: date(2027, 3, 15), until: date(2028, 3, 14) };
    let granted = done(&renewed, &LicenceOrder::Grant(days), None, now);
    let [first, second] = &granted.periods[..] else { panic!("{granted:?}") };
    assert_eq!(
        (first.days(), first.payment),
        (Licence { from: date(2026, 4, 1), until: date(2027, 3, 14) }, Payment::Paid)
    );
    assert_eq!((&first.consent, second.days(), &second.consent), (&running.periods[0].consent, days, &None));
    assert!(granted.covers(date(2027, 3, 1)) && granted.state(date(2027, 3, 1)) == LicenceState::InForce);
    assert!(!granted.automatic, "nobody agreed that it be renewed by itself");
    let again = done(&granted, &LicenceOrder::Grant(Licence { until: date(2027, 12, 31), ..days }), None, now);
    assert_eq!((again.periods.len(), again.run().unwrap().until), (2, date(2027, 12, 31)));
}

// Profile §10.6
#[test]
fn what_ended_while_it_could_not_be_renewed_is_not_renewed_backwards() {
    let (terms, late) = (terms("1"), noon(date(2027, 4, 10)));
    let running = automatic(&terms, date(2026, 4, 1));
    let by_hand = Licensing { automatic: false, ..running.clone() };
    assert_eq!(refused(&by_hand, &switch(true, late), Some(&terms), late), Refusal::SenderNotLicensed);
    let stop = LicenceOrder::Suspend { reason: "届出の確認中".into() };
    let stopped = done(&running, &stop, None, noon(date(2027, 3, 31)));
    let resumed = done(&stopped, &LicenceOrder::Resume, Some(&terms), late);
    assert_eq!((resumed.automatic, resumed.due(Some(&terms), date(2027, 4, 10))), (false, None));
    // The office is suspended, and goes on after the end, or before it.
    let stopped = Licensing { office_stopped: true, ..running };
    assert_eq!(refused(&stopped, &renew(&terms, late), Some(&terms), late), Refusal::SenderSuspended);
    let (lapsed, told) = live(stopped, Some(&terms), days(date(2027, 3, 25), 12));
    assert_eq!(told, ["2027-03-25 Warn(7)", "2027-04-01 Lapse"]);
    let goes_on = Licensing { office_stopped: false, ..lapsed };
    assert_eq!(live(goes_on, Some(&terms), days(date(2027, 4, 5), 12)).1, [""; 0]);
}

// Profile §10.6
#[test]
fn a_licence_renews_itself_on_its_last_day_under_the_terms_agreed_to() {
    let (old, new) = (terms("1"), terms("2"));
    let licensing = automatic(&old, date(2026, 4, 1));
    let (after, told) = live(licensing.clone(), Some(&old), days(date(2026, 4, 1), 400));
    assert_eq!(told, ["2027-01-30 Warn(60)", "2027-03-01 Warn(30)", "2027-03-24 Warn(7)", "2027-03-31 Renew"]);
    let next = after.periods.last().unwrap();
    assert_eq!((next.from, next.until, next.automatic), (date(2027, 4, 1), date(2028, 3, 31), true));
    assert_eq!((next.payment, &next.consent), (Payment::Unpaid, &licensing.periods[0].consent));
    // New terms, to which nobody agreed.
    assert!(
        !live(licensing.clone(), Some(&new), days(date(2027, 3, 25), 60)).1.iter().any(|told| told.ends_with("Renew"))
    );
    let now = noon(date(2027, 3, 25));
    assert_eq!(refused(&licensing, &switch(true, now), Some(&new), now), Refusal::TermsNotCurrent);
    let off = done(&licensing, &switch(false, now), Some(&new), now);
    assert!(!live(off, Some(&old), days(date(2027, 3, 25), 60)).1.iter().any(|told| told.ends_with("Renew")));
    let paper = year(date(2026, 4, 1));
    assert_eq!(refused(&paper, &switch(true, now), Some(&old), now), Refusal::TermsNotCurrent, "nobody agreed to any");
}

#[test]
fn a_gateway_that_slept_renews_within_thirty_days_and_a_clock_that_leapt_renews_nothing() {
    let terms = terms("1");
    let licensing = automatic(&terms, date(2026, 4, 1));
    assert_eq!(live(licensing.clone(), Some(&terms), [date(2027, 4, 30)]).1, ["2027-04-30 Renew"]);
    assert_eq!(live(licensing.clone(), Some(&terms), [date(2027, 5, 1), date(2029, 1, 1)]).1, [""; 0]);
    // Renewed a year early by a wrong clock, it is not renewed again when the day comes.
    let (early, _) = live(licensing, Some(&terms), [date(2027, 3, 31)]);
    assert!(!live(early, Some(&terms), days(date(2026, 12, 1), 300)).1.iter().any(|told| told.ends_with("Renew")));
}

// Profile §10.4
#[test]
fn a_deed_is_read_in_its_one_form_only() {
    let one = LicenceDeed::Apply(asked(&terms("2026-04"), noon(date(2026, 11, 26))));
    let text = one.canonical();
    assert_eq!(
        text,
        format!(
            "{{\"apply\":{{\"v\":1,\"office\":\"9970000011\",\"terms\":\"2026-04\",\"digest\":\"{}\",\
             \"pay_by\":\"deduction\",\"automatic\":false,\"user\":\"9970000011\",\"at\":\"2026-11-26T03:00:00Z\"}}}}",
            terms("2026-04").digest
        )
    );
    assert_eq!(LicenceDeed::in_entity(one.entity().as_bytes()), Ok(one.clone()));
    let off = "{\"automatic\":{\"v\":1,\"office\":\"9970000011\",\"on\":false,\"at\":\"2026-11-26T03:00:00Z\"}}";
    assert_eq!(LicenceDeed::read(off.as_bytes()).unwrap().canonical(), off);
    for (octets, why) in [
        (text.replace("\"v\":1", "\"v\":2"), NotALicenceDeed::Version),
        (text.replace(",\"", ", \""), NotALicenceDeed::NotCanonical),
        (text.replace("\"user\"", "\"name\""), NotALicenceDeed::Malformed),
        (text.replace("\"user\":\"9970000011\"", "\"user\":\"\""), NotALicenceDeed::User),
        (text.replace("\"user\":\"9970000011\"", &format!("\"user\":\"{}\"", "x".repeat(65))), NotALicenceDeed::User),
        (off.replace("on", "off"), NotALicenceDeed::Malformed),
        (" ".repeat(16 << 10) + off, NotALicenceDeed::TooLong),
    ] {
        assert_eq!(LicenceDeed::read(octets.as_bytes()), Err(why), "{octets}");
    }
}

// Profile §10.8
#[test]
fn the_view_says_what_there_is_and_what_can_be_done() {
    let (terms, now) = (terms("1"), noon(date(2027, 3, 10)));
    let office = Office { number: number(), name: "x".into(), licence: None, suspended: None };
    let licensing = automatic(&terms, date(2026, 4, 1));
    let view = LicenceView::of(&office, &licensing, Some(&terms), now);
    assert_eq!((view.state, view.days_left, view.warning), (LicenceState::Ending, Some(21), Some(30)));
    assert_eq!((view.renewable, view.automatic, view.fee_yen, view.agrees()), (true, true, 21_000, true));
    let text = serde_json::to_value(&view).unwrap();
    assert_eq!(text["periods"][0]["version"], "1");
    assert_eq!(
        (&text["state"], &text["payment"], &text["pay_by"]),
        (&"ending".into(), &"unpaid".into(), &"deduction".into())
    );
    assert_eq!(serde_json::from_value::<LicenceView>(text).unwrap(), view);
    let stopped = Office { suspended: Some("届出の確認中".into()), ..office.clone() };
    let view = LicenceView::of(&stopped, &licensing, Some(&terms), now);
    assert_eq!(
        (view.state, view.suspended.as_deref(), view.renewable),
        (LicenceState::Suspended, Some("届出の確認中"), false)
    );
    let view = LicenceView::of(&office, &Licensing::default(), None, now);
    assert_eq!((view.state, view.until, view.payment, view.warning), (LicenceState::None, None, None, None));
}
