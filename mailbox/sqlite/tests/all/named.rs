//! Whatever is done to one row of evidence, or to two, is said of these and of no other (Profile §8.15).

use std::collections::BTreeSet;

use fumibako_store::{LogFault, Wrong};

use super::edited::Edited;

/// Every row of evidence: its id and its number in the log.
struct Rows(Vec<(i64, u64)>);

/// A statement, and the rows that it touches.
type Edit = (String, Vec<i64>);

impl Rows {
    async fn of(edited: &mut Edited) -> Self {
        let found = edited.words("SELECT id || ' ' || (doc ->> 'n') FROM evidence ORDER BY id").await;
        let read = |line: String| {
            let (id, n) = line.split_once(' ').unwrap();
            (id.parse().unwrap(), n.parse().unwrap())
        };
        Self(found.into_iter().map(read).collect())
    }

    fn last(&self) -> i64 {
        self.0.last().unwrap().0
    }

    fn is_free(&self, id: i64) -> bool {
        !self.0.iter().any(|(known, _)| *known == id)
    }

    /// Each column of each row, with several other values.
    fn cells(&self) -> Vec<Edit> {
        let other = |id: i64| self.0.iter().map(|one| one.0).find(|one| *one != id).unwrap();
        let values = |id: i64| {
            let of = |column: &str, id: i64| format!("(SELECT {column} FROM was.evidence WHERE id = {id})");
            let doc = |path: &str, value: &str| ("doc", format!("json_set(doc, '{path}', {value})"));
            vec![
                ("message", "message + 1000".to_owned()),
                ("message", "0".to_owned()),
                ("message", of("message", other(id))),
                ("message", of("message", self.last())),
                ("kind", "'ContentHandover'".to_owned()),
                ("kind", "'SubmissionAcceptance'".to_owned()),
                ("kind", "'nothing'".to_owned()),
                ("at", "at - 86400000".to_owned()),
                ("from_office", "to_office".to_owned()),
                ("from_office", "4711".to_owned()),
                ("to_office", "4711".to_owned()),
                ("doc", "doc || 'x'".to_owned()),
                ("doc", "''".to_owned()),
                ("doc", "CAST(x'ff' AS TEXT)".to_owned()),
                ("doc", of("doc", other(id))),
                ("doc", of("doc", self.last())),
                doc("$.n", "(doc ->> 'n') + 1"),
                doc("$.n", "0"),
                doc("$.n", "1000"),
                doc("$.id", "'EV00000000000001'"),
                doc("$.event", "'ContentHandover'"),
                doc("$.event", "'ContentHandoverFailure'"),
                doc("$.at", "'2026-11-01T00:00:00Z'"),
                doc("$.previous", "NULL"),
            ]
        };
        let edit = |id: i64, (column, value)| format!("UPDATE evidence SET {column} = {value} WHERE id = {id}");
        self.0.iter().flat_map(|(id, _)| values(*id).into_iter().map(|one| (edit(*id, one), vec![*id]))).collect()
    }

    /// Each row under other ids, and not there.
    fn elsewhere(&self) -> Vec<Edit> {
        let mut edits = Vec::new();
        for (id, _) in &self.0 {
            edits.push((format!("DELETE FROM evidence WHERE id = {id}"), vec![*id]));
            for new in [id + 500, -id, self.last() + 1].into_iter().filter(|new| self.is_free(*new)) {
                edits.push((format!("UPDATE evidence SET id = {new} WHERE id = {id}"), vec![*id, new]));
            }
        }
        edits
    }

    /// Two rows with each other's words, or with each other's all.
    fn swaps(&self) -> Vec<Edit> {
        let mut edits = Vec::new();
        let pairs =
            self.0.iter().enumerate().flat_map(|(at, one)| self.0[at + 1..].iter().map(move |two| (one.0, two.0)));
        for (one, two) in pairs {
            for columns in [
                "message",
                "kind",
                "at",
                "from_office",
                "to_office",
                "doc",
                "message, kind, at, from_office, to_office, doc",
            ] {
                let swap = format!(
                    "UPDATE evidence SET ({columns}) = (SELECT {columns} FROM was.evidence w
                     WHERE w.id = {one} + {two} - evidence.id) WHERE id IN ({one}, {two})"
                );
                edits.push((swap, vec![one, two]));
            }
        }
        edits
    }

    /// A copy of each row at the end, between, and before all, as it is and with words that fit.
    fn forged(&self) -> Vec<Edit> {
        let mut edits = Vec::new();
        for (id, n) in &self.0 {
            let places = [self.last() + 1, self.last() + 700, id + 1, id - 1, -7];
            for new in places.into_iter().filter(|new| self.is_free(*new)) {
                let fits = |n: u64| format!("json_set(doc, '$.id', printf('EV%014X', {new}), '$.n', {n})");
                for doc in ["doc".to_owned(), "'nothing'".to_owned(), fits(*n), fits(n + 1), fits(self.0.len() as u64)]
                {
                    let columns = "kind, at, from_office, to_office";
                    let put = format!(
                        "INSERT INTO evidence SELECT {new}, message, {columns}, {doc} FROM evidence WHERE id = {id}"
                    );
                    edits.push((put, vec![new]));
                }
            }
        }
        edits
    }

    /// The row of each fault, and the one that had its number, unless it never was in the log.
    async fn named(&self, edited: &mut Edited, statement: &str) -> Option<BTreeSet<i64>> {
        let faults = edited.faults_after("evidence", statement).await?;
        let had = |number: u64| self.0.iter().find(|(_, n)| *n == number).map(|(id, _)| *id);
        let rows = |fault: &LogFault| {
            let rows = [fault.id.map(|id| id.0), had(fault.n).filter(|_| fault.what != Wrong::Added)];
            assert_ne!(rows, [None, None], "{statement}: {fault:?} names nothing");
            rows.into_iter().flatten()
        };
        Some(faults.iter().flat_map(rows).collect())
    }
}

/// Just the rows that each edit touches are named.
async fn check(edits: impl Fn(&Rows) -> Vec<Edit>, at_least: usize) {
    let mut edited = Edited::new().await;
    let rows = Rows::of(&mut edited).await;
    let (mut wrong, mut made) = (Vec::new(), 0);
    for (statement, touched) in edits(&rows) {
        let Some(named) = rows.named(&mut edited, &statement).await else { continue };
        made += 1;
        if named != touched.iter().copied().collect() {
            let number = |id: &i64| rows.0.iter().find(|one| one.0 == *id).map_or(*id, |(_, n)| n.cast_signed());
            let [touched, named] =
                [touched.iter().map(number).collect::<Vec<_>>(), named.iter().map(number).collect::<Vec<_>>()];
            wrong.push(format!("{statement}: {touched:?} were touched, {named:?} are named"));
        }
    }
    assert!(wrong.is_empty(), "of {made} edits {}: {:#?}", wrong.len(), &wrong[..wrong.len().min(40)]);
    assert!(made >= at_least, "{made} edits");
}

// Profile §8.15
#[tokio::test(flavor = "multi_thread")]
async fn of_an_edited_cell_its_row_alone_is_named() {
    check(Rows::cells, 300).await;
}

// Profile §8.15
#[tokio::test(flavor = "multi_thread")]
async fn of_a_row_that_is_gone_or_elsewhere_no_neighbour_is_named() {
    check(Rows::elsewhere, 60).await;
}

// Profile §8.15
#[tokio::test(flavor = "multi_thread")]
async fn of_two_rows_that_were_swapped_both_and_no_other_are_named() {
    check(Rows::swaps, 500).await;
}

// Profile §8.15
#[tokio::test(flavor = "multi_thread")]
async fn of_a_row_that_was_put_in_it_alone_is_named() {
    check(Rows::forged, 200).await;
}
