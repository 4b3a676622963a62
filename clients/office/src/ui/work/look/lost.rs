//! What expired while no screens ran, as the gateway's letters in `Receipts` tell it (Profile §15.9): a row of its own, where none is known.

use std::collections::BTreeMap;

use fumibako_model::{Private, State};

use super::{Arrived, Content, Gone, Mail};
use crate::lost::{Lost, Side};
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
                    (None, Some(row)) if !one.late => drop(self.sent.insert(free(&self.sent, &one), row)),
                    _ => {}
                }
            }
            Side::Inbox => {
                let is_it = |spot: &Spot, row: &Arrived| {
                    spot.of == one.office && row.from == Some(one.from) && row.message_id == one.message_id
                };
                if !one.late && !self.inbox.iter().any(|(spot, row)| is_it(spot, row)) {
                    self.inbox.insert(free(&self.inbox, &one), arrived(one));
                }
            }
        }
    }
}

/// Nobody knows the number that it had. Those of the folder rise from 1 (RFC 3501 §2.3.1.1) and come nowhere near these.
fn free<T>(rows: &BTreeMap<Spot, T>, one: &Lost) -> Spot {
    let spot = |uid| Spot { of: one.office, uid };
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
}
