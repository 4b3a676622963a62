//! `fumibako verify FILE|-`: a message's signatures and seal, or evidence with its proof, layer by layer; no gateway is asked. Exit 0:
//! all that was looked at holds. 65: no message. 66: no such file. 76: something does not hold.

use std::path::{Path, PathBuf};

use clap::Args;
use fumibako_careplan::Lang;
use fumibako_model::{JAPAN, Private, Witnesses};
use fumibako_signer::{Identity, Trust, WithoutList};
use jiff::Timestamp;
use jiff::civil::DateTime;
use serde_json::{Map, Value, json};

use super::screen::{Screen, harmless, moment};
use crate::bundle::open::is_sealed;
use crate::exit::Exit;
use crate::settings::Settings;
use crate::trouble::Trouble;
use crate::verify::{
    Input, Judge, Layer, LetterJudge, Report, Stampers, State, Vouchers, is_the_gateways_letter, read, read_input,
    verify, verify_continuation, verify_letter, verify_proof,
};

#[derive(Debug, Args)]
pub(super) struct Verify {
    /// メール（.eml）または証跡（`fumibako receipt` の書き出したもの）のファイル。- は標準入力 / message file, or evidence as
    /// `fumibako receipt` writes it; - for standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// この日時で証明書を判定します（日本時間。例 "2026-11-20 09:15"。指定しなければいま） / judge certificates as of
    /// this moment, in Japan's time; default now
    #[arg(long, value_name = "TIME", value_parser = at)]
    at: Option<Timestamp>,
    /// 信頼する発行元の証明書（PEM）。設定の発行元の代わり。証明書の書き方は設定 authority のとおりに読みます /
    /// authorities to believe, instead of those of the settings; how they write certificates is read from there
    #[arg(long, value_name = "FILE")]
    trust: Vec<PathBuf>,
    /// 発行元の失効リスト（CRL）またはOCSP応答。設定のものの代わり / revocation lists or OCSP responses, instead of
    /// those of the settings
    #[arg(long, value_name = "FILE")]
    crl: Vec<PathBuf>,
    /// 暗号化を開く鍵のファイル。設定の鍵の代わり / key files to open a seal with, instead of those of the settings
    #[arg(long, value_name = "FILE")]
    key: Vec<PathBuf>,
    /// 受領証を照らし合わせる、送信済みのメールのファイル / the message as sent, to hold a receipt against
    #[arg(long, value_name = "FILE")]
    original: Option<PathBuf>,
    /// ゲートウェイの証跡と報告の発行元（PEM）。設定 `evidence_authority_file` の代わり / authority of the gateway's evidence and
    /// reports, instead of that of the settings
    #[arg(long, value_name = "FILE")]
    evidence_authority: Option<PathBuf>,
    /// タイムスタンプ局の発行元（PEM）。日時についてだけ信頼します。設定 `stamp_authority_file` の代わり / authorities of time stamps, believed
    /// about time alone, instead of that setting
    #[arg(long, value_name = "FILE")]
    stamp_authority: Option<PathBuf>,
    /// --key のパスワードを 1 行に一つずつ書いたファイル / file with the passwords of --key, one a line
    #[arg(long, value_name = "FILE", requires = "key")]
    key_password_file: Option<PathBuf>,
}

impl Verify {
    /// `place` is where the settings are, and whether somebody said so: only then must they be there.
    pub(super) fn run(
        &self,
        (place, named): (&Path, bool),
        screen: &mut Screen<'_>,
        clock: fn() -> Timestamp,
    ) -> Result<Exit, Trouble> {
        screen.one_object();
        let input = read_input(&self.file)?;
        let settings = match Settings::load(place) {
            Err(Trouble::NoSettings(_)) if !named => None,
            settings => Some(settings?),
        };
        let original = self.original.as_deref().map(read).transpose()?.map(|Private(octets)| octets);
        let message = match input {
            Input::Message(message) => message,
            proof => return self.proof(&proof, settings, original.as_deref(), (screen, clock)),
        };
        if is_the_gateways_letter(&message.0) {
            return self.letter(&message.0, settings.as_ref(), original.as_deref(), (screen, clock));
        }
        let trust = self.trust(settings.as_ref())?;
        let sealed = is_sealed(&message.0) || original.as_deref().is_some_and(is_sealed);
        let keys = if sealed { self.keys(settings.as_ref())? } else { Vec::new() };
        let stampers = self.stampers(settings.as_ref())?;
        let judge = Judge {
            trust: &trust,
            stampers: stampers.as_ref(),
            keys: &keys,
            domain: settings.as_ref().and_then(|settings| settings.domain.as_ref()),
            original: original.as_deref(),
            at: self.at.unwrap_or_else(clock),
        };
        let report = verify(&message.0, &judge);
        let words = if self.at.is_some() { AS_SAID } else { NOW };
        tell(&report, Some((judge.at, words)), screen)?;
        Ok(if report.holds() { Exit::OK } else { Exit::NO_PROOF })
    }

    /// What is no message is judged as of its own time.
    fn proof(
        &self,
        input: &Input,
        settings: Option<Settings>,
        original: Option<&[u8]>,
        (screen, clock): (&mut Screen<'_>, fn() -> Timestamp),
    ) -> Result<Exit, Trouble> {
        let offices = self.offices(settings.as_ref())?;
        // Our own copy of what was sent opens with our own key (Profile §4.6).
        let keys = if original.is_some_and(is_sealed) { self.keys(settings.as_ref())? } else { Vec::new() };
        let (gateway, stampers) = (self.gateway(settings.as_ref())?, self.stampers(settings.as_ref())?);
        let by = Vouchers { gateway: &gateway, offices: offices.as_ref(), stampers: stampers.as_ref() };
        let report = match input {
            Input::Proof(proof) => verify_proof(proof, by, (original, &keys), clock()).0,
            Input::Continuation(proof) => verify_continuation(proof, &gateway),
            Input::Message(_) => return Err(Trouble::NobodyTrusted),
        };
        tell(&report, None, screen)?;
        Ok(if report.holds() { Exit::OK } else { Exit::NO_PROOF })
    }

    /// What the gateway wrote is judged by whom it is believed under (Profile §8.16), and needs no authority of offices.
    fn letter(
        &self,
        message: &[u8],
        settings: Option<&Settings>,
        original: Option<&[u8]>,
        (screen, clock): (&mut Screen<'_>, fn() -> Timestamp),
    ) -> Result<Exit, Trouble> {
        let offices = self.offices(settings)?;
        let named = match self.gateway(settings) {
            Err(Trouble::NoGatewayTrusted) => None,
            named => Some(named?),
        };
        // Those that are named for everything vouch for the gateway as well, if it stands below them.
        let also = || offices.clone().filter(|_| !self.trust.is_empty()).map(Witnesses::from);
        let Some(gateway) = named.clone().or_else(also) else {
            return Err(Trouble::NoGatewayTrusted);
        };
        let keys = if original.is_some_and(is_sealed) { self.keys(settings)? } else { Vec::new() };
        let stampers = self.stampers(settings)?;
        let judge = LetterJudge {
            by: Vouchers { gateway: &gateway, offices: offices.as_ref(), stampers: stampers.as_ref() },
            domain: settings.and_then(|settings| settings.domain.as_ref()),
            original: (original, &keys),
            at: self.at,
            now: clock(),
        };
        let report = verify_letter(message, &judge);
        if named.is_none() && report.is_of_nobody_known() {
            return Err(Trouble::NoGatewayTrusted);
        }
        tell(&report, self.at.map(|at| (at, AS_SAID)), screen)?;
        Ok(if report.holds() { Exit::OK } else { Exit::NO_PROOF })
    }

    /// Whom to believe of what the gateway signed.
    fn gateway(&self, settings: Option<&Settings>) -> Result<Witnesses, Trouble> {
        let none = Settings::default();
        match settings.unwrap_or(&none).evidence_trust(self.evidence_authority.as_deref()) {
            Err(Trouble::SettingMissing(_)) => Err(Trouble::NoGatewayTrusted),
            trust => trust,
        }
    }

    /// Whom to believe about time, if somebody said so.
    fn stampers(&self, settings: Option<&Settings>) -> Result<Option<Stampers>, Trouble> {
        let none = Settings::default();
        let settings = settings.unwrap_or(&none);
        let lists = if self.crl.is_empty() { &settings.revocation_files } else { &self.crl };
        settings.stampers(self.stamp_authority.as_deref(), lists)
    }

    /// Whom to believe of offices, if somebody said so.
    fn offices(&self, settings: Option<&Settings>) -> Result<Option<Trust>, Trouble> {
        match self.trust(settings) {
            Err(Trouble::NobodyTrusted) => Ok(None),
            trust => trust.map(Some),
        }
    }

    fn trust(&self, settings: Option<&Settings>) -> Result<Trust, Trouble> {
        let none = Settings::default();
        let settings = settings.unwrap_or(&none);
        let (authorities, lists) = if self.trust.is_empty() {
            (settings.authorities(), settings.revocation_files.as_slice())
        } else {
            (settings.authorities_in(&self.trust)?, [].as_slice())
        };
        if authorities.is_empty() {
            return Err(Trouble::NobodyTrusted);
        }
        let lists = if self.crl.is_empty() { lists } else { &self.crl };
        // Where nothing tells what an authority revoked, the layer says so.
        settings.trust_in(&authorities, (lists, self.stamp_authority.as_deref()), WithoutList::Refuse)
    }

    fn keys(&self, settings: Option<&Settings>) -> Result<Vec<Identity>, Trouble> {
        match settings {
            _ if !self.key.is_empty() => Settings::keys_in(&self.key, self.key_password_file.as_deref()),
            Some(settings) if settings.names_a_key() => settings.reading_keys(),
            _ => Ok(Vec::new()),
        }
    }
}

/// What the moment is as of which all is judged.
const AS_SAID: (&str, &str) = ("--at の指定", "as --at says");
const NOW: (&str, &str) = ("いま", "now");

/// Shows what was found. Without a moment each thing is judged as of its own.
pub(super) fn tell(
    report: &Report,
    at: Option<(Timestamp, (&str, &str))>,
    screen: &mut Screen<'_>,
) -> Result<(), Trouble> {
    let (lang, judged) = (screen.lang(), at.map(|(at, _)| at));
    if screen.is_text() {
        let form = report.form.name(lang);
        let as_of = at.map(|(at, (ja, en))| (moment(at), lang.pick(ja, en)));
        let head = match (lang, as_of) {
            (Lang::Ja, Some((at, words))) => format!("形: {form}\n判定の日時: {at}（{words}）"),
            (Lang::En, Some((at, words))) => format!("Form: {form}\nJudged as of: {at} Japan time ({words})"),
            (Lang::Ja, None) => format!("形: {form}\n判定の日時: それぞれの出来事の日時"),
            (Lang::En, None) => format!("Form: {form}\nJudged as of: the time of each event"),
        };
        let layers: Vec<String> = report.layers.iter().map(|layer| text(layer, lang)).collect();
        screen.text(&format!("{head}\n{}\n{}", layers.join("\n"), report.summary(lang)))?;
        return Ok(());
    }
    let mut whole = Map::new();
    whole.insert("v".into(), json!(1));
    whole.extend(summary(report, judged));
    whole.insert("layers".into(), report.layers.iter().map(|layer| Value::Object(object(layer, lang))).collect());
    if screen.whole(&whole)? {
        return Ok(());
    }
    for layer in &report.layers {
        let mut line = object(layer, lang);
        line.insert("record".into(), json!("layer"));
        screen.data(&line, |_| String::new())?;
    }
    let mut last = summary(report, judged);
    last.insert("record".into(), json!("summary"));
    screen.data(&last, |_| String::new())?;
    screen.say(&report.summary(lang));
    Ok(())
}

/// A moment as people write it, in Japan's time, or with its own offset.
fn at(text: &str) -> Result<Timestamp, String> {
    let here = || JAPAN.to_timestamp(text.parse::<DateTime>().ok()?).ok();
    text.parse().ok().or_else(here).ok_or_else(|| "例 / as in: \"2026-11-20 09:15\"".into())
}

fn summary(report: &Report, at: Option<Timestamp>) -> Map<String, Value> {
    let members = [
        ("form", json!(report.form.id())),
        ("judged_at", json!(at)),
        ("holds", json!(report.holds())),
        ("unseen", json!(report.unseen())),
    ];
    members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

fn object(layer: &Layer, lang: Lang) -> Map<String, Value> {
    let words = layer.words(lang);
    let why = if let State::Unseen(why) = layer.state { Some(why.id()) } else { None };
    let facts: Map<String, Value> = layer.facts.iter().map(|fact| (fact.key.to_owned(), fact.value.clone())).collect();
    let members = [
        ("layer", json!(layer.what.id())),
        ("state", json!(layer.state_id())),
        ("code", json!(words.code)),
        ("why", json!(why)),
        ("sentence", json!(words.what)),
        ("next", json!(words.next)),
        ("facts", Value::Object(facts)),
    ];
    members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

/// `○ 外側の署名: …`, with its facts below. Programs are told of each fact, people of those that say something.
fn text(layer: &Layer, lang: Lang) -> String {
    let mark = match layer.state {
        State::Holds => "○",
        State::Fails(_) => "×",
        State::Unseen(_) => "－",
    };
    let head = format!("{mark} {}: {}", layer.what.name(lang), harmless(layer.words(lang).line(lang).trim_end()));
    let facts = layer.facts.iter().filter(|fact| !fact.value.is_null()).map(|fact| {
        let label = lang.pick(fact.label.0, fact.label.1);
        let shown = fact.shown(lang);
        let lines: Vec<_> = shown.lines().map(harmless).collect();
        format!("    {label}: {}", lines.join("\n      "))
    });
    std::iter::once(head).chain(facts).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::{Fact, Form, What};

    /// Profile §4.9; the README tells it whoever writes a program.
    #[test]
    fn what_programs_read_is_told() {
        let layer = Layer { what: What::LogHead, state: State::Holds, facts: Vec::new() };
        let report = Report { form: Form::Proof, layers: vec![layer] };
        let layer = object(&report.layers[0], Lang::En);
        for text in [include_str!("../../../../README.md"), include_str!("../../../../conformance/profile.md")] {
            let told = text.split("\n\n").find(|told| told.contains("`unseen` (how many layers")).unwrap();
            for key in
                summary(&report, None).keys().chain(layer.keys()).map(String::as_str).chain(["v", "layers", "record"])
            {
                assert!(told.contains(&format!("`{key}`")), "{key}: {told}");
            }
        }
        assert_eq!(layer["layer"], "log-head");
    }

    #[test]
    fn people_read_no_fact_that_says_nothing() {
        let facts = vec![
            Fact::moment("stamped", "押した日時", "stamped", None),
            Fact::text("to", "宛先", "To", Some("9970000029".into())),
        ];
        let layer = Layer { what: What::Evidence, state: State::Holds, facts };
        assert_eq!(text(&layer, Lang::Ja).lines().skip(1).collect::<Vec<_>>(), ["    宛先: 9970000029"]);
        assert!(object(&layer, Lang::Ja)["facts"]["stamped"].is_null(), "programs are told");
    }

    #[test]
    fn a_moment_is_japan_s_unless_it_says_otherwise() {
        let noon: Timestamp = "2026-11-20T00:15:00Z".parse().unwrap();
        for text in ["2026-11-20 09:15", "2026-11-20T09:15:00", "2026-11-20T00:15:00Z", "2026-11-20T09:15:00+09:00"] {
            assert_eq!(at(text), Ok(noon), "{text}");
        }
        assert_eq!(at("2026-11-20"), Ok("2026-11-19T15:00:00Z".parse().unwrap()));
        assert!(at("きのう").unwrap_err().contains("09:15"));
    }
}
