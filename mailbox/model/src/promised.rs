//! How long the content of each day is kept: for as long as was said when it came (Profile §11.5). Pure; the rows are in the store.

use jiff::Timestamp;

use crate::expiry::Retention;

/// Before all days.
const ALWAYS: i32 = i32::MIN;

/// How long content is kept, day by day, as offices were told. A retention that the operator makes shorter is that of the days after
/// the newest on which anything had come by then; one that is made longer is that of all days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Promised(
    /// So long content of the days after this one is kept: the days rise, the retentions fall, and the first row is of all days.
    Vec<(i32, Retention)>,
);

impl Promised {
    /// The same for all days.
    pub fn always(keep: Retention) -> Self {
        Self(vec![(ALWAYS, keep)])
    }

    /// What was written down, as [`Promised::rows`] has it, where content is kept no shorter than `least` by the settings.
    pub fn read(rows: impl IntoIterator<Item = (i32, Retention)>, least: Retention) -> Self {
        let rows: Vec<_> = rows.into_iter().collect();
        if rows.is_empty() { Self::always(least) } else { Self(rows).at_least(least) }
    }

    /// All of it, by rising days.
    pub fn rows(&self) -> &[(i32, Retention)] {
        &self.0
    }

    /// From here on offices are told of this retention. `newest`: the newest day of which there is content; `None`: there is none, and
    /// nothing was promised to anybody.
    #[must_use]
    pub fn from_now_on(mut self, keep: Retention, newest: Option<i32>) -> Self {
        let Some(newest) = newest else { return Self::always(keep) };
        // Of days after the newest there is no content that anything was said of.
        self.0.retain(|(after, _)| *after == ALWAYS || *after < newest);
        let mut said = self.at_least(keep);
        if said.0.last().is_none_or(|(_, last)| *last != keep) {
            said.0.push((newest, keep));
        }
        said
    }

    /// Who keeps content longer keeps all of it longer.
    fn at_least(mut self, keep: Retention) -> Self {
        if let Some(after) = self.0.iter().find(|(_, known)| *known <= keep).map(|(after, _)| *after) {
            self.0.retain(|(_, known)| *known > keep);
            self.0.push((after, keep));
        }
        self
    }

    /// How long content of this UTC day is kept, in days since 1970. Whatever was said of a day since anything came on it counts: the
    /// longest.
    pub fn of(&self, day: i32) -> Retention {
        let known = self.0.iter().rev().find(|(after, _)| *after < day).or(self.0.first());
        known.map_or_else(Retention::default, |(_, keep)| *keep)
    }

    /// The first moment at which the content of this day is gone. `None`: after the end of the calendar.
    pub fn end_of(&self, day: i32) -> Option<Timestamp> {
        self.of(day).moment_of(day)
    }
}

#[cfg(test)]
mod tests;
