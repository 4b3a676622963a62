//! Time stamps (RFC 3161), of a message's signature and of the head of the gateway's log: judged by authorities that are there for stamps.

use std::path::PathBuf;

use fumibako_model::{Refusal, not_trusted, revoked};
use fumibako_signer::{CertificateError, ClaimedStamp, RevocationError, TimeStamp, TimeStampError, Trust};
use jiff::Timestamp;

use super::Report;
use super::layer::{self, Fact, State, Unseen, What};

/// Whom to believe about time.
#[derive(Clone, Debug)]
pub enum Stampers {
    /// These, with what they revoked.
    Believed(Trust),
    /// Whom this file names, which cannot be read.
    Unread(PathBuf),
}

impl Stampers {
    /// Those that are known.
    pub(super) fn trust(&self) -> Option<&Trust> {
        if let Self::Believed(trust) = self { Some(trust) } else { None }
    }
}

/// What stands between a stamp and the lists that it is judged by.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Lists {
    /// They are of today; whatever has no word of today is not known.
    Current,
    /// They were kept beside the stamp, and end as it grows old. What they say of then stands, unless a later word is "revoked".
    Kept,
}

impl Report {
    /// Judges one by these authorities, `now`, and says whether it holds. Where those that are `named` cannot be read, it may be of one of them.
    pub(super) fn time_stamp(
        &mut self,
        claimed: Result<ClaimedStamp, TimeStampError>,
        (named, by): (Option<&Stampers>, &[Trust]),
        (now, lists): (Timestamp, Lists),
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
            Ok((stamp, trusts)) => match is_known(&stamp, &trusts, (now, lists)) {
                Ok(known) => {
                    facts.push(revocation(known));
                    State::Holds
                }
                Err(why) => State::Fails(revoked(why)),
            },
            Err(state) => match (state, named) {
                (State::Unseen(Unseen::NoStampers | Unseen::OtherClock), Some(Stampers::Unread(file))) => {
                    let file = Some(file.display().to_string());
                    facts.push(Fact::text("unread", "読めないファイル", "the file that cannot be read", file));
                    State::Unseen(Unseen::UnreadStampers)
                }
                (state, _) => state,
            },
        };
        let holds = state == State::Holds;
        self.add(What::TimeStamp, state, facts);
        holds
    }
}

/// The stamp, and the authorities that vouch for it.
fn believed<'t>(claimed: &ClaimedStamp, by: &'t [Trust], now: Timestamp) -> Result<(TimeStamp, Vec<&'t Trust>), State> {
    let (mut found, mut trusts, mut wrong) = (None, Vec::new(), None);
    for trust in by {
        match claimed.believed(trust, now) {
            Ok(stamp) => {
                found = Some(stamp);
                trusts.push(trust);
            }
            // Of nobody who is named here; a namesake with another key, as one that was renewed, is another.
            Err(TimeStampError::Certificate(
                CertificateError::UnknownIssuer { .. } | CertificateError::BadChain(_),
            )) => {}
            Err(why) => {
                wrong.get_or_insert(match why {
                    // Such as one of an archive, seen from the day on which the message came.
                    TimeStampError::Future { .. } => State::Unseen(Unseen::LaterStamp),
                    TimeStampError::Certificate(why) => State::Fails(not_trusted(why)),
                    why => State::Fails(Refusal::SignatureMalformed.about(why)),
                });
            }
        }
    }
    let nobody = State::Unseen(if by.is_empty() { Unseen::NoStampers } else { Unseen::OtherClock });
    found.map(|stamp| (stamp, trusts)).ok_or(wrong.unwrap_or(nobody))
}

/// Whether anything tells that whoever stamped was not revoked. An authority that is named twice may have its lists in one place alone: who
/// says "revoked" is heard, whoever else vouches.
fn is_known(stamp: &TimeStamp, trusts: &[&Trust], (now, lists): (Timestamp, Lists)) -> Result<bool, RevocationError> {
    let mut known = false;
    for trust in trusts {
        let verdict = match stamp.check_revocation(trust, now) {
            Err(RevocationError::Stale { .. }) if lists == Lists::Kept => stamp.check_revocation_then(trust),
            verdict => verdict,
        };
        match verdict {
            Ok(()) => known = true,
            // Nothing tells, or nothing of that time: nothing is said about it then, here as of any certificate.
            Err(RevocationError::NoList { .. } | RevocationError::Stale { .. }) => {}
            Err(why) => return Err(why),
        }
    }
    Ok(known)
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
