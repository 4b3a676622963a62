//! What an office has to know of its licence, and what to do next: the same on the command line, on the screens, and where the gateway
//! refused what was sent.

use std::cell::OnceCell;

use fumibako_careplan::Lang;
use fumibako_model::{ENDING_DAYS, LicenceState, LicenceView, PayBy, Payment, Refusal};
use fumibako_web::text::{count, say, say_with};
use jiff::Span;
use jiff::civil::Date;

use super::ours;
use crate::settings::Settings;
use crate::trouble::Words;

/// Where somebody reads it, who is told what to do there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum At {
    /// On the screens, where there is a page for it.
    Screen,
    /// On a command line.
    Terminal,
}

/// One thing to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Advice {
    /// 停止: the operator stopped it, and says why.
    Stopped(String),
    /// 終了. Are there terms to agree to?
    Over { terms: bool },
    /// 未申請. Are there terms to agree to?
    Never { terms: bool },
    /// Its first day is still to come.
    Awaited(Date),
    /// まもなく終了: days left; are there terms to agree to, is it renewed by itself, and does the office agree to those in force?
    Ends { left: usize, terms: bool, automatic: bool, agrees: bool },
    /// Nobody of the office agreed to terms so far; from this day on it can be renewed, which agrees to them.
    NotAgreed(Option<Date>),
    /// It is to be renewed by itself, but the terms are not those the office agreed to.
    Changed,
    /// The last year is not paid.
    Owed(Payment, Option<PayBy>),
}

/// Profile §10.10: what there is to know, the gravest first.
pub(crate) fn advice(view: &LicenceView) -> Vec<Advice> {
    let terms = view.terms.is_some();
    let left = view.days_left.and_then(|left| usize::try_from(left).ok()).unwrap_or_default();
    let (automatic, agrees) = (view.automatic, view.agrees());
    let first = match (view.state, view.from) {
        (LicenceState::Suspended, _) => Some(Advice::Stopped(view.suspended.clone().unwrap_or_default())),
        (LicenceState::Ended, _) => Some(Advice::Over { terms }),
        (LicenceState::None, Some(from)) => Some(Advice::Awaited(from)),
        (LicenceState::None, None) => Some(Advice::Never { terms }),
        (LicenceState::Ending, _) => Some(Advice::Ends { left, terms, automatic, agrees }),
        (LicenceState::InForce, _) => None,
    };
    // Who renews now is shown the terms there.
    let later = terms && !view.renewable && !agrees && view.until.is_some();
    let can_be_renewed = || view.until?.checked_sub(Span::new().days(ENDING_DAYS)).ok();
    let consent = match &view.consent {
        None if later => Some(Advice::NotAgreed(can_be_renewed())),
        Some(_) if later && automatic => Some(Advice::Changed),
        _ => None,
    };
    let owed = view.payment.filter(|payment| *payment != Payment::Paid);
    let owed = owed.map(|payment| Advice::Owed(payment, view.pay_by));
    [first, consent, owed].into_iter().flatten().collect()
}

/// What stands behind refusals that are about our own licence; the gateway is asked once.
pub(crate) struct Behind<'s> {
    settings: &'s Settings,
    told: OnceCell<Option<Advice>>,
}

impl<'s> Behind<'s> {
    pub(crate) fn new(settings: &'s Settings) -> Self {
        Self { settings, told: OnceCell::new() }
    }

    /// The words of a refusal, with what stands behind it in place of what anybody could do. Where the gateway does not tell, they stay.
    pub(crate) fn explain(&self, words: Words, lang: Lang) -> Words {
        if !words.code.is_some_and(is_about_ours) {
            return words;
        }
        let told = self.told.get_or_init(|| advice(&ours(self.settings).ok()?).into_iter().find(Advice::stops));
        match told {
            Some(advice) => Words { next: advice.line(At::Terminal, lang), ..words },
            None => words,
        }
    }
}

/// Does a refusal with this code rest on the sender's licence?
pub(crate) fn is_about_ours(code: &str) -> bool {
    [Refusal::SenderNotLicensed, Refusal::SenderSuspended].iter().any(|why| why.row().code == code)
}

impl Advice {
    /// Can nothing be sent or received because of it?
    pub(crate) fn stops(&self) -> bool {
        matches!(self, Self::Stopped(_) | Self::Over { .. } | Self::Never { .. } | Self::Awaited(_))
    }

    /// Is there something to be done, or only something to know?
    pub(crate) fn is_to_do(&self) -> bool {
        !matches!(
            self,
            Self::Awaited(_)
                | Self::NotAgreed(Some(_))
                | Self::Ends { automatic: true, agrees: true, .. }
                | Self::Owed(_, Some(PayBy::Deduction))
        )
    }

    /// How it stands.
    pub(crate) fn what(&self, lang: Lang) -> String {
        let text = match self {
            Self::Stopped(why) => say_with(lang, "licence-stopped", &[("why", why.as_str().into())]),
            Self::Over { .. } => say(lang, "licence-over"),
            Self::Never { .. } => say(lang, "licence-never"),
            Self::Awaited(from) => say_with(lang, "licence-awaited", &[("day", written(*from).into())]),
            Self::Ends { left, .. } => count(lang, "licence-soon", *left),
            Self::NotAgreed(_) => say(lang, "licence-no-consent"),
            Self::Changed => say(lang, "licence-changed"),
            Self::Owed(Payment::Billed, _) => say(lang, "licence-owed-billed"),
            Self::Owed(..) => say(lang, "licence-owed"),
        };
        text.into_owned()
    }

    /// What to do next.
    pub(crate) fn next(&self, at: At, lang: Lang) -> String {
        let here = match at {
            At::Screen => "screen",
            At::Terminal => "terminal",
        };
        let say_here = |id: &str| say_with(lang, id, &[("at", here.into())]);
        let text = match self {
            Self::Stopped(_) => say(lang, "licence-stopped-next"),
            Self::Over { terms: true } => say_here("licence-over-next"),
            Self::Never { terms: true } => say_here("licence-never-next"),
            // Without terms nothing can be renewed, neither by hand nor by itself (E-LIC-007).
            Self::Over { terms: false } | Self::Never { terms: false } | Self::Ends { terms: false, .. } => {
                say(lang, "licence-no-terms")
            }
            Self::Awaited(_) => say(lang, "licence-awaited-next"),
            Self::Ends { automatic: true, agrees: true, .. } => say(lang, "licence-soon-automatic"),
            Self::Ends { automatic: true, .. } => say_here("licence-soon-terms"),
            Self::Ends { .. } => say_here("licence-soon-next"),
            Self::NotAgreed(from) => {
                let day = from.map_or_else(String::new, written);
                say_with(lang, "licence-no-consent-next", &[("day", day.into()), ("at", here.into())])
            }
            Self::Changed => say_here("licence-changed-next"),
            Self::Owed(_, Some(PayBy::Deduction)) => say(lang, "licence-owed-deduction"),
            Self::Owed(Payment::Billed, Some(PayBy::Invoice)) => say(lang, "licence-owed-pay"),
            Self::Owed(_, Some(PayBy::Invoice)) => say(lang, "licence-owed-bill"),
            Self::Owed(_, None) => say(lang, "licence-owed-how"),
        };
        text.into_owned()
    }

    /// Both.
    pub(crate) fn line(&self, at: At, lang: Lang) -> String {
        format!("{}{}{}", self.what(lang), lang.pick("", " "), self.next(at, lang))
    }
}

fn written(day: Date) -> String {
    day.strftime("%Y/%m/%d").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use fumibako_model::{Consent, LicenceTerms};

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    /// In force and paid, granted by the operator, under terms that nobody agreed to.
    fn view() -> LicenceView {
        LicenceView {
            office: "9970000011".parse().unwrap(),
            state: LicenceState::InForce,
            from: Some(day("2026-04-01")),
            until: Some(day("2027-03-31")),
            days_left: Some(200),
            warning: None,
            payment: Some(Payment::Paid),
            pay_by: None,
            automatic: false,
            fee_yen: 21_000,
            renewable: false,
            suspended: None,
            terms: Some(LicenceTerms::new("2026-04", "利用規約").unwrap()),
            consent: None,
            periods: Vec::new(),
        }
    }

    /// The office agreed to the terms in force.
    fn agreed(view: LicenceView) -> LicenceView {
        let terms = view.terms.clone().unwrap();
        let (at, by) = (jiff::Timestamp::UNIX_EPOCH, "user".into());
        LicenceView { consent: Some(Consent { version: terms.version, digest: terms.digest, at, by }), ..view }
    }

    #[track_caller]
    fn check(view: &LicenceView, expected: &[&str]) {
        let told: Vec<String> = advice(view).iter().map(|one| one.line(At::Terminal, Lang::Ja)).collect();
        assert_eq!(told.len(), expected.len(), "{told:#?}");
        for (told, expected) in told.iter().zip(expected) {
            assert!(told.contains(expected), "{expected}: {told}");
        }
    }

    #[test]
    fn each_state_says_what_to_do_next() {
        check(&agreed(view()), &[]);
        check(&view(), &["2027/01/30 から更新できます"]);
        let state = |state, view| LicenceView { state, ..view };
        let stopped = LicenceView { suspended: Some("届出の確認中".into()), ..view() };
        check(&agreed(state(LicenceState::Suspended, stopped)), &["理由: 届出の確認中"]);
        let over = LicenceView { renewable: true, days_left: Some(-1), ..view() };
        check(&state(LicenceState::Ended, over.clone()), &["licence renew"]);
        check(&state(LicenceState::Ended, LicenceView { terms: None, ..over }), &["まだ公開されていない"]);
        let never = LicenceView { from: None, until: None, days_left: None, payment: None, ..view() };
        check(&state(LicenceState::None, never), &["licence apply"]);
        check(&agreed(state(LicenceState::None, view())), &["2026/04/01 から"]);
        let ending = LicenceView { renewable: true, days_left: Some(20), ..view() };
        check(&state(LicenceState::Ending, ending.clone()), &["あと20日です。fumibako licence renew"]);
        let unpublished = LicenceView { terms: None, automatic: true, ..ending };
        check(&state(LicenceState::Ending, unpublished), &["あと20日です。利用規約がまだ公開されていない"]);
    }

    #[test]
    fn what_is_owed_and_terms_that_changed_are_told_beside_it() {
        let owed = |payment, pay_by| LicenceView { payment: Some(payment), pay_by, ..agreed(view()) };
        check(&owed(Payment::Unpaid, None), &["運用者に確かめて"]);
        check(&owed(Payment::Unpaid, Some(PayBy::Deduction)), &["手続きは要りません"]);
        check(&owed(Payment::Unpaid, Some(PayBy::Invoice)), &["請求書が届いたら"]);
        check(&owed(Payment::Billed, Some(PayBy::Invoice)), &["期日までに"]);
        let terms = LicenceTerms::new("2026-10", "新しい利用規約").ok();
        let changed = LicenceView { automatic: true, terms, ..owed(Payment::Unpaid, Some(PayBy::Invoice)) };
        check(&changed, &["自動では更新されません", "請求書が届いたら"]);
    }

    #[test]
    fn each_place_names_what_can_be_done_there() {
        let over = Advice::Over { terms: true };
        for lang in [Lang::Ja, Lang::En] {
            let [screen, terminal] = [At::Screen, At::Terminal].map(|at| over.next(at, lang));
            assert!(!screen.contains("fumibako") && terminal.contains("fumibako licence renew"), "{screen} {terminal}");
        }
    }
}
