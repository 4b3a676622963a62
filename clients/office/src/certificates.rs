//! Our certificates on the gateway's roll (Profile §19.10 to §19.13): enrolled by their own key, removed by another of ours.

use fumibako_model::{CertificateWord, Challenge, Enrol, OwnCertificate, Remove};
use fumibako_signer::{Identity, sign};
use jiff::Timestamp;

use crate::https::{Question, asked};
use crate::settings::Settings;
use crate::trouble::Trouble;

const PATH: &str = "/v1/certificates";
const CHALLENGE: &str = "/v1/certificates/challenge";

/// All of ours that the gateway knows, the newest first.
pub(crate) fn ours(settings: &Settings) -> Result<Vec<OwnCertificate>, Trouble> {
    asked(settings, Question::get(PATH))
}

/// Puts the certificate of this key onto the roll.
pub(crate) fn enrol(settings: &Settings, key: &Identity, now: Timestamp) -> Result<Vec<OwnCertificate>, Trouble> {
    let Challenge { challenge, .. } = asked(settings, Question::get(CHALLENGE))?;
    say(settings, &CertificateWord::Enrol(Enrol { v: 1, party: settings.party()?, challenge }), key, now)
}

/// Takes a certificate off the roll, signed by the key in use.
pub(crate) fn remove(settings: &Settings, fingerprint: &str, now: Timestamp) -> Result<Vec<OwnCertificate>, Trouble> {
    let key = settings.signer(now)?;
    let Challenge { challenge, .. } = asked(settings, Question::get(CHALLENGE))?;
    let (party, fingerprint) = (settings.party()?, fingerprint.to_owned());
    say(settings, &CertificateWord::Remove(Remove { v: 1, party, fingerprint, challenge }), &key, now)
}

fn say(
    settings: &Settings,
    word: &CertificateWord,
    key: &Identity,
    now: Timestamp,
) -> Result<Vec<OwnCertificate>, Trouble> {
    asked(settings, Question::signed(PATH, sign(word.entity().as_bytes(), key, now)?))
}
