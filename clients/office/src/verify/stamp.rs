//! Time stamps (RFC 3161), of a message's signature and of the head of the gateway's log: judged by authorities that are there for stamps.

use fumibako_model::{Refusal, not_trusted, revoked};
use fumibako_signer::{CertificateError, ClaimedStamp, RevocationError, TimeStamp, TimeStampError, Trust};
use jiff::Timestamp;

use super::Report;
use super::layer::{self, Fact, State, Unseen, What};

impl Report {
    /// Judges one by the first of these authorities that vouches for whoever stamped, `now`, and says whether it holds. Whether that one was
    /// revoked is asked as of another moment.
    pub(super) fn time_stamp(
        &mut self,
        claimed: Result<ClaimedStamp, TimeStampError>,
        by: &[Trust],
        (now, revoked_by): (Timestamp, Timestamp),
    ) -> bool {
        let claimed = match claimed {
            Ok(claimed) => claimed,
            Err(why) => {
                self.add(What::TimeStamp, State::Fails(Refusal::SignatureMalformed.about(why)), Vec::new());
                return false;
            }
        };
        let mut facts = layer::time_stamp(&claimed);
        let state = match believed(&claimed, by, now) {
            Ok((stamp, trust)) => match stamp.check_revocation(trust, revoked_by) {
                Ok(()) => {
                    facts.push(revocation(true));
                    State::Holds
                }
                // Nothing tells, or nothing of that time: nothing is said about it then, here as of any certificate.
                Err(RevocationError::NoList { .. } | RevocationError::Stale { .. }) => {
                    facts.push(revocation(false));
                    State::Holds
                }
                Err(why) => State::Fails(revoked(why)),
            },
            Err(state) => state,
        };
        let holds = state == State::Holds;
        self.add(What::TimeStamp, state, facts);
        holds
    }
}

/// The stamp, and the authorities that vouch for it.
fn believed<'t>(claimed: &ClaimedStamp, by: &'t [Trust], now: Timestamp) -> Result<(TimeStamp, &'t Trust), State> {
    for trust in by {
        return Err(match claimed.believed(trust, now) {
            Ok(stamp) => return Ok((stamp, trust)),
            // Of nobody who is named here; a namesake with another key, as one that was renewed, is another.
            Err(TimeStampError::Certificate(
                CertificateError::UnknownIssuer { .. } | CertificateError::BadChain(_),
            )) => {
                continue;
            }
            // Such as one of an archive, seen from the day on which the message came.
            Err(TimeStampError::Future { .. }) => State::Unseen(Unseen::LaterStamp),
            Err(TimeStampError::Certificate(why)) => State::Fails(not_trusted(why)),
            Err(why) => State::Fails(Refusal::SignatureMalformed.about(why)),
        });
    }
    Err(State::Unseen(if by.is_empty() { Unseen::NoStampers } else { Unseen::OtherClock }))
}

/// Whether anything told that whoever stamped was not revoked.
fn revocation(told: bool) -> Fact {
    let (id, words) = if told {
        ("good", ("失効していません", "not revoked"))
    } else {
        (
            "not-looked-at",
            ("失効は確かめていません（失効リストがありません）", "not looked at: there is no revocation list"),
        )
    };
    Fact::word("stamper_revocation", ("タイムスタンプ局の証明書", "the stamper's certificate"), id, words)
}
