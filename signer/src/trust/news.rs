//! What an authority lets others know about what it revoked, in whichever form it comes: a list, or a responder's answer that
//! somebody fetched for everybody (Profile §4.18).

use jiff::Timestamp;

use super::{Trust, WithoutList};
use crate::certificate::Certificate;
use crate::error::{ListError, StatusError};
use crate::revocation::RevocationList;
use crate::status::StatusAnswer;

/// A revocation list, or an answer about some certificates. Its signature was verified.
#[derive(Clone, Debug)]
pub enum RevocationNews {
    /// RFC 5280 §5.
    List(RevocationList),
    /// RFC 6960 §4.2.
    Answer(StatusAnswer),
}

impl RevocationNews {
    /// What it takes the place of: the former list of its series, or the former answer about the same certificates.
    pub fn series(&self) -> [u8; 32] {
        match self {
            Self::List(list) => list.series(),
            Self::Answer(answer) => answer.series(),
        }
    }

    /// Whether it is older than another of its series.
    pub fn is_older_than(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::List(own), Self::List(other)) => own.is_older_than(other),
            (Self::Answer(own), Self::Answer(other)) => own.gives_way_to(other),
            _ => false,
        }
    }

    /// Whose list it is. None: it is an answer, about single certificates.
    pub fn issuer(&self) -> Option<String> {
        match self {
            Self::List(list) => Some(list.issuer()),
            Self::Answer(_) => None,
        }
    }

    /// When it was made.
    pub fn made_at(&self) -> Timestamp {
        match self {
            Self::List(list) => list.this_update(),
            Self::Answer(answer) => answer.this_update(),
        }
    }
}

impl Trust {
    /// Reads a list as [`Trust::read_list`] does, or an answer about certificates of an anchor or of a lower authority given
    /// to [`Trust::with_helpers`].
    pub fn read_news(&self, bytes: &[u8]) -> Result<RevocationNews, ListError> {
        if StatusAnswer::is_one(bytes) {
            return Ok(RevocationNews::Answer(self.read_answer(bytes)?));
        }
        self.read_list(bytes).map(RevocationNews::List)
    }

    /// The same anchors with this news in place of all former. What was believed before is judged again.
    #[must_use]
    pub fn with_news(&self, news: impl IntoIterator<Item = RevocationNews>, without_list: WithoutList) -> Self {
        let (mut lists, mut answers) = (Vec::new(), Vec::new());
        for one in news {
            match one {
                RevocationNews::List(list) => lists.push(list),
                RevocationNews::Answer(answer) => answers.push(answer),
            }
        }
        self.with_lists(lists, without_list).with_answers(answers)
    }

    /// The same with this news beside what is known. Nobody who is not spoken of is believed.
    #[must_use]
    pub fn with_more_news(&self, news: impl IntoIterator<Item = RevocationNews>) -> Self {
        self.with_news(self.sources.news().into_iter().chain(news), WithoutList::Refuse)
    }

    /// The answer of the first authority that it speaks about and that signed it, or charged the signer.
    fn read_answer(&self, der: &[u8]) -> Result<StatusAnswer, StatusError> {
        let mut verdict = StatusError::OtherResponder;
        for authority in self.anchors.iter().chain(&*self.helpers) {
            match read_of(der, authority) {
                Ok(answer) => return Ok(answer),
                Err(StatusError::OtherResponder) => {}
                Err(why) => verdict = why,
            }
        }
        Err(verdict)
    }
}

fn read_of(der: &[u8], authority: &Certificate) -> Result<StatusAnswer, StatusError> {
    let answer = StatusAnswer::read(der, authority)?;
    if answer.is_empty() { Err(StatusError::OtherQuestion) } else { Ok(answer) }
}
