//! What happened since the start, counted once: `status` and the text for monitoring read the same counters (Profile §8.27).
//!
//! Never here: an office number, a user ID, an address, or anything of a message. Labels are words of fixed lists.

use std::time::Duration;

use fumibako_model::{Refusal, Refused, Report};
use fumibako_store::{Census, Delivery};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Metric, Registry, Unit};

use crate::admin::ExpiryView;

/// Seconds from the last octet of a message to its 250, up to which answers are counted together.
const ANSWERED: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

/// Counters of one thing, told apart by a word.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    apart: Family<[(&'static str, &'static str); 1], Counter>,
    all: Counter,
}

impl Tally {
    /// One more of this word, which is one of a fixed list.
    pub(crate) fn one(&self, label: &'static str, word: &'static str) {
        self.apart.get_or_create(&[(label, word)]).inc();
        self.all.inc();
    }

    /// All together.
    pub(crate) fn all(&self) -> u64 {
        self.all.get()
    }
}

/// The counters.
#[derive(Debug)]
pub(crate) struct Counts {
    /// Messages answered 250, by what they are.
    accepted: Tally,
    delivered: Counter,
    retrieved: Counter,
    failed: Counter,
    repeated: Counter,
    /// Seconds to the 250.
    answered: Histogram,
    pub(crate) refused: Tally,
    pub(crate) receipts_refused: Counter,
    pub(crate) receipts_repeated: Counter,
    /// Questions over HTTPS about others, and for evidence.
    pub(crate) questions_refused: Tally,
    /// By door.
    pub(crate) connections: Tally,
    pub(crate) logins: Tally,
    pub(crate) handed_over: Counter,
    pub(crate) reported: Tally,
    pub(crate) expired: Counter,
    pub(crate) erased: Counter,
    pub(crate) evidence_pruned: Counter,
    pub(crate) heads_signed: Counter,
    pub(crate) heads_stamped: Counter,
    now: Gauges,
    registry: Registry,
}

/// What is looked up when somebody asks.
#[derive(Debug, Default)]
struct Gauges {
    connections: Gauge,
    offices: Gauge,
    messages: Gauge,
    bytes: Gauge,
    evidence: Gauge,
    unsigned: Gauge,
    missing: Gauge,
    signing_stopped: Gauge,
    due: Gauge,
    nearly_full: Gauge,
    writer: Gauge,
    body_memory: Gauge,
    expiry_doubted: Gauge,
    reminders_doubted: Gauge,
    days_kept_back: Gauge,
    days_stuck: Gauge,
    retention_waits: Gauge,
    foreign: Gauge,
}

/// What the gateway holds of its own, beside the store.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Held {
    /// Connections that are open.
    pub(crate) connections: usize,
    /// Bytes of bodies on their way in.
    pub(crate) body_memory: usize,
    /// No evidence is signed before somebody does something.
    pub(crate) signing_stopped: bool,
    /// Pieces of evidence that are not there.
    pub(crate) missing: u64,
}

impl Default for Counts {
    fn default() -> Self {
        let mut counts = Self {
            accepted: Tally::default(),
            delivered: Counter::default(),
            retrieved: Counter::default(),
            failed: Counter::default(),
            repeated: Counter::default(),
            answered: Histogram::new(ANSWERED),
            refused: Tally::default(),
            receipts_refused: Counter::default(),
            receipts_repeated: Counter::default(),
            questions_refused: Tally::default(),
            connections: Tally::default(),
            logins: Tally::default(),
            handed_over: Counter::default(),
            reported: Tally::default(),
            expired: Counter::default(),
            erased: Counter::default(),
            evidence_pruned: Counter::default(),
            heads_signed: Counter::default(),
            heads_stamped: Counter::default(),
            now: Gauges::default(),
            registry: Registry::with_prefix("fumibako"),
        };
        counts.register();
        counts
    }
}

impl Counts {
    fn register(&mut self) {
        let Self { registry, now, .. } = self;
        let mut one = |name: &str, help: &str, metric: &dyn Shared| metric.put(registry, name, help);
        one("messages_accepted", "Messages answered 250", &self.accepted.apart);
        one("messages_repeated", "Of these, those that had come before", &self.repeated);
        one("bundles_delivered", "Bundles put into INBOX", &self.delivered);
        one("bundles_handed_over", "Bundles that the gateway saw go to their recipient whole", &self.handed_over);
        one("receipts_taken", "Receipts that counted", &self.retrieved);
        one("bundles_not_opened", "Words of recipients that a bundle does not open", &self.failed);
        one("receipts_refused", "Receipts that were refused, each once for each reason", &self.receipts_refused);
        one("receipts_repeated", "Receipts that only came second, each once", &self.receipts_repeated);
        one("refusals", "Refusals, by code", &self.refused.apart);
        one("questions_refused", "Questions over HTTPS that were refused", &self.questions_refused.apart);
        one("reports_filed", "Reports and reminders filed", &self.reported.apart);
        one("bundles_expired", "Bundles that nobody collected in time", &self.expired);
        one("messages_erased", "Messages whose day's key was destroyed", &self.erased);
        one("evidence_pruned", "Pieces of evidence whose years were over", &self.evidence_pruned);
        one("log_heads_signed", "Heads of the evidence log signed", &self.heads_signed);
        one("log_heads_stamped", "Heads of the evidence log stamped", &self.heads_stamped);
        one("logins", "Log-ins, by what came of them", &self.logins.apart);
        one("connections", "Connections taken, by door", &self.connections.apart);
        one("connections_open", "Connections now", &now.connections);
        one("offices", "Offices on the roll", &now.offices);
        one("messages_kept", "Messages kept", &now.messages);
        one("messages_kept_octets", "Their octets", &now.bytes);
        one("evidence_rows", "Pieces of evidence", &now.evidence);
        one("evidence_unsigned", "Pieces that wait for the next signed head", &now.unsigned);
        one("evidence_missing", "At least so many pieces that were signed for or counted are not there", &now.missing);
        one(
            "evidence_signing_stopped",
            "1 while no evidence is signed before somebody does something",
            &now.signing_stopped,
        );
        one("reports_due", "Reports and reminders that wait for their moment", &now.due);
        one("offices_nearly_full", "Offices whose folders are full to four fifths", &now.nearly_full);
        one("changes_waiting", "Changes that wait for the store's writer", &now.writer);
        one("body_memory_octets", "Memory granted to messages on their way in", &now.body_memory);
        one("expiry_doubted", "1 while the date has leapt and no key is destroyed by it", &now.expiry_doubted);
        one("reminders_doubted", "1 while nobody is reminded for that", &now.reminders_doubted);
        one("days_kept_back", "Days of mail that are due and were kept for that", &now.days_kept_back);
        one("days_stuck", "Days of mail that are due and could not go, and holds", &now.days_stuck);
        one("retention_waits", "1 while what came before a shorter retention is kept for longer", &now.retention_waits);
        one(
            "store_foreign_objects",
            "Tables, indexes, views and triggers that are not as this version makes them",
            &now.foreign,
        );
        let help = "From the last octet of a message to its 250";
        registry.register_with_unit("answer", help, Unit::Seconds, self.answered.clone());
    }

    /// A message was answered 250, after so long.
    pub(crate) fn accepted(&self, kind: &'static str, delivery: &Delivery, took: Duration) {
        self.accepted.one("kind", kind);
        self.answered.observe(took.as_secs_f64());
        match kind {
            _ if delivery.repeated => &self.repeated,
            "receipt" => &self.retrieved,
            "failure" => &self.failed,
            _ => &self.delivered,
        }
        .inc();
    }

    /// Messages answered 250.
    pub(crate) fn all_accepted(&self) -> u64 {
        self.accepted.all()
    }

    pub(crate) fn refused(&self, why: Refusal) {
        self.refused.one("code", why.row().code);
    }

    pub(crate) fn reported(&self, report: Report) {
        let name = match report {
            Report::Delivered => "delivered",
            Report::HandedOver => "handed-over",
            Report::Uncollected => "uncollected",
            Report::Expired => "expired",
        };
        self.reported.one("report", name);
    }

    /// Somebody gave a name with a proof, or a certificate, and was let in or not.
    pub(crate) fn login<T>(&self, judged: Result<T, Refused>) -> Result<T, Refused> {
        self.logins.one("outcome", if judged.is_ok() { "let-in" } else { "refused" });
        judged
    }

    /// All of it as OpenMetrics text.
    pub(crate) fn text(&self, census: &Census, held: Held, expiry: &ExpiryView) -> String {
        let now = &self.now;
        let set = |gauge: &Gauge, value: u64| gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
        set(&now.connections, held.connections as u64);
        set(&now.offices, census.offices);
        set(&now.messages, census.messages);
        set(&now.bytes, census.bytes);
        set(&now.evidence, census.evidence);
        set(&now.unsigned, (census.evidence + census.pruned).saturating_sub(census.logged));
        set(&now.missing, held.missing);
        set(&now.signing_stopped, u64::from(held.signing_stopped));
        set(&now.due, census.due);
        set(&now.nearly_full, census.nearly_full);
        set(&now.writer, census.writer_waiting);
        set(&now.body_memory, held.body_memory as u64);
        set(&now.expiry_doubted, u64::from(expiry.doubted));
        set(&now.reminders_doubted, u64::from(expiry.reminders_doubted));
        set(&now.days_kept_back, expiry.days_kept_back);
        set(&now.days_stuck, expiry.days_stuck);
        set(&now.retention_waits, u64::from(expiry.keeps_days > expiry.retention_days));
        set(&now.foreign, census.foreign);
        let mut text = String::new();
        // A string takes whatever is written to it.
        encode(&mut text, &self.registry).unwrap_or_default();
        text
    }
}

/// A metric whose copies count together.
trait Shared {
    fn put(&self, registry: &mut Registry, name: &str, help: &str);
}

impl<M: Metric + Clone> Shared for M {
    fn put(&self, registry: &mut Registry, name: &str, help: &str) {
        registry.register(name, help, self.clone());
    }
}

#[cfg(test)]
mod tests {
    use fumibako_model::EvidenceId;

    use super::*;

    // Profile §8.27
    #[test]
    fn a_word_that_a_bundle_does_not_open_is_no_receipt() {
        let counts = Counts::default();
        let new = Delivery { evidence: EvidenceId(1), repeated: false, outrun: false };
        for kind in ["bundle", "failure", "failure", "receipt"] {
            counts.accepted(kind, &new, Duration::ZERO);
        }
        counts.accepted("failure", &Delivery { repeated: true, ..new }, Duration::ZERO);
        let all = [&counts.delivered, &counts.failed, &counts.retrieved, &counts.repeated].map(Counter::get);
        assert_eq!((all, counts.all_accepted()), ([1, 2, 1, 1], 5));
    }
}
