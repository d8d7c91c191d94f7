//! Expected rows against stored ones.

use std::collections::{HashMap, HashSet};

use quarry::load_test::{Comparison, DifferenceKind, ExpectedSearch, StoredSearch, Tolerance, compare};

fn expect(query: &str) -> ExpectedSearch {
    ExpectedSearch { query: query.to_owned(), user: None, count: None, tolerance: None }
}

fn compared(expected: &[ExpectedSearch], stored: &[&str]) -> Comparison {
    let row = |query: &&str| StoredSearch {
        session: "s".to_owned(),
        user: None,
        query: (*query).to_owned(),
        count: None,
    };
    compare(&HashMap::from([("s".to_owned(), expected.to_vec())]), stored.iter().map(row).collect())
}

fn kinds(comparison: &Comparison) -> Vec<(DifferenceKind, &str)> {
    let mut kinds: Vec<_> = comparison.differences.iter().map(|one| (one.kind, one.query.as_str())).collect();
    kinds.sort();
    kinds
}

#[test]
fn rows_are_counted_and_not_only_looked_up() {
    let twice = [expect("bus"), expect("bus")];
    assert_eq!(kinds(&compared(&twice, &["bus", "bus"])), []);
    assert_eq!(kinds(&compared(&twice, &["bus"])), [(DifferenceKind::Missing, "bus")]);
    assert_eq!(kinds(&compared(&[expect("bus")], &["bus", "bus"])), [(DifferenceKind::Extra, "bus")]);
}

#[test]
fn a_prefix_is_a_half_word_unless_it_was_intended() {
    let searches = [expect("bus"), expect("business")];
    assert_eq!(
        kinds(&compared(&searches, &["bus", "business", "busi", "data"])),
        [(DifferenceKind::HalfWord, "busi"), (DifferenceKind::Extra, "data")]
    );
    assert_eq!(
        kinds(&compared(&searches, &["bus", "bus"])),
        [(DifferenceKind::Missing, "business"), (DifferenceKind::Extra, "bus")]
    );
}

#[test]
fn a_session_without_a_user_is_extra() {
    let row = StoredSearch { session: "t".to_owned(), user: None, query: "bus".to_owned(), count: None };
    let comparison = compare(&HashMap::from([("s".to_owned(), Vec::new())]), vec![row]);
    assert_eq!(kinds(&comparison), [(DifferenceKind::Extra, "bus")]);
}

#[test]
fn tolerance_permits_contents_of_the_search_box_only() {
    let tolerance = |is_repeatable| {
        let pieces: HashSet<String> = ["b", "bu", "bus"].map(str::to_owned).into();
        Some(Tolerance { pieces, is_repeatable })
    };
    let split = [ExpectedSearch { tolerance: tolerance(false), ..expect("bus") }];
    let comparison = compared(&split, &["bus", "bu"]);
    assert_eq!((kinds(&comparison), comparison.split), (vec![], 1));
    assert_eq!(kinds(&compared(&split, &["bu"])), [(DifferenceKind::Missing, "bus")]);
    assert_eq!(kinds(&compared(&split, &["bus", "bus"])), [(DifferenceKind::Extra, "bus")]);
    assert_eq!(kinds(&compared(&split, &["bus", "busi"])), [(DifferenceKind::Extra, "busi")]);
    let repeated = [ExpectedSearch { tolerance: tolerance(true), ..expect("bus") }];
    assert_eq!(kinds(&compared(&repeated, &["bus", "bus"])), []);
}

#[test]
fn a_correct_row_matches_no_other_search() {
    let of = |user: &str, count| ExpectedSearch { user: Some(user.to_owned()), count, ..expect("bus") };
    let row = |user: &str, count| StoredSearch {
        session: "s".to_owned(),
        user: Some(user.to_owned()),
        query: "bus".to_owned(),
        count: Some(count),
    };
    let expected = HashMap::from([("s".to_owned(), vec![of("a", Some(1)), of("b", Some(2)), of("b", None)])]);
    let comparison = compare(&expected, vec![row("b", 7), row("b", 2), row("a", 3)]);
    assert_eq!(kinds(&comparison), [(DifferenceKind::Count, "bus")]);
    let comparison = compare(&expected, vec![row("b", 7), row("b", 2), row("c", 1)]);
    assert_eq!(kinds(&comparison), [(DifferenceKind::User, "bus")]);
}
