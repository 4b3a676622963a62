//! Days between two moments, as people count them.

use fumibako_model::JAPAN;
use jiff::Timestamp;

/// Whole days from one moment to another: nights, in Japan.
pub(crate) fn days(from: Timestamp, to: Timestamp) -> i64 {
    let date = |at| JAPAN.to_datetime(at).date();
    date(from).until(date(to)).map_or(0, |span| span.get_days().into())
}
