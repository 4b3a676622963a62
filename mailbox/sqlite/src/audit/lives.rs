//! Under which bundle's number pieces belong (Profile §8.15). Two pieces that follow each other and are filed under two numbers say that one of
//! them was moved, and not which: the whole life of the bundle does, and its own row as long as it is there.

use std::collections::{BTreeMap, BTreeSet};

use fumibako_model::{Event, LogEntry, Recorded};
use fumibako_store::StoreError;
use sqlx::SqlitePool;

use super::Logged;
use crate::error::store_error;
use crate::ledger::sent_key;

/// What came of a bundle.
pub(super) const ENDS: [Event; 2] = [Event::ContentHandover, Event::ContentHandoverFailure];
/// Pieces that are followed back, and read of one number; a bundle has a handful.
const MOST: usize = 64;

/// A piece, as it was signed or is waiting to be.
pub(super) struct Piece {
    pub(super) message: i64,
    pub(super) known: Recorded,
}

impl Piece {
    fn id(&self) -> i64 {
        self.known.id.0
    }

    fn previous(&self) -> Option<i64> {
        self.known.previous.map(|id| id.0)
    }

    fn is_acceptance(&self) -> bool {
        self.known.evidence.event == Event::SubmissionAcceptance
    }

    /// Does it tell what came of its bundle?
    fn is_of_an_end(&self) -> bool {
        ENDS.contains(&self.known.evidence.event)
    }

    /// Is it about something of the same name between the same offices?
    fn is_named_as(&self, other: &Self) -> bool {
        let name = |one: &Self| (one.known.evidence.from, one.known.evidence.to, one.known.evidence.message_id.clone());
        name(self) == name(other)
    }
}

/// A piece that is filed under another number than its bundle has.
pub(super) struct Moved {
    pub(super) n: u64,
    pub(super) id: i64,
    /// Where it tells what came of a bundle: the one under whose number it stands, and its own, if that can be told.
    pub(super) ends: Vec<i64>,
}

/// The pieces about one bundle, as far as they lead to each other.
struct Life {
    pieces: BTreeMap<i64, Piece>,
    /// Pieces that others name as the one before them, and that are not there as they were.
    lost: BTreeSet<i64>,
    /// What else is filed under the same numbers.
    strangers: BTreeMap<i64, Piece>,
}

/// Who asks which pieces were moved.
pub(super) struct Lives<'l> {
    pub(super) readers: &'l SqlitePool,
    pub(super) logged: &'l Logged,
}

impl Lives<'_> {
    /// Those of a bundle's pieces, of which this is one, that are not under its number; where nobody can tell which that is, all of them.
    /// Whatever was looked at is put to `judged`.
    pub(super) async fn moved(&self, one: Piece, judged: &mut BTreeSet<i64>) -> Result<Vec<Moved>, StoreError> {
        let life = self.life(one).await?;
        judged.extend(life.pieces.keys());
        let own = self.number(&life).await?;
        let elsewhere = life.pieces.values().filter(|piece| Some(piece.message) != own);
        let ends = |piece: &Piece| [piece.message].into_iter().chain(own).filter(|_| piece.is_of_an_end()).collect();
        Ok(elsewhere.map(|piece| Moved { n: piece.known.n, id: piece.id(), ends: ends(piece) }).collect())
    }

    async fn life(&self, one: Piece) -> Result<Life, StoreError> {
        let mut life = Life { pieces: BTreeMap::new(), lost: BTreeSet::new(), strangers: BTreeMap::new() };
        let mut before = one.previous();
        life.pieces.insert(one.id(), one);
        while let Some(id) = before.filter(|_| life.pieces.len() < MOST) {
            let Some(piece) = self.piece(id).await? else {
                life.lost.insert(id);
                break;
            };
            before = piece.previous();
            life.pieces.insert(id, piece);
        }
        let (mut followed, mut numbers) = (BTreeSet::new(), BTreeSet::new());
        loop {
            let known = life.pieces.len();
            // What is written down in one commit has ids that follow each other, wherever it is filed.
            for id in life.pieces.keys().copied().filter(|id| followed.insert(*id)).collect::<Vec<_>>() {
                let next = self.piece(id + 1).await?.filter(|next| next.previous() == Some(id));
                life.pieces.extend(next.map(|next| (next.id(), next)));
            }
            for number in life.numbers().into_keys().filter(|number| numbers.insert(*number)) {
                life.strangers.extend(self.filed(number).await?.into_iter().map(|piece| (piece.id(), piece)));
            }
            life.take_in();
            if life.pieces.len() == known || known > MOST {
                return Ok(life);
            }
        }
    }

    /// The bundle's number: what its own row says, else that of most of its pieces, as far as it is no other bundle's.
    async fn number(&self, life: &Life) -> Result<Option<i64>, StoreError> {
        let Some(one) = life.pieces.values().next() else { return Ok(None) };
        let evidence = &one.known.evidence;
        let (key, message_id) = (sent_key(evidence.from, &evidence.message_id), &evidence.message_id);
        let rows = sqlx::query!(
            r#"SELECT id, answer AS "answer!" FROM message WHERE sent_key = ? AND message_id = ? AND answer IS NOT NULL"#,
            key,
            message_id
        );
        let rows = rows.fetch_all(self.readers).await.map_err(store_error)?;
        if let Some(row) = rows.iter().find(|row| life.has(row.answer)) {
            return Ok(Some(row.id));
        }
        let mut numbers = life.numbers();
        for (number, pieces) in life.numbers() {
            if self.is_anothers(number, life).await? || life.strangers_at(number) >= pieces {
                numbers.remove(&number);
            }
        }
        let most = numbers.values().max().copied();
        let mut of_most = numbers.into_iter().filter(|(_, pieces)| Some(*pieces) == most).map(|(number, _)| number);
        Ok(of_most.next().filter(|_| of_most.next().is_none()))
    }

    /// Has another bundle this number, by its own row and by its acceptance?
    async fn is_anothers(&self, number: i64, life: &Life) -> Result<bool, StoreError> {
        let answer =
            sqlx::query_scalar!("SELECT answer FROM message WHERE id = ?", number).fetch_optional(self.readers);
        let answer = answer.await.map_err(store_error)?.flatten().filter(|answer| !life.has(*answer));
        let Some(answer) = answer else { return Ok(false) };
        let other = self.piece(answer).await?;
        Ok(other.is_some_and(|other| other.is_acceptance() && other.message == number))
    }

    /// The piece of this id, if it is there as it was.
    async fn piece(&self, id: i64) -> Result<Option<Piece>, StoreError> {
        let found =
            sqlx::query!(r#"SELECT message, CAST(doc AS BLOB) AS "doc!: Vec<u8>" FROM evidence WHERE id = ?"#, id);
        let found = found.fetch_optional(self.readers).await.map_err(store_error)?;
        Ok(found.and_then(|row| self.sound((id, row.message), row.doc)))
    }

    /// What is filed under this number and is as it was.
    async fn filed(&self, number: i64) -> Result<Vec<Piece>, StoreError> {
        let most = i64::try_from(MOST).unwrap_or(i64::MAX);
        let found = sqlx::query!(
            r#"SELECT id, CAST(doc AS BLOB) AS "doc!: Vec<u8>" FROM evidence WHERE message = ? ORDER BY id LIMIT ?"#,
            number,
            most
        );
        let found = found.fetch_all(self.readers).await.map_err(store_error)?;
        Ok(found.into_iter().filter_map(|row| self.sound((row.id, number), row.doc)).collect())
    }

    fn sound(&self, (id, message): (i64, i64), doc: Vec<u8>) -> Option<Piece> {
        match self.logged.sound(id, &String::from_utf8(doc).ok()?)? {
            LogEntry::Bundle(known) => Some(Piece { message, known: *known }),
            LogEntry::Erased(_) | LogEntry::Pruned(_) => None,
        }
    }
}

impl Life {
    /// Is this piece of it, there or not?
    fn has(&self, id: i64) -> bool {
        self.pieces.contains_key(&id) || self.lost.contains(&id)
    }

    /// The numbers that its pieces are filed under, each with how many.
    fn numbers(&self) -> BTreeMap<i64, usize> {
        let mut numbers = BTreeMap::new();
        for piece in self.pieces.values() {
            *numbers.entry(piece.message).or_default() += 1;
        }
        numbers
    }

    /// How many pieces of a bundle that was accepted under this number, and is another, stand there.
    fn strangers_at(&self, number: i64) -> usize {
        let there = || self.strangers.values().filter(|piece| piece.message == number);
        if there().any(Piece::is_acceptance) { there().count() } else { 0 }
    }

    /// Of what is filed with it, what follows it or bears its name is its own; an acceptance, where its own is not known.
    fn take_in(&mut self) {
        while let Some(id) = self.strangers.values().find(|one| self.is_own(one)).map(Piece::id) {
            self.pieces.extend(self.strangers.remove_entry(&id));
        }
        self.strangers.retain(|id, _| !self.pieces.contains_key(id));
    }

    fn is_own(&self, one: &Piece) -> bool {
        let any = |is: &dyn Fn(&Piece) -> bool| self.pieces.values().any(is);
        let linked =
            one.previous().is_some_and(|before| self.has(before)) || any(&|piece| piece.previous() == Some(one.id()));
        let is_anothers = one.previous().is_some_and(|before| self.strangers.contains_key(&before))
            || (one.is_acceptance() && any(&Piece::is_acceptance));
        linked || (!is_anothers && any(&|piece| piece.is_named_as(one)))
    }
}
