//! One client: it believes what it is told, and says when that cannot be.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::random::Random;

use super::Shared;
use super::answer::{Answer, Code, Node, members};
use super::facts::Folder;
use super::letter::pick;
use super::mirror::Mirror;
use super::wire::{Piece, Wire};

/// What may not be, in a sentence.
pub(super) type Checked<T> = Result<T, String>;

/// A command, and what may come of it.
#[derive(Clone, Debug)]
pub(super) struct Order {
    /// What it is counted as.
    pub(super) name: &'static str,
    pub(super) pieces: Vec<Piece>,
    /// EXPUNGE may be told while it runs (RFC 3501 §7.4.1, RFC 9051 §7.5.1).
    pub(super) renumbers: bool,
    /// Untagged responses that are its answer.
    pub(super) data: &'static [&'static str],
    /// It may be refused, because what it is about may be gone.
    pub(super) refusable: bool,
    /// From now on MODSEQs are told (RFC 7162 §3.1).
    pub(super) condstore: bool,
}

/// A message number as it was then, its UID, and the items told.
pub(super) type Fetched = (usize, Option<u32>, Vec<(String, Node)>);

/// What came of it.
#[derive(Debug, Default)]
pub(super) struct Heard {
    pub(super) ok: bool,
    /// The tagged response's code.
    pub(super) code: Option<Code>,
    /// Codes of untagged responses.
    pub(super) codes: Vec<Code>,
    pub(super) fetched: Vec<Fetched>,
    pub(super) data: Vec<(String, Vec<Node>)>,
    /// UIDs that vanished while the client was away.
    pub(super) earlier: Vec<u32>,
}

impl Order {
    pub(super) fn new(name: &'static str, text: impl Into<String>) -> Self {
        Self {
            name,
            pieces: vec![Piece::Text(text.into())],
            renumbers: true,
            data: &[],
            refusable: false,
            condstore: false,
        }
    }

    /// A FETCH, STORE, SEARCH, SORT or THREAD; by UID it may renumber.
    pub(super) fn addressing(self, by_uid: bool) -> Self {
        Self { renumbers: by_uid, ..self }
    }

    pub(super) fn answered(self, data: &'static [&'static str]) -> Self {
        Self { data, ..self }
    }

    pub(super) fn refusable(self) -> Self {
        Self { refusable: true, ..self }
    }

    pub(super) fn condstore(self, condstore: bool) -> Self {
        Self { condstore, ..self }
    }

    pub(super) fn with(mut self, octets: Vec<u8>, text: &str) -> Self {
        self.pieces.push(Piece::Literal(octets));
        self.pieces.push(Piece::Text(text.to_owned()));
        self
    }
}

impl Heard {
    /// The one answer of this name.
    pub(super) fn only(&self, names: &[&str]) -> Checked<(&str, &[Node])> {
        let mut answers = self.data.iter().filter(|(name, _)| names.contains(&name.as_str()));
        match (answers.next(), answers.next()) {
            (Some((name, nodes)), None) => Ok((name, nodes)),
            _ => Err(format!("not one {}", names.join(" or "))),
        }
    }
}

/// When a client hears of its open folder (RFC 5465).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Told {
    /// While a command runs.
    #[default]
    WithCommands,
    /// At any time, but of removals only where numbers may change.
    AtAnyTime,
    /// At any time, of removals too.
    RemovalsToo,
}

/// What a session was asked to be.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Mode {
    pub(super) condstore: bool,
    pub(super) qresync: bool,
    pub(super) told: Told,
}

impl Mode {
    /// May news come between commands?
    pub(super) fn is_pushed(self) -> bool {
        self.told != Told::WithCommands
    }

    /// May numbers change at any time?
    pub(super) fn is_notified(self) -> bool {
        self.told == Told::RemovalsToo
    }
}

/// A client.
pub(super) struct Client {
    pub(super) number: usize,
    pub(super) shared: Arc<Shared>,
    pub(super) random: Random,
    pub(super) wire: Wire,
    pub(super) mode: Mode,
    pub(super) mirror: Option<Mirror>,
    /// A folder that is being opened.
    pub(super) opening: Option<Mirror>,
    /// How often it was told that something is gone: in all, and before its last command that may be refused.
    pub(super) removals: u64,
    pub(super) before: u64,
    pub(super) letters: u64,
    /// What the commands that are under way may be answered with.
    pipelined: Vec<&'static str>,
}

impl Client {
    /// Connects and logs in.
    pub(super) fn open(number: usize, shared: Arc<Shared>, random: Random) -> Checked<Self> {
        let wire = Wire::open(&shared.target)?;
        Ok(Self {
            number,
            shared,
            random,
            wire,
            mode: Mode::default(),
            mirror: None,
            opening: None,
            removals: 0,
            before: 0,
            letters: 0,
            pipelined: Vec::new(),
        })
    }

    pub(super) fn below(&mut self, end: usize) -> usize {
        pick(&mut self.random, end)
    }

    pub(super) fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[pick(&mut self.random, of.len())]
    }

    pub(super) fn can(&self, name: &str) -> bool {
        self.wire.can(name)
    }

    /// The open folder, for what all clients know together.
    pub(super) fn folder(&self) -> Option<Folder> {
        self.mirror.as_ref().map(|mirror| (mirror.name.clone(), mirror.validity))
    }

    pub(super) fn count(&self) -> usize {
        self.mirror.as_ref().map_or(0, Mirror::len)
    }

    /// One command, to its end.
    pub(super) fn order(&mut self, order: Order) -> Checked<Heard> {
        let mut all = self.orders(vec![order])?;
        all.pop().ok_or_else(|| "no answer".to_owned())
    }

    /// Commands that go out together; only the last may have literals.
    pub(super) fn orders(&mut self, orders: Vec<Order>) -> Checked<Vec<Heard>> {
        let mut sent = Vec::new();
        let mut heard = Heard::default();
        let mut early = None;
        // A server may work on several of them at once.
        self.pipelined = orders.iter().flat_map(|order| order.data).copied().collect();
        if orders.iter().any(|order| order.refusable) {
            self.before = self.removals;
        }
        for order in orders {
            let tag = self.wire.tag();
            early = self.send(&tag, &order, &mut heard)?;
            sent.push((tag, order));
        }
        let mut all = Vec::new();
        while let Some((_, first)) = sent.first() {
            // Where news may come between commands they may be older than this one.
            self.mode.condstore |= first.condstore && !self.mode.is_pushed();
            let end = match early.take() {
                Some(end) => end,
                None => self.listen(&first.clone(), &mut heard)?,
            };
            // RFC 3501 §5.5: commands that do not come in each other's way may end in another order.
            let Answer::Tagged { tag: told, .. } = &end else { return Err("no end".into()) };
            let Some(place) = sent.iter().position(|(tag, _)| tag == told) else {
                return Err(format!("{told} is answered, and is not under way"));
            };
            let (_, order) = sent.remove(place);
            self.end(&order, end, &mut heard)?;
            all.push(std::mem::take(&mut heard));
        }
        Ok(all)
    }

    /// Sends a command. Its end, if it ended before its literals.
    fn send(&mut self, tag: &str, order: &Order, heard: &mut Heard) -> Checked<Option<Answer>> {
        self.shared.counts.lock().map_err(|_| "a client panicked")?.entry(order.name).or_default().asked += 1;
        let mut text = format!("{tag} ");
        for piece in &order.pieces {
            let octets = match piece {
                Piece::Text(more) => {
                    text.push_str(more);
                    continue;
                }
                Piece::Literal(octets) => octets,
            };
            let waits = !(self.can("LITERAL+") && self.random.below(2) == 0);
            let line = format!("{text}{{{}{}}}\r\n", octets.len(), if waits { "" } else { "+" });
            text.clear();
            self.wire.say(&line)?;
            if waits && let Some(end) = self.go_on(order, heard)? {
                return Ok(Some(end));
            }
            self.wire.octets(octets)?;
        }
        self.wire.say(&format!("{text}\r\n"))?;
        Ok(None)
    }

    /// Waits until the server wants more. The command's end, if it does not.
    fn go_on(&mut self, order: &Order, heard: &mut Heard) -> Checked<Option<Answer>> {
        loop {
            match self.step(order, heard)? {
                Some(Answer::More) => return Ok(None),
                Some(end) => return Ok(Some(end)),
                None => {}
            }
        }
    }

    fn listen(&mut self, order: &Order, heard: &mut Heard) -> Checked<Answer> {
        loop {
            match self.step(order, heard)? {
                Some(Answer::More) => return Err("it asks for more where nothing more is to come".into()),
                Some(end) => return Ok(end),
                None => {}
            }
        }
    }

    /// The end of a command is an OK, unless there is a reason.
    fn end(&mut self, order: &Order, end: Answer, heard: &mut Heard) -> Checked<()> {
        let Answer::Tagged { word, code, .. } = end else { return Err("no end".into()) };
        self.mode.condstore |= order.condstore;
        heard.ok = word == "OK";
        if !heard.ok && (word == "BAD" || !order.refusable) {
            return Err(format!("{} {:?} is answered {word}", order.name, order.pieces));
        }
        let mut counts = self.shared.counts.lock().map_err(|_| "a client panicked")?;
        let count = counts.entry(order.name).or_default();
        count.refused += u64::from(!heard.ok);
        drop(counts);
        if let Some(code) = &code {
            self.heed(code)?;
        }
        if let Some(mirror) = &mut self.mirror {
            mirror.settle();
        }
        heard.code = code;
        Ok(())
    }

    /// The next response while this command runs. `None`: it was untagged, and is taken in.
    pub(super) fn step(&mut self, order: &Order, heard: &mut Heard) -> Checked<Option<Answer>> {
        let answer = self.wire.hear()?;
        let renumbers = order.renumbers || self.mode.is_notified();
        match answer {
            Answer::Tagged { .. } | Answer::More => return Ok(Some(answer)),
            Answer::Status { word, code } => {
                // RFC 5819 §2: a folder whose STATUS cannot be told, as it went meanwhile.
                let is_excused = word == "NO" && order.name == "LIST" || word == "BYE" && order.name == "LOGOUT";
                if word != "OK" && !is_excused {
                    return Err(format!("an untagged {word} at {}", order.name));
                }
                if let Some(code) = code {
                    self.heed(&code)?;
                    heard.codes.push(code);
                }
            }
            Answer::Exists(count) => self.open_folder()?.exists(count)?,
            Answer::Recent => {}
            Answer::Expunge(_) if !renumbers => return Err(format!("EXPUNGE while {} runs", order.name)),
            Answer::Expunge(number) => {
                if self.mode.qresync {
                    return Err("EXPUNGE in place of VANISHED (RFC 7162 §3.2.10)".into());
                }
                let gone = self.open_folder()?.expunge(number)?;
                self.removals += 1;
                self.gone(gone.into_iter())?;
            }
            Answer::Vanished { earlier: true, uids } => {
                heard.earlier.extend(&uids);
                self.gone(uids.into_iter())?;
            }
            Answer::Vanished { .. } if !renumbers => return Err(format!("VANISHED while {} runs", order.name)),
            Answer::Vanished { uids, .. } => {
                if !self.mode.qresync {
                    return Err("VANISHED, and QRESYNC is not enabled".into());
                }
                self.open_folder()?.vanished(&uids)?;
                self.removals += 1;
                self.gone(uids.into_iter())?;
            }
            Answer::Fetch(number, items) => self.fetched(order, number, items, heard)?,
            Answer::Data(name, nodes) => {
                let always = ["FLAGS", "CAPABILITY"].contains(&name.as_str());
                if !always && !order.data.contains(&name.as_str()) && !self.pipelined.contains(&name.as_str()) {
                    return Err(format!("{name} at {}", order.name));
                }
                heard.data.push((name, nodes));
            }
        }
        Ok(None)
    }

    fn fetched(&mut self, order: &Order, number: usize, items: Vec<(String, Node)>, heard: &mut Heard) -> Checked<()> {
        let has = |name: &str| items.iter().any(|(other, _)| other == name);
        // RFC 7162 §3.2.4: of flags that changed, the MODSEQ is told too; with QRESYNC the UID as well. What NOTIFY tells of new
        // messages a client has named itself (RFC 5465 §5.2).
        if order.name != "FETCH" && !self.mode.is_pushed() && has("FLAGS") && self.mode.condstore && !has("MODSEQ") {
            return Err("flags without their MODSEQ".into());
        }
        if order.name != "FETCH" && self.mode.qresync && !has("UID") {
            return Err("a FETCH nobody asked for, without its UID (RFC 7162 §3.2.4)".into());
        }
        let uid = self.open_folder()?.fetch(number, &items)?;
        if let (Some(uid), Some(folder)) = (uid, self.folder()) {
            self.shared.facts()?.learn(&folder, uid, &items)?;
        }
        heard.fetched.push((number, uid, items));
        Ok(())
    }

    fn open_folder(&mut self) -> Checked<&mut Mirror> {
        self.mirror.as_mut().ok_or_else(|| "news of a folder where none is open".to_owned())
    }

    fn gone(&mut self, uids: impl Iterator<Item = u32>) -> Checked<()> {
        let Some(folder) = self.folder() else { return Ok(()) };
        let mut facts = self.shared.facts()?;
        uids.for_each(|uid| facts.is_gone(&folder, uid));
        Ok(())
    }

    /// Codes that tell of the open folder.
    fn heed(&mut self, code: &Code) -> Checked<()> {
        if code.name == "CLOSED" {
            if let Some(opening) = self.opening.take() {
                self.mirror = Some(opening);
            }
            return Ok(());
        }
        let number = || code.rest.parse::<u64>().map_err(|_| format!("{} without a number", code.name));
        let small = || u32::try_from(number()?).map_err(|_| format!("{} past all numbers", code.name));
        let Some(mirror) = &mut self.mirror else { return Ok(()) };
        match code.name.as_str() {
            "UIDVALIDITY" => mirror.validity = small()?,
            "UIDNEXT" => mirror.uid_next = small()?,
            "HIGHESTMODSEQ" => mirror.is_highest(number()?)?,
            _ => {}
        }
        Ok(())
    }

    /// RFC 4315 §3: what a copy is called is told, and is true.
    pub(super) fn copied(&mut self, heard: &Heard, to: &str) -> Checked<Option<BTreeSet<u32>>> {
        let Some(from) = self.folder() else { return Ok(None) };
        let codes = heard.codes.iter().chain(&heard.code);
        let Some(code) = codes.into_iter().find(|code| code.name == "COPYUID") else { return Ok(None) };
        let words: Vec<&str> = code.rest.split(' ').collect();
        let [validity, sources, copies] = words[..] else { return Err("a COPYUID of three words".into()) };
        let to = (to.to_owned(), validity.parse().map_err(|_| "a UIDVALIDITY that is no number")?);
        let (sources, copies) = (members(sources)?, members(copies)?);
        if sources.len() != copies.len() {
            return Err("COPYUID names more of one than of the other".into());
        }
        let mut facts = self.shared.facts()?;
        for (source, copy) in sources.iter().zip(&copies) {
            facts.copied((&from, *source), (&to, *copy))?;
        }
        drop(facts);
        Ok(Some(sources.into_iter().collect()))
    }
}
