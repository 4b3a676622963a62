use super::*;

#[test]
fn every_layout_is_read_and_has_the_columns_it_announces() {
    for (code, text) in read::FILES {
        for generation in [Generation::Three, Generation::Four] {
            let layout = read::read(code, generation);
            let columns = layout.as_ref().map(|layout| layout.columns.len());
            assert_eq!(columns, read::count(text, generation), "{code} {generation:?}");
            assert_eq!(
                layout.is_none(),
                generation == Generation::Three && code.parse::<Kind>().unwrap().since_edition_4(),
                "{code}"
            );
        }
    }
}

#[test]
fn every_line_of_a_layout_is_understood() {
    for (code, text) in read::FILES {
        let written = text.lines().filter(|line| {
            let known = ["#", "columns ", "like "].iter().any(|start| line.starts_with(start));
            !line.trim().is_empty() && !known
        });
        let layout = Layout::of(code.parse().unwrap(), Edition::FourthRevised).unwrap();
        let own = if text.contains("like ") { 0 } else { layout.columns.len() };
        assert_eq!(written.count(), own + layout.rules.len(), "{code}");
    }
}

#[test]
fn columns_of_edition_4_move_those_behind_them() {
    let provider = |edition| {
        let layout = Layout::of(Kind::UseTable, edition).unwrap();
        layout.columns[layout.position("provider_no").unwrap()].number
    };
    assert_eq!((provider(Edition::Third), provider(Edition::FourthRevised)), (17, 20));
    let days = |edition| {
        let layout = Layout::of(Kind::UseTableAnnex, edition).unwrap();
        layout.columns[layout.position("times_or_days").unwrap()].longest
    };
    assert_eq!((days(Edition::Third), days(Edition::FourthRevised)), (Some(2), Some(3)));
}

#[test]
fn layouts_of_editions_1_and_2_are_not_known() {
    assert!(Layout::of(Kind::DeleteUseTable, Edition::Second).is_none());
    assert!(Layout::of(Kind::Table3, Edition::Third).is_none());
}
