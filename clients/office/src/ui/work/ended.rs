//! What became of what was sent and is gone from the gateway: evidence stays, and is asked (TX-03). Between two looks the other side
//! may have fetched it, so that its time is over does not say that nobody did.

use std::sync::Arc;

use fumibako_model::{Event, Reason, State};

use super::look::{Content, Gone};
use super::prove::{about, proof};
use crate::trouble::Trouble;
use crate::ui::spot::Spot;
use crate::ui::state::{App, held};

/// Questions in one look; the others follow with the next.
const ASKED: usize = 20;

/// Asks about what nobody asked yet. What stands in the way now is tried again with the next look.
pub(super) async fn ask(app: &Arc<App>) {
    let open: Vec<(Spot, Gone)> = {
        let mail = held(&app.mail);
        let open = mail.sent.iter().filter(|(_, one)| one.content == Content::Gone);
        open.take(ASKED).map(|(spot, one)| (*spot, one.clone())).collect()
    };
    if open.is_empty() {
        return;
    }
    for (spot, one) in open {
        let told = match about(app, spot, &one) {
            None => Ok(None),
            Some(about) => proof(app, about).await.map(Some),
        };
        let told = match told {
            Err(why) if !is_final(&why) => {
                tracing::debug!(%why, "ui.unsettled");
                continue;
            }
            told => told.ok().flatten(),
        };
        let state = told.and_then(|proof| {
            let pieces = proof.witnessed.pieces.iter();
            state_of(pieces.map(|piece| (piece.evidence.event, piece.evidence.reason)))
        });
        if let Some(row) = held(&app.mail).sent.get_mut(&spot).filter(|row| row.message_id == one.message_id) {
            (row.state, row.content) = (row.state.max(state), Content::Settled);
        }
    }
    app.keep_mail();
    app.tell("sent");
}

/// Would the same answer come again?
fn is_final(why: &Trouble) -> bool {
    why.refusal().is_some_and(|refusal| !refusal.row().retryable())
}

/// How far it came, by the evidence.
fn state_of(pieces: impl Iterator<Item = (Event, Option<Reason>)>) -> Option<State> {
    let state = |told| match told {
        (Event::SubmissionAcceptance, _) => Some(State::Accepted),
        (Event::ContentConsignment, _) => Some(State::Delivered),
        (Event::ContentHandover, Some(Reason::SeenByTheGateway)) => Some(State::HandedOver),
        (Event::ContentHandover, Some(Reason::AfterExpiry)) => Some(State::Late),
        (Event::ContentHandover, _) => Some(State::Retrieved),
        (Event::ContentHandoverFailure, Some(Reason::CheckFailed)) => None,
        (Event::ContentHandoverFailure, _) => Some(State::Expired),
    };
    let told: Vec<_> = pieces.collect();
    let furthest = told.iter().filter_map(|one| state(*one)).max();
    // What the gateway saw handed over, and its recipient could not open, nobody has (Profile §8.22).
    let failed = told.iter().any(|(_, reason)| *reason == Some(Reason::CheckFailed));
    if failed && furthest == Some(State::HandedOver) { Some(State::Delivered) } else { furthest }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// That the other side could not open it ends nothing; a receipt after the end says when it came.
    #[test]
    fn the_furthest_piece_of_evidence_counts() {
        use Event::{ContentConsignment, ContentHandover, ContentHandoverFailure, SubmissionAcceptance};
        let state = |events: &[(Event, Option<Reason>)]| state_of(events.iter().copied());
        let sent = [(SubmissionAcceptance, None), (ContentConsignment, None)];
        let and = |event, reason| state(&[sent[0], sent[1], (event, reason)]);
        assert_eq!(state(&sent), Some(State::Delivered));
        assert_eq!(and(ContentHandover, None), Some(State::Retrieved));
        assert_eq!(and(ContentHandover, Some(Reason::SeenByTheGateway)), Some(State::HandedOver));
        assert_eq!(and(ContentHandoverFailure, Some(Reason::CheckFailed)), Some(State::Delivered));
        assert_eq!(and(ContentHandoverFailure, Some(Reason::Expired)), Some(State::Expired));
        assert_eq!(and(ContentHandover, Some(Reason::AfterExpiry)), Some(State::Late));
        let seen = (ContentHandover, Some(Reason::SeenByTheGateway));
        let failed = (ContentHandoverFailure, Some(Reason::CheckFailed));
        for both in [[seen, failed], [failed, seen]] {
            assert_eq!(state(&[sent[0], sent[1], both[0], both[1]]), Some(State::Delivered), "{both:?}");
        }
        assert_eq!(state(&[]), None);
    }
}
