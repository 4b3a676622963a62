//! `fumibako licence show|apply|renew|automatic`: the office's right to send and receive (Profile §10). What is asked for is signed here
//! with the office's own key. Exit 0: done. 3: the terms were shown and nothing was signed, or the gateway said no. 77: not ours to do.

mod words;

use clap::{Subcommand, ValueEnum};
use fumibako_model::{LicenceTerms, LicenceView, PayBy};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::screen::Screen;
use super::setup::Asking;
use crate::exit::Exit;
use crate::licence::{Manner, Year, agreed, ask_for, ours, renews_itself};
use crate::settings::Settings;
use crate::trouble::{Trouble, Usage};

/// ライセンス: 1 事業所番号につき 1 年 21,000 円（税込）。送受信には、送る側と受け取る側の両方に要ります。/ The licence of the office.
#[derive(Debug, clap::Args)]
pub(super) struct Licence {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// 状態・有効期限・支払い状況を見ます / how it stands, until when, how far it is paid
    Show,
    /// 利用を申請します（規約を表示し、同意を尋ねます） / apply; shows the terms and asks for consent
    Apply(Ask),
    /// 更新します（期限の 60 日前から） / renew, from 60 days before the end on
    Renew(Ask),
    /// 自動更新にする（on）、やめる（off） / renew by itself from now on, or no longer
    Automatic {
        #[arg(value_enum)]
        turn: Turn,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Turn {
    On,
    Off,
}

#[derive(Debug, clap::Args)]
struct Ask {
    /// 支払い方法: deduction（介護給付費からの差引）, invoice（請求書による口座振込）。更新では、なければ前と同じ / how to pay; renewing, as before if absent
    #[arg(long)]
    pay_by: Option<PayBy>,
    /// 自動更新: on, off。なければ、申請では off、更新では今のまま / renewed by itself? Default: off when applying, as it is when renewing
    #[arg(long, value_enum)]
    automatic: Option<Turn>,
    /// 読んで同意した利用規約の版（なければ表示して尋ねます） / version of the terms you have read and agree to; without it they are shown
    #[arg(long, value_name = "VERSION")]
    consent: Option<String>,
}

impl Licence {
    pub(super) fn run(
        &self,
        (settings, may_ask): (&Settings, bool),
        screen: &mut Screen<'_>,
        clock: fn() -> Timestamp,
    ) -> Result<Exit, Trouble> {
        let asking = Asking::at_a_terminal(may_ask);
        match &self.what {
            What::Show => show(&ours(settings)?, screen),
            What::Apply(ask) => ask.run(settings, Year::First, (&asking, screen), clock),
            What::Renew(ask) => ask.run(settings, Year::Next, (&asking, screen), clock),
            What::Automatic { turn } => {
                ours(settings)?;
                show(&renews_itself(settings, *turn == Turn::On, clock())?, screen)
            }
        }
    }
}

impl Ask {
    fn run(
        &self,
        settings: &Settings,
        year: Year,
        (asking, screen): (&Asking, &mut Screen<'_>),
        clock: fn() -> Timestamp,
    ) -> Result<Exit, Trouble> {
        let view = ours(settings)?;
        let before = view.pay_by.filter(|_| year == Year::Next);
        let pay_by = self.pay_by.or(before).ok_or(Trouble::Usage(Usage::Unanswered("--pay-by")))?;
        let unless_said = year == Year::Next && view.automatic;
        let automatic = self.automatic.map_or(unless_said, |turn| turn == Turn::On);
        let Some(given) = self.consent(&view, asking, screen)? else {
            screen.say(screen.pick(
                "まだ手続きしていません。規約に同意するなら、--consent に版を付けてもう一度実行してください。",
                "Nothing is signed yet. If you agree to the terms, run this again with --consent and their version.",
            ));
            return Ok(Exit::PARTLY);
        };
        let terms = agreed(&view, &[&given])?;
        // The clock is read after the terms were: the deed is to be fresh.
        let view = ask_for(settings, year, (&terms, Manner { pay_by, automatic }), clock())?;
        show(&view, screen)?;
        screen.say(screen.pick(
            "手続きしました。支払いは、請求の案内に従ってください。",
            "Done. Pay as the bill or the deduction notice says.",
        ));
        Ok(Exit::OK)
    }

    /// The version that was agreed to: on the command line, or by whoever sits there and has just been shown it.
    fn consent(&self, view: &LicenceView, asking: &Asking, screen: &mut Screen<'_>) -> Result<Option<String>, Trouble> {
        if let Some(given) = &self.consent {
            return Ok(Some(given.clone()));
        }
        // Without terms there is nothing to agree to, and the gateway's word on that is said.
        let Some(terms) = &view.terms else { return Ok(Some(String::new())) };
        present(terms, screen)?;
        if !asking.may_ask() {
            return Ok(None);
        }
        let question = screen.pick("同意するなら、版をそのまま入力してください", "If you agree, type the version");
        let typed = asking.line("--consent", || screen.say(&format!("{question} ({}):", terms.version)));
        Ok(typed.ok())
    }
}

fn present(terms: &LicenceTerms, screen: &mut Screen<'_>) -> Result<(), Trouble> {
    let mut object = json!(terms);
    object["kind"] = "terms".into();
    Ok(screen.data(&object, |lang| words::terms(terms, lang))?)
}

fn object(view: &LicenceView) -> Value {
    let mut object = json!(view);
    object["kind"] = "licence".into();
    object
}

fn show(view: &LicenceView, screen: &mut Screen<'_>) -> Result<Exit, Trouble> {
    screen.data(&object(view), |lang| words::whole(view, lang))?;
    Ok(Exit::OK)
}
