//! The facts about the request of a stored text.

use super::continuing::{Log, POLICY};
use super::tests::{at, stroke};
use super::*;
use quarry_domain::{SearchContext, SearchFact};

/// A keystroke at a second, by a request with this tag value.
fn tagged(second: i64, text: &str, count: Option<i64>, value: &str) -> BufferedKeystroke {
    let tag = (!value.is_empty()).then(|| SearchFact::tag("arm", value).unwrap());
    BufferedKeystroke {
        at: at(second * 1_000),
        result_count: count,
        context: SearchContext::of(tag),
        ..stroke(text)
    }
}

/// The text, the count and the tag of each row after these runs.
#[track_caller]
fn check(runs: &[&[BufferedKeystroke]], expected: &[(&str, Option<i64>, &str)]) {
    let mut log = Log::default();
    for run in runs {
        log.store(run, &POLICY);
    }
    let rows: Vec<(&str, Option<i64>, String)> = log
        .rows
        .iter()
        .map(|row| {
            let tag = row.search.context.facts().next().map(|fact| fact.value);
            (row.search.query.as_str(), row.search.result_count, tag.unwrap_or_default())
        })
        .collect();
    let expected: Vec<_> =
        expected.iter().map(|(query, count, tag)| (*query, *count, (*tag).to_owned())).collect();
    assert_eq!(rows, expected);
}

#[test]
fn the_facts_are_those_of_the_stored_text() {
    check(
        &[&[tagged(0, "bu", Some(9), "a"), tagged(1, "bus", Some(4), "b"), tagged(2, "b", Some(90), "c")]],
        &[("bus", Some(4), "b")],
    );
    // Another filter or page of the same text is the same search.
    check(&[&[tagged(0, "bus", Some(4), "a"), tagged(1, "bus", Some(1), "b")]], &[("bus", Some(4), "a")]);
    // The request that found the number of results outranks a keystroke without one.
    check(&[&[tagged(0, "bus", None, "a"), tagged(1, "bus", Some(1), "b")]], &[("bus", Some(1), "b")]);
    check(&[&[tagged(0, "bus", None, "a"), tagged(1, "bus", Some(1), "")]], &[("bus", Some(1), "a")]);
    check(&[&[tagged(0, "bus", None, ""), tagged(1, "bus", None, "b")]], &[("bus", None, "b")]);
}

#[test]
fn a_continued_search_has_the_facts_of_its_last_text() {
    let first = [tagged(0, "bus", Some(4), "a")];
    check(&[&first, &[tagged(6, "bus stop", Some(2), "b")]], &[("bus stop", Some(2), "b")]);
    check(&[&first, &[tagged(6, "bus stop", None, "")]], &[("bus stop", None, "")]);
    // Its own text again, and its deletion, change nothing; what is missing is added.
    check(&[&first, &[tagged(6, "bus", Some(1), "b")]], &[("bus", Some(4), "a")]);
    check(&[&first, &[tagged(6, "b", Some(90), "b"), tagged(7, "", None, "")]], &[("bus", Some(4), "a")]);
    check(&[&[tagged(0, "bus", None, "")], &[tagged(6, "bus", Some(1), "b")]], &[("bus", Some(1), "b")]);
    // A stray last letter that is typed again restores them.
    let stray = [tagged(0, "busw", Some(0), "a"), tagged(1, "bus", Some(4), "b")];
    check(&[&stray], &[("bus", Some(4), "b")]);
    check(&[&stray, &[tagged(7, "bu", Some(9), "c"), tagged(8, "b", None, "c")]], &[("busw", Some(0), "a")]);
}

#[test]
fn values_are_masked_like_the_text() {
    check(&[&[tagged(0, "bus", None, "anna@example.com")]], &[("bus", None, "[email]")]);
}
