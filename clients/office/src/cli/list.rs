//! `fumibako list inbox|sent`: what arrived, what was sent and how far it came. Exit 0. 65: something that waited to be sent is damaged (not with `--office`: nobody can say whose it is).

mod ended;
mod missing;

use clap::{Args, ValueEnum};
use fumibako_careplan::Lang;
use fumibako_model::{Address, BundleFacts, Fault, OfficeNumber, State};
use jiff::Timestamp;
use mail_parser::MessageParser;
use serde_json::json;

use super::by::on_behalf;
use super::screen::{Screen, bytes, moment};
use super::table::table;
use super::which;
use crate::bundle::open::{agent_of, announced_in};
use crate::exit::Exit;
use crate::lost::{self, Lost, Missing, Side};
use crate::mailbox::{Folder, Kept, Mailbox, Place};
use crate::nights::whole_days;
use crate::outbox::{self, Entry, Fate};
use crate::settings::Settings;
use crate::trouble::{Trouble, Words};
use crate::wait;

const ROWS: &str = "\
「破損」の行は、送られる前に壊れたデータです。送り直してから、備考にあるファイル（data/outbox の *.eml または *.eml.unreadable）を消してください。\
それまで list sent は 65 で終わります。どの事業所の分か分からないので、--office を付けたときは表示だけします。
A damaged row was spoilt before it was sent. Send it again, then delete the file that its note names (*.eml or *.eml.unreadable in \
data/outbox); until then list sent ends with 65. Nobody can say whose it is, so with --office it is only shown.

「記録なし」（progress は missing）の行は、ゲートウェイが受け付けたのに記録がなくなった送信です（控えから復元されたときなど）。\
相手先に届いたか確かめ、届いていなければもう一度送ってください。
Of a row without a record (progress: missing) the gateway answered for the data and has lost them, as after it was restored from a \
backup. Ask the other side whether they came; if not, send them again.";

#[derive(Debug, Args)]
#[command(after_help = ROWS)]
pub(super) struct List {
    /// どちらの一覧か / which list
    #[arg(value_enum)]
    which: Which,
    /// この事業所の分だけ（代行業者） / of this office only, for an agent
    #[arg(long)]
    office: Option<OfficeNumber>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Which {
    /// 受信一覧
    Inbox,
    /// 送信一覧
    Sent,
}

impl Which {
    fn side(self) -> Side {
        match self {
            Self::Inbox => Side::Inbox,
            Self::Sent => Side::Sent,
        }
    }
}

/// One line of a list.
struct Line {
    /// Whose list, where an agent looks.
    office: Option<OfficeNumber>,
    uid: Option<u32>,
    at: Timestamp,
    party: String,
    /// The agent that acted for the sending office.
    by: Option<String>,
    facts: Option<BundleFacts>,
    message_id: String,
    state: &'static str,
    word: &'static str,
    note: String,
    /// Until when the gateway keeps it, as the gateway says.
    until: Option<Timestamp>,
    /// Why it could not be opened there.
    fault: Option<Fault>,
}

impl List {
    pub(super) fn run(
        &self,
        settings: &Settings,
        screen: &mut Screen<'_>,
        clock: fn() -> Timestamp,
    ) -> Result<Exit, Trouble> {
        let lang = screen.lang();
        let (folder, local) = match self.which {
            Which::Inbox => (Folder::Inbox, Vec::new()),
            Which::Sent => (Folder::Sent, outbox::look(&settings.data_folder)?),
        };
        let (found, stopped) = match wait(read(settings, (self.which, folder), (self.office, &local), clock())) {
            Ok(found) => (found, None),
            // What waits here is worth seeing most when the gateway cannot be reached.
            Err(trouble) if self.which == Which::Sent => (<_>::default(), Some(trouble)),
            Err(trouble) => return Err(trouble),
        };
        let Found { kept, ended, missing } = found;
        let mut lines: Vec<Line> = kept
            .iter()
            .filter_map(|(place, kept)| line_of((*place, kept), (self.which, clock()), &local, lang))
            .collect();
        lines.extend(ended.into_iter().map(|one| ended::line(one, self.which.side(), &local, lang)));
        lines.extend(missing.into_iter().map(|one| missing::line(one, lang)));
        let ours = |entry: &&Entry| {
            self.office.is_none_or(|office| entry.from().and_then(|from| from.office_number()) == Some(office))
        };
        let here = local.iter().filter(|entry| entry.bundle.is_some() && !matches!(entry.fate, Fate::Posted { .. }));
        let here = here.filter(ours);
        lines.extend(here.map(|entry| local_line(entry, lang)));
        let spoilt = if self.which == Which::Sent { outbox::spoilt(&settings.data_folder)? } else { Vec::new() };
        lines.extend(spoilt.iter().map(|one| spoilt_line(one, lang)));
        lines.sort_by_key(|line| line.at);
        // Without an answer of the gateway nothing is known of what it keeps, so nothing is said of it.
        if stopped.is_none() || !lines.is_empty() {
            self.tell(&lines, screen)?;
        }
        stopped.map_or_else(|| Ok(self.exit(&spoilt)), Err)
    }

    /// Nobody can say whose a damaged file is, so it is told, and decides nothing about one office.
    fn exit(&self, spoilt: &[(Timestamp, Trouble)]) -> Exit {
        spoilt.first().filter(|_| self.office.is_none()).map_or(Exit::OK, |(_, why)| why.exit())
    }

    fn tell(&self, lines: &[Line], screen: &mut Screen<'_>) -> Result<(), Trouble> {
        if screen.is_text() {
            if lines.is_empty() {
                screen.say(screen.pick("データはありません。", "There is nothing."));
                return Ok(());
            }
            let lang = screen.lang();
            let rows: Vec<Vec<String>> =
                lines.iter().map(|line| line.cells(self.which == Which::Inbox, lang)).collect();
            return Ok(screen.text(&table(&self.headings(lang), &rows))?);
        }
        for line in lines {
            screen.data(&line.object(self.which), |_| String::new())?;
        }
        Ok(())
    }

    fn headings(&self, lang: Lang) -> [&'static str; 8] {
        match (self.which, lang) {
            (Which::Inbox, Lang::Ja) => ["番号", "受信日時", "送信元", "データ", "年月", "ファイル", "状態", "備考"],
            (Which::Inbox, Lang::En) => ["UID", "arrived", "from", "data", "month", "files", "state", "note"],
            (Which::Sent, Lang::Ja) => {
                ["番号", "送信日時", "送信先", "データ", "年月", "ファイル", "状態", "受付・備考"]
            }
            (Which::Sent, Lang::En) => ["UID", "sent", "to", "data", "month", "files", "state", "evidence, note"],
        }
    }
}

/// What the gateway tells.
#[derive(Default)]
struct Found {
    /// What lies in the folder.
    kept: Vec<(Option<OfficeNumber>, Kept)>,
    /// What expired lately.
    ended: Vec<Lost>,
    /// What went from here, and of which it has no record.
    missing: Vec<Missing>,
}

async fn read(
    settings: &Settings,
    (which, folder): (Which, Folder),
    (only, local): (Option<OfficeNumber>, &[Entry]),
    now: Timestamp,
) -> Result<Found, Trouble> {
    let mut mailbox = Mailbox::open(settings).await?;
    let mut all = Vec::new();
    for place in mailbox.places(&settings.party()?, folder).await? {
        if place.office.is_some() && only.is_some() && place.office != only {
            continue;
        }
        mailbox.select(place).await?;
        let uids = mailbox.search("ALL").await?;
        all.extend(mailbox.headers(&uids).await?.into_iter().map(|kept| (place.office, kept)));
    }
    let (side, since) = (which.side(), ended::Since { local, there: &all });
    let at = lost::At { settings, only, local, now };
    let (open, mut asked) = (|letter: &lost::Letter| since.tells(side, letter), lost::Asked::default());
    let mut ended = lost::look(&mut mailbox, at, side, &mut asked, &open).await?;
    ended.retain(|lost| !lost.late);
    let mut missing = Vec::new();
    if side == Side::Sent {
        let there = all.iter().filter_map(|(office, kept)| Some((*office, message_id(kept)?))).collect();
        let open = |office: Option<OfficeNumber>, entry: &Entry| !since.went_again(office, entry);
        missing = lost::missing(&mut mailbox, at, &there, &mut asked, &open).await?;
    }
    mailbox.close().await;
    Ok(Found { kept: all, ended, missing })
}

fn message_id(kept: &Kept) -> Option<String> {
    MessageParser::default().parse_headers(&kept.octets.0)?.message_id().map(str::to_owned)
}

/// None: not a bundle, such as a receipt of ours in Sent.
fn line_of(
    (office, kept): (Option<OfficeNumber>, &Kept),
    (which, now): (Which, Timestamp),
    local: &[Entry],
    lang: Lang,
) -> Option<Line> {
    let message = MessageParser::default().parse_headers(&kept.octets.0)?;
    let facts = announced_in(&message);
    let list = if which == Which::Inbox { message.from() } else { message.to() };
    let address = list.and_then(|list| list.first()).and_then(|one| one.address()).unwrap_or_default();
    let party = address.parse::<Address>().ok().and_then(|address| address.office_number());
    let message_id = message.message_id().unwrap_or_default().to_owned();
    let fault = kept.fault().filter(|_| which == Which::Sent);
    let (state, word) = match (which, kept.state(), kept.is_acknowledged()) {
        (Which::Sent, ..) if fault.is_some() => ("failed", lang.pick("開封できず", "not opened")),
        (Which::Inbox, _, true) => ("acknowledged", "済"),
        (Which::Inbox, _, false) => ("new", "未"),
        (Which::Sent, Some(state), _) => (state_name(state), state.word()),
        (Which::Sent, None, _) if facts.is_none() => return None,
        (Which::Sent, None, _) => ("unknown", "未"),
    };
    let ours = local.iter().filter(|_| which == Which::Sent);
    let evidence = ours.filter(|entry| entry.is(&message_id, party)).find_map(Entry::evidence);
    let mut notes: Vec<String> = evidence.map(|id| id.to_string()).into_iter().collect();
    if notes.is_empty() && facts.is_none() {
        notes.push(lang.pick("他のメールソフトから", "from another mail tool").into());
    }
    notes.extend(fault.map(|fault| format!("{}{}", fault.sentence(lang), fault.next(lang))));
    let by = agent_of(&message);
    let party = party.map_or_else(|| "?".to_owned(), |office| office.to_string());
    let until = kept.until();
    // Who sent it is the one who must telephone, and by then.
    let waits = match which {
        Which::Inbox => !kept.is_acknowledged(),
        Which::Sent => fault.is_some() || kept.state().is_none_or(|state| state < State::HandedOver),
    };
    notes.extend(until.filter(|_| waits).map(|until| days_left(until, now, lang)));
    let (uid, at, note) = (Some(kept.uid), kept.arrived, joined(&notes, lang));
    Some(Line { office, uid, at, party, by, facts, message_id, state, word, note, until, fault })
}

/// Several notes on one line: behind a whole sentence stands no comma.
fn joined(notes: &[String], lang: Lang) -> String {
    let mut line = String::new();
    for note in notes {
        let (stop, after_a_sentence) = lang.pick(("、", ""), ("; ", " "));
        match line.chars().last() {
            None => {}
            Some('。' | '.') => line.push_str(after_a_sentence),
            Some(_) => line.push_str(stop),
        }
        line.push_str(note);
    }
    line
}

/// A bundle that never reached the gateway's list: it waits here, or was refused.
fn local_line(entry: &Entry, lang: Lang) -> Line {
    let (state, word, note) = match entry.refusal() {
        Some((refused, reference)) => {
            let words = Words::of(&refused, reference, lang);
            ("refused", lang.pick("拒否", "refused"), words.line(lang))
        }
        None => ("waiting", lang.pick("送信待ち", "waiting"), String::new()),
    };
    let party = entry.to().and_then(|to| to.office_number()).map_or_else(|| entry.to.clone(), |o| o.to_string());
    let facts = entry.facts();
    Line {
        office: entry.agent.as_ref().and(entry.from()).and_then(|from| from.office_number()),
        uid: None,
        at: entry.composed,
        party,
        by: entry.agent.clone(),
        facts,
        message_id: entry.message_id.clone(),
        state,
        word,
        note,
        until: None,
        fault: None,
    }
}

/// What nobody can say anything of, but when it was composed.
fn spoilt_line((at, why): &(Timestamp, Trouble), lang: Lang) -> Line {
    Line {
        office: None,
        uid: None,
        at: *at,
        party: "?".into(),
        by: None,
        facts: None,
        message_id: String::new(),
        state: "damaged",
        word: lang.pick("破損", "damaged"),
        note: why.words(lang).line(lang),
        until: None,
        fault: None,
    }
}

/// あと n 日.
fn days_left(until: Timestamp, now: Timestamp, lang: Lang) -> String {
    match whole_days(now, until) {
        // What is held, or kept longer than was said, stays over that moment (Profile §11.6).
        ..0 => lang.pick("保管中", "still kept").into(),
        0 => lang.pick("まもなく消去", "erased soon").into(),
        1 => lang.pick("あと 1 日", "1 day left").into(),
        many => lang.pick(format!("あと {many} 日"), format!("{many} days left")),
    }
}

fn state_name(state: State) -> &'static str {
    match state {
        State::Accepted => "accepted",
        State::Delivered => "delivered",
        State::HandedOver => "handed-over",
        State::Retrieved => "retrieved",
        State::Expired | State::Late => "expired",
    }
}

impl Line {
    fn cells(&self, inbox: bool, lang: Lang) -> Vec<String> {
        let facts = self.facts.as_ref();
        let place = Place { office: self.office, folder: if inbox { Folder::Inbox } else { Folder::Sent } };
        // Ready to be typed behind `show` or `receipt`.
        let number = self.uid.map_or_else(
            || self.office.map_or_else(|| "-".into(), |office| format!("{office}:-")),
            |uid| which::number(place, uid),
        );
        vec![
            number,
            moment(self.at),
            self.by
                .as_ref()
                .filter(|_| inbox)
                .map_or_else(|| self.party.clone(), |by| on_behalf(&self.party, by, lang)),
            facts.map_or_else(|| "-".into(), |facts| facts.kinds(lang)),
            facts.and_then(BundleFacts::year_month).unwrap_or_else(|| "-".into()),
            facts.map_or_else(|| "-".into(), |facts| format!("{} ({} B)", facts.files, bytes(facts.size))),
            self.word.into(),
            match self.by.as_ref().filter(|_| !inbox) {
                Some(by) => on_behalf(&self.note, by, lang),
                None => self.note.clone(),
            },
        ]
    }

    fn object(&self, which: Which) -> serde_json::Value {
        let facts = self.facts.as_ref();
        json!({
            "kind": "bundle", "office": self.office, "uid": self.uid, "at": self.at,
            if which == Which::Inbox { "from" } else { "to" }: self.party, "by": self.by,
            "message_id": self.message_id, "units": facts.map(|facts| &facts.units),
            "month": facts.and_then(|facts| facts.month.as_ref()), "files": facts.map(|facts| facts.files),
            "size": facts.map(|facts| facts.size), "state": self.word, "progress": self.state, "note": self.note,
            "until": self.until, "fault": self.fault,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::now;
    use crate::trouble::NotKept;

    #[test]
    fn a_damaged_file_decides_how_the_whole_list_ends_and_not_how_one_office_s_does() {
        let damaged = [(now(), Trouble::Kept("a.eml.unreadable".into(), NotKept::Message))];
        let exit = |office, spoilt| List { which: Which::Sent, office }.exit(spoilt);
        let office = "9970000011".parse().ok();
        assert!(office.is_some());
        assert_eq!(
            [exit(None, &damaged), exit(office, &damaged), exit(None, &[])],
            [Exit::BAD_FILE, Exit::OK, Exit::OK]
        );
        assert!(spoilt_line(&damaged[0], Lang::Ja).note.contains("a.eml.unreadable"), "which file to delete");
    }

    #[test]
    fn behind_a_sentence_stands_no_comma() {
        let notes = |all: &[&str], lang| joined(&all.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>(), lang);
        assert_eq!(notes(&["EV1", "開けませんでした。", "あと 2 日"], Lang::Ja), "EV1、開けませんでした。あと 2 日");
        assert_eq!(notes(&["EV1", "It did not open.", "2 days left"], Lang::En), "EV1; It did not open. 2 days left");
        assert_eq!([notes(&[], Lang::Ja), notes(&["あと 2 日"], Lang::Ja)], ["", "あと 2 日"]);
    }

    // Profile §8.19
    #[test]
    fn a_number_stands_in_the_list_as_it_is_typed() {
        let office = "9970000011".parse().ok();
        let number = |office, uid, inbox| {
            let line = Line { office, uid, ..spoilt_line(&(now(), Trouble::NoMessage("x".into())), Lang::Ja) };
            line.cells(inbox, Lang::Ja).swap_remove(0)
        };
        assert_eq!([number(None, Some(4), true), number(office, Some(4), true)], ["4", "9970000011:4"]);
        assert_eq!([number(None, Some(4), false), number(office, Some(4), false)], ["sent:4", "sent:9970000011:4"]);
        assert_eq!([number(None, None, false), number(office, None, false)], ["-", "9970000011:-"]);
    }
}
