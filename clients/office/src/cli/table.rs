//! Tables with full-width characters: columns line up because a kanji counts two.

use unicode_width::UnicodeWidthStr as _;

/// Rows under headings. The last column is not padded.
pub(super) fn table(headings: &[&str], rows: &[Vec<String>]) -> String {
    let heading: Vec<String> = headings.iter().map(|text| (*text).to_owned()).collect();
    let all = || std::iter::once(&heading).chain(rows);
    let widths: Vec<usize> = (0..headings.len())
        .map(|column| all().filter_map(|row| row.get(column)).map(|cell| cell.width()).max().unwrap_or(0))
        .collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| {
            let gap = " ".repeat(width.saturating_sub(cell.width()));
            format!("{cell}{gap}")
        });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    all().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    #[test]
    fn columns_line_up_whatever_is_in_them() {
        let rows = vec![
            vec!["2026-11-20 09:15".into(), "9970000011".into(), "済".into()],
            vec!["昨日".into(), "ひまわり訪問介護".into(), "未".into()],
        ];
        expect![[r"
            受信日時          送信元            状態
            2026-11-20 09:15  9970000011        済
            昨日              ひまわり訪問介護  未"]]
        .assert_eq(&table(&["受信日時", "送信元", "状態"], &rows));
    }
}
