//! What expired while no screens ran, as the gateway's letters in `Receipts` tell it (Profile §15.9): a row of its own, where none is known.

use std::collections::BTreeMap;

use fumibako_model::{OfficeNumber, Private, State};

use super::{Arrived, Content, Gone, Mail};
use crate::lost::{Lost, Missing, Side};
use crate::ui::spot::Spot;

impl Mail {
    /// A row that is there is told only of a receipt that came all the same.
    pub(super) fn take_lost(&mut self, side: Side, one: Lost) {
        match side {
            Side::Sent => {
                let mut rows = self.sent.iter_mut();
                let row = rows.find(|(spot, row)| spot.of == one.office && row.message_id == one.message_id);
                match (row, gone(&one)) {
                    (Some((_, row)), _) if one.late => row.state = row.state.max(Some(State::Late)),
                    (None, Some(row)) if !one.late => drop(self.sent.insert(free(&self.sent, one.office), row)),
                    _ => {}
                }
            }
            Side::Inbox => {
                let is_it = |spot: &Spot, row: &Arrived| {
                    spot.of == one.office && row.from == Some(one.from) && row.message_id == one.message_id
                };
                if !one.late && !self.inbox.iter().any(|(spot, row)| is_it(spot, row)) {
                    self.inbox.insert(free(&self.inbox, one.office), arrived(one));
                }
            }
        }
    }

    /// These, and no others, have no record at the gateway; nor is any of them told that went once more.
    pub(super) fn take_missing(&mut self, missing: Vec<Missing>) {
        let is_it =
            |spot: &Spot, row: &Gone, one: &Missing| spot.of == one.office && row.message_id == one.entry.message_id;
        let stays = |spot: &Spot, row: &Gone| missing.iter().any(|one| is_it(spot, row, one));
        self.sent.retain(|spot, row| row.content != Content::Missing || stays(spot, row));
        for one in missing {
            let row = unrecorded(&one);
            let is_known = self.sent.iter().any(|(spot, row)| is_it(spot, row, &one));
            if !is_known && !self.sent.values().any(|other| other.went().repeats(&row.went())) {
                self.sent.insert(free(&self.sent, one.office), row);
            }
        }
    }
}

/// Nobody knows the number that it had. Those of the folder rise from 1 (RFC 3501 §2.3.1.1) and come nowhere near these.
fn free<T>(rows: &BTreeMap<Spot, T>, of: Option<OfficeNumber>) -> Spot {
    let spot = |uid| Spot { of, uid };
    let all = (0..=u32::MAX).rev().map(spot);
    all.take_while(|spot| spot.uid > 0).find(|spot| !rows.contains_key(spot)).unwrap_or_else(|| spot(u32::MAX))
}

/// None: whom it was for could not be asked.
fn gone(one: &Lost) -> Option<Gone> {
    Some(Gone {
        at: one.at,
        to: Some(one.to?),
        by: one.agent.clone(),
        cover: Private::default(),
        facts: one.facts(),
        state: Some(State::Expired),
        fault: one.fault,
        message_id: one.message_id.clone(),
        until: Some(one.ended),
        content: Content::Settled,
    })
}

fn unrecorded(Missing { entry, .. }: &Missing) -> Gone {
    Gone {
        at: entry.composed,
        to: entry.to().and_then(|to| to.office_number()),
        by: entry.agent.clone(),
        cover: Private::default(),
        facts: entry.facts(),
        state: None,
        fault: None,
        message_id: entry.message_id.clone(),
        until: None,
        content: Content::Missing,
    }
}

fn arrived(one: Lost) -> Arrived {
    Arrived {
        at: one.at,
        until: Some(one.ended),
        from: Some(one.from),
        by: None,
        cover: Private::default(),
        files: Vec::new(),
        done: false,
        owed: None,
        withheld: false,
        gone: true,
        wrong: None,
        seal: None,
        message_id: one.message_id,
        folder: None,
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::super::tests::{arrived, sent, spot};
    use super::*;
    use crate::outbox::{Entry, Fate};
    use crate::testing::now;

    fn lost(late: bool) -> Lost {
        Lost {
            office: None,
            evidence: "EV512E0000000013".parse().unwrap(),
            from: "9970000011".parse().unwrap(),
            to: "9970000029".parse().ok(),
            message_id: "a@x.example".into(),
            at: now(),
            ended: now() + SignedDuration::from_hours(24 * 90),
            fault: None,
            late,
            bundle: Some("v=1; units=plan; serial=20261105101010; files=1; size=9".into()),
            agent: None,
        }
    }

    // HM-08, TX-03
    #[test]
    fn what_was_sent_and_nobody_here_saw_end_gets_a_row_once_and_loses_it_to_a_late_receipt() {
        let mut mail = Mail::default();
        mail.take_lost(Side::Sent, lost(true));
        assert!(mail.sent.is_empty(), "acknowledged all the same");
        for _ in 0..2 {
            mail.take_lost(Side::Sent, lost(false));
        }
        let rows: Vec<&Gone> = mail.sent.values().collect();
        assert_eq!(rows.len(), 1);
        assert_eq!(
            (rows[0].state, rows[0].until, rows[0].is_there()),
            (Some(State::Expired), Some(lost(false).ended), false)
        );
        assert_eq!(rows[0].facts.as_ref().map(|facts| facts.files), Some(1));
        mail.take_lost(Side::Sent, lost(true));
        assert_eq!(mail.sent.values().map(|row| row.state).collect::<Vec<_>>(), [Some(State::Late)]);
        mail.take_lost(Side::Sent, Lost { message_id: "b@x.example".into(), ..lost(false) });
        assert_eq!(mail.sent.len(), 2, "each has a number of its own");
        mail.take_lost(Side::Sent, Lost { message_id: "c@x.example".into(), to: None, ..lost(false) });
        assert_eq!(mail.sent.len(), 2);
        // What was seen in the folder has its own row.
        mail.sent.insert(spot(4), sent("d@x.example"));
        mail.take_lost(Side::Sent, Lost { message_id: "d@x.example".into(), ..lost(false) });
        assert_eq!(mail.sent.len(), 3);
    }

    // RX-14
    #[test]
    fn what_came_and_ended_while_nobody_looked_gets_a_row_unless_it_has_one() {
        let mut mail = Mail::default();
        mail.inbox.insert(spot(4), Arrived { from: Some(lost(false).from), done: true, ..arrived("a@x.example") });
        mail.take_lost(Side::Inbox, lost(false));
        assert_eq!(mail.inbox.len(), 1, "it is known what became of that");
        let other = |late| Lost { message_id: "b@x.example".into(), ..lost(late) };
        mail.take_lost(Side::Inbox, other(true));
        assert_eq!(mail.inbox.len(), 1, "its receipt came all the same");
        for _ in 0..2 {
            mail.take_lost(Side::Inbox, other(false));
        }
        assert_eq!(mail.inbox.values().filter(|row| row.is_lost()).count(), 1);
        assert_eq!((mail.inbox.len(), mail.counts()), (2, (0, 0)));
    }

    // Profile §15.9
    #[test]
    fn what_the_gateway_has_no_record_of_has_a_row_as_long_as_that_is_so_and_the_same_did_not_go_again() {
        let bundle = "v=1; units=plan; serial=20261105101010; files=1; size=9";
        let missing = |id: &str| {
            let fate = Fate::Posted { evidence: "EV512E0000000013".into(), at: now(), gateway: None };
            let (from, to) = ("9970000011@plans.example".into(), "9970000029@plans.example".into());
            let entry = Entry {
                message_id: id.into(),
                from,
                agent: None,
                to,
                composed: now(),
                bundle: Some(bundle.into()),
                fate,
            };
            Missing { office: None, entry }
        };
        let mut mail = Mail::default();
        mail.take_missing(vec![missing("a@x.example")]);
        let first: Vec<Spot> = mail.sent.keys().copied().collect();
        mail.take_missing(vec![missing("a@x.example"), missing("b@x.example")]);
        assert!(mail.sent.len() == 2 && mail.sent.contains_key(&first[0]), "a row keeps its number");
        assert!(mail.sent.values().all(|row| row.content == Content::Missing && !row.is_there()));
        assert_eq!(mail.counts(), (0, 0), "nobody waits for it");
        mail.take_missing(vec![missing("b@x.example")]);
        assert_eq!(mail.sent.values().map(|row| &*row.message_id).collect::<Vec<_>>(), ["b@x.example"]);
        let again =
            Gone { at: now() + SignedDuration::from_hours(1), facts: bundle.parse().ok(), ..sent("c@x.example") };
        mail.sent = [(spot(4), again)].into();
        mail.take_missing(vec![missing("b@x.example")]);
        assert_eq!(mail.sent.len(), 1, "it went once more");
    }
}
