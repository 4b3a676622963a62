//! Headers of messages, many at a time: those read last stay in memory, so many octets of them (Profile §7.45).
//!
//! Never here: a header that its office may not read any more, or whose day was erased; a header on the disk in the clear.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fumibako_model::{MessageId, OfficeNumber, Private};
use fumibako_store::bodies::{Bodies, BodyError, HEAD, Place, Segment};
use fumibako_store::{Heads, StoreError};
use sqlx::SqlitePool;

use crate::disk::Disk;
use crate::error::{store_error, unreadable};
use crate::read::{place, unpack};

/// Octets in which nearly all headers end that [`HEAD`] does not hold.
const LONG_HEAD: u64 = 64 << 10;
/// Headers, or messages, of one answer, together; the one that gets there is still whole.
const ENOUGH: usize = 1 << 20;
/// Octets of headers that stay in memory, for all offices together. The oldest go first.
const KEPT: usize = 64 << 20;
/// What keeping one takes beside its octets.
const BESIDE: usize = 200;

/// An office and a message it was seen to have.
type Key = (OfficeNumber, MessageId);

/// The headers in memory.
#[derive(Debug, Default)]
pub(crate) struct HeadCache {
    /// Rises whenever an office may have lost a message: what was seen before is to be looked up again.
    losses: AtomicU64,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    heads: HashMap<Key, Head>,
    /// As they came.
    order: VecDeque<Key>,
    octets: usize,
}

#[derive(Clone, Debug)]
struct Head {
    /// The losses when the office was seen to have the message.
    seen: u64,
    segment: Segment,
    octets: Private<Arc<[u8]>>,
}

impl HeadCache {
    /// An office may have lost a message.
    pub(crate) fn lose(&self) {
        self.losses.fetch_add(1, Ordering::SeqCst);
    }

    /// Content was taken away: nothing of it stays here.
    pub(crate) fn clear(&self) {
        self.lose();
        *self.lock() = Kept::default();
    }

    /// A header, if its office has the message for certain and its day was not erased.
    fn get(&self, key: Key, bodies: &Bodies) -> Option<Private<Arc<[u8]>>> {
        let losses = self.losses.load(Ordering::SeqCst);
        let head = self.lock().heads.get(&key).filter(|head| head.seen == losses).cloned()?;
        bodies.opens(head.segment).then_some(head.octets)
    }

    /// The octets of a header whose message the office has, wherever they were kept before.
    fn octets(&self, key: Key, place: Place, seen: u64, bodies: &Bodies) -> Option<Private<Arc<[u8]>>> {
        let mut kept = self.lock();
        let head = kept.heads.get_mut(&key).filter(|head| head.segment == place.segment)?;
        head.seen = seen;
        bodies.opens(place.segment).then(|| head.octets.clone())
    }

    fn keep(&self, key: Key, head: Head) {
        let mut kept = self.lock();
        kept.octets += head.octets.0.len() + BESIDE;
        match kept.heads.insert(key, head) {
            Some(old) => kept.octets -= old.octets.0.len() + BESIDE,
            None => kept.order.push_back(key),
        }
        while kept.octets > KEPT
            && let Some(oldest) = kept.order.pop_front()
        {
            kept.octets -= kept.heads.remove(&oldest).map_or(0, |head| head.octets.0.len() + BESIDE);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// While this lives an office loses messages; also where nobody waits for it any more.
pub(crate) struct Losing<'c>(pub(crate) &'c HeadCache);

impl Drop for Losing<'_> {
    fn drop(&mut self) {
        self.0.lose();
    }
}

/// Where headers are read from.
pub(crate) struct Shelves<'s> {
    pub(crate) readers: &'s SqlitePool,
    pub(crate) bodies: &'s Bodies,
    pub(crate) disk: &'s Disk,
    pub(crate) cache: &'s Arc<HeadCache>,
}

/// The headers of the first of these messages; none of one that stands in none of the office's folders.
pub(crate) async fn read(
    shelves: Shelves<'_>,
    office: OfficeNumber,
    messages: &[MessageId],
    longest: u64,
) -> Result<Heads, StoreError> {
    let Shelves { readers, bodies, disk, cache } = shelves;
    let known = messages.iter().map_while(|message| cache.get((office, *message), bodies).map(Some));
    let known: Heads = known.collect();
    if !known.is_empty() || messages.is_empty() {
        return Ok(known);
    }
    // Whoever loses a message from here on is asked again.
    let seen = cache.losses.load(Ordering::SeqCst);
    let places = places(readers, office, messages).await?;
    let places: Vec<_> = messages.iter().map(|message| (*message, places.get(message).copied())).collect();
    let (bodies, cache) = (bodies.clone(), Arc::clone(cache));
    let read = move |message, place| kept_or_read(&cache, &bodies, ((office, message), seen), (place, longest));
    disk.wait(move || first_of(places, read)).await
}

/// The first of these messages, whole; none of one that stands in none of the office's folders.
pub(crate) async fn whole(
    shelves: Shelves<'_>,
    office: OfficeNumber,
    messages: &[MessageId],
) -> Result<Heads, StoreError> {
    let Shelves { readers, bodies, disk, .. } = shelves;
    let places = places(readers, office, messages).await?;
    let places: Vec<_> = messages.iter().map(|message| (*message, places.get(message).copied())).collect();
    let bodies = bodies.clone();
    let read = move |_, place: Place| Ok(Private(bodies.read(place, 0..place.size)?.into()));
    disk.wait(move || first_of(places, read)).await
}

/// What is read of the first of these, as far as it is no burden.
fn first_of(
    places: Vec<(MessageId, Option<Place>)>,
    read: impl Fn(MessageId, Place) -> Result<Private<Arc<[u8]>>, BodyError>,
) -> Result<Heads, BodyError> {
    let (mut all, mut octets) = (Vec::with_capacity(places.len()), 0);
    for (message, place) in places {
        let found = match place.map(|place| read(message, place)).transpose() {
            // The next answer begins with it, and says so.
            Err(_) if !all.is_empty() => break,
            found => found?,
        };
        octets += found.as_ref().map_or(0, |Private(found)| found.len());
        all.push(found);
        if octets >= ENOUGH {
            break;
        }
    }
    Ok(all)
}

/// Where the bodies of these messages stand, of those that the office has.
async fn places(
    readers: &SqlitePool,
    office: OfficeNumber,
    messages: &[MessageId],
) -> Result<HashMap<MessageId, Place>, StoreError> {
    let number = office.as_str();
    let wanted: Vec<i64> = messages.iter().map(|message| message.0).collect();
    let wanted = serde_json::to_string(&wanted).map_err(|error| store_error(unreadable(error)))?;
    let found = sqlx::query_scalar!(
        r#"SELECT json_group_array(json_array(b.id, b.segment, b.body_offset, b.stored, b.size)) AS "found!: String"
           FROM json_each(?) wanted JOIN message b ON b.id = wanted.value WHERE EXISTS (
             SELECT 1 FROM entry e JOIN mailbox m ON m.id = e.mailbox JOIN office o ON o.id = m.office
             WHERE e.message = b.id AND o.number = ?)"#,
        wanted,
        number
    )
    .fetch_one(readers)
    .await
    .map_err(store_error)?;
    let row = |(id, segment, offset, stored, size)| (MessageId(id), place(segment, offset, stored, size));
    Ok(unpack::<Vec<(i64, i64, i64, i64, i64)>>(&found)?.into_iter().map(row).collect())
}

fn kept_or_read(
    cache: &HeadCache,
    bodies: &Bodies,
    (key, seen): (Key, u64),
    (place, longest): (Place, u64),
) -> Result<Private<Arc<[u8]>>, BodyError> {
    if let Some(octets) = cache.octets(key, place, seen, bodies) {
        return Ok(octets);
    }
    let octets = Private(Arc::<[u8]>::from(head(bodies, place, longest)?));
    cache.keep(key, Head { seen, segment: place.segment, octets: octets.clone() });
    Ok(octets)
}

/// A header with its blank line; of one that has none so much as is asked for at most.
fn head(bodies: &Bodies, place: Place, longest: u64) -> Result<Vec<u8>, BodyError> {
    // Who reads to the end proves the end, which nobody needs here.
    let most = place.size.saturating_sub(1);
    for length in [HEAD as u64, LONG_HEAD] {
        let mut head = bodies.read(place, 0..length.min(most))?;
        if let Some(end) = header_end(&head) {
            head.truncate(end);
            return Ok(head);
        }
    }
    let mut head = bodies.read(place, 0..longest)?;
    head.truncate(header_end(&head).unwrap_or(head.len()));
    Ok(head)
}

/// Where the first blank line ends.
fn header_end(octets: &[u8]) -> Option<usize> {
    let mut at = 0;
    octets.split_inclusive(|octet| *octet == b'\n').find_map(|line| {
        at += line.len();
        matches!(line, b"\r\n" | b"\n").then_some(at)
    })
}

#[cfg(test)]
mod tests;
