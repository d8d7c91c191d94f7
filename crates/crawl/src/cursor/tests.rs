use chrono::TimeDelta;

use super::*;
use crate::fixtures::{config, now, pointer};

fn crawl(documents_seen: i64) -> Crawl {
    Crawl { documents_seen, ..crate::fixtures::crawl() }
}

/// The cursor after a first sweep over an upstream that states `total`.
fn swept(total: Option<i64>) -> CrawlCursor {
    let received = total.map_or(40, i64::unsigned_abs);
    let mut cursor = CrawlCursor {
        position: 4,
        pages: 4,
        received,
        next_page: None,
        total,
        end_reached: true,
        ..CrawlCursor::start(&config())
    };
    cursor.confirm_total();
    cursor.confirm_total();
    cursor
}

fn decide(cursor: &CrawlCursor, seen: i64) -> NextStep {
    cursor.next_step(&crawl(seen), &config(), now())
}

fn next_sweep(cursor: &CrawlCursor, seen: i64) -> CrawlCursor {
    match decide(cursor, seen) {
        NextStep::Fetch(next) => *next,
        NextStep::Finish(end) => panic!("{end:?}"),
    }
}

fn end(cursor: &CrawlCursor, seen: i64) -> (CrawlState, String) {
    match decide(cursor, seen) {
        NextStep::Finish(end) => {
            assert_eq!(end.sweep_vanished.is_some(), end.state == CrawlState::Completed);
            (end.state, end.error.unwrap_or_default())
        }
        NextStep::Fetch(next) => panic!("{next:?}"),
    }
}

/// The cursor after a next sweep without faults.
fn sweep_again(cursor: &CrawlCursor, seen: i64) -> CrawlCursor {
    let next = next_sweep(cursor, seen);
    assert_eq!((next.sweep, next.pages, next.received), (cursor.sweep + 1, 0, 0));
    assert_eq!((next.position, &next.next_page), (cursor.position, &Some(PageToken::First)));
    CrawlCursor { next_page: None, end_reached: true, starts_count: false, received: cursor.received, ..next }
}

#[test]
fn a_crawl_that_saw_every_key_is_complete() {
    assert_eq!(end(&swept(Some(40)), 40), (CrawlState::Completed, String::new()));
    assert_eq!(end(&swept(Some(0)), 0).0, CrawlState::Completed);
    assert_eq!(end(&swept(None), 17).0, CrawlState::Completed);
}

#[test]
fn only_allow_shrink_disables_the_guard() {
    let mut crawl = crawl(40);
    for (allow_shrink, expected) in [(false, 0.2), (true, 1.0)] {
        crawl.allow_shrink = allow_shrink;
        let cursor = CrawlCursor { restarts: 3, ..swept(Some(40)) };
        let NextStep::Finish(end) = cursor.next_step(&crawl, &config(), now()) else { panic!("it ends") };
        assert_eq!(end.sweep_vanished, Some(SweepVanished { restarts: 3, max_share: expected }));
    }
}

#[test]
fn a_stated_number_of_keys_completes_a_crawl_only_after_the_end() {
    let on_the_way =
        CrawlCursor { next_page: Some(PageToken::Offset(40)), end_reached: false, ..swept(Some(40)) };
    assert_eq!(decide(&on_the_way, 40), NextStep::Fetch(Box::new(on_the_way.clone())));
    let later = CrawlCursor { next_page: Some(PageToken::Offset(10)), sweep: 2, ..swept(Some(40)) };
    assert_eq!(end(&later, 40).0, CrawlState::Completed, "a later sweep stops as soon as all were seen");
    let doubtful = CrawlCursor { confirmations: 1, ..swept(Some(40)) };
    assert_eq!(next_sweep(&doubtful, 40).sweep, 2, "the total of one response completes no crawl");
    let recounting = CrawlCursor { next_page: Some(PageToken::First), starts_count: true, ..swept(Some(40)) };
    assert_eq!(
        decide(&recounting, 40),
        NextStep::Fetch(Box::new(recounting.clone())),
        "the old count is over"
    );
}

#[test]
fn missing_keys_are_searched_until_two_sweeps_find_none() {
    let first = swept(Some(40));
    let second = sweep_again(&first, 38);
    let third = sweep_again(&second, 39);
    assert_eq!((second.barren_sweeps, third.barren_sweeps), (0, 0), "each found new keys");
    let fourth = sweep_again(&third, 39);
    assert_eq!(fourth.barren_sweeps, 1);
    let (state, error) = end(&fourth, 39);
    assert_eq!(state, CrawlState::Incomplete);
    let expected = "saw 39 distinct keys of 40 stated; the upstream serves some keys more than once; \
                    further sweeps found no new key";
    assert_eq!(error, expected);
}

#[test]
fn sweeps_are_limited() {
    let last = CrawlCursor { sweep: 4, received: 39, seen_before: Some(37), ..swept(Some(4_000)) };
    let (state, error) = end(&last, 3_938);
    assert_eq!(state, CrawlState::Incomplete);
    assert_eq!(error, "saw 3,938 distinct keys of 4,000 stated, in 4 sweeps (max_sweeps)");
}

#[test]
fn a_sweep_with_a_changed_total_is_not_barren() {
    let cursor =
        CrawlCursor { total_changed: true, seen_before: Some(38), barren_sweeps: 1, ..swept(Some(40)) };
    let next = next_sweep(&cursor, 38);
    assert_eq!((next.barren_sweeps, next.total_changed), (0, false));
}

#[test]
fn too_many_keys_restart_the_count() {
    let second = next_sweep(&swept(Some(40)), 41);
    assert_eq!((second.restarts, second.starts_count, second.end_reached), (1, true, false));
    let second = sweep_again(&swept(Some(40)), 41);
    let third = sweep_again(&second, 41);
    assert_eq!((third.restarts, third.barren_sweeps), (2, 1));
    assert_eq!(end(&third, 41).0, CrawlState::Incomplete);
    assert_eq!(end(&third, 40).0, CrawlState::Completed);
}

#[test]
fn invalid_items_leave_a_crawl_incomplete() {
    let rejection = Some("no key".to_owned());
    let cursor = CrawlCursor { rejected: 2, rejection, ..swept(Some(40)) };
    let expected = "saw 38 distinct keys of 40 stated; 2 items are invalid, the first because of: no key";
    assert_eq!(end(&cursor, 38), (CrawlState::Incomplete, expected.to_owned()));
    assert_eq!(next_sweep(&cursor, 37).sweep, 2, "another key is missing");
    let cursor = CrawlCursor { total: None, ..cursor };
    assert_eq!(end(&cursor, 38).0, CrawlState::Incomplete);
}

#[test]
fn a_doubtful_end_without_a_total_needs_another_sweep() {
    let cursor = CrawlCursor { trouble: Some("page 2 repeats".to_owned()), ..swept(None) };
    let second = sweep_again(&cursor, 38);
    assert_eq!(second.trouble, None);
    assert_eq!(end(&second, 38).0, CrawlState::Completed);
    let doubtful = CrawlCursor { trouble: cursor.trouble.clone(), barren_sweeps: 1, ..second };
    let (state, error) = end(&doubtful, 38);
    assert_eq!(state, CrawlState::Incomplete);
    assert!(error.contains("page 2 repeats"), "{error}");
}

#[test]
fn a_dead_end_is_incomplete() {
    let cursor = CrawlCursor { dead_end: Some("round and round".to_owned()), ..swept(Some(40)) };
    assert_eq!(end(&cursor, 40), (CrawlState::Incomplete, "round and round".to_owned()));
}

#[test]
fn limits_fail_the_crawl() {
    let on_the_way =
        CrawlCursor { next_page: Some(PageToken::Offset(10)), end_reached: false, ..swept(Some(40)) };
    let full = CrawlCursor { pages: 100, ..on_the_way.clone() };
    assert_eq!(end(&full, 9), (CrawlState::Failed, "a sweep has more than 100 pages (max_pages)".to_owned()));
    let late = now() + TimeDelta::seconds(31);
    let NextStep::Finish(end) = on_the_way.next_step(&crawl(9), &config(), late) else { panic!("it ends") };
    assert_eq!(end.state, CrawlState::Failed);
    let done = swept(Some(40)).next_step(&crawl(40), &config(), late);
    assert!(
        matches!(done, NextStep::Finish(end) if end.state == CrawlState::Completed),
        "a complete crawl has no deadline"
    );
}

#[test]
fn a_cursor_round_trips_through_json_under_its_stored_names() {
    for token in [
        PageToken::First,
        PageToken::Offset(u64::MAX),
        PageToken::Page(3),
        PageToken::Cursor("é\"".into()),
        PageToken::Link("http://h/m?x=1".parse().expect("a URL")),
    ] {
        let cursor = CrawlCursor { next_page: Some(token), trouble: Some("x".into()), ..swept(Some(40)) };
        let stored = serde_json::to_string(&cursor).expect("JSON");
        for name in ["place", "witnesses", "moved"] {
            assert!(stored.contains(&format!("\"{name}\":")), "{stored}");
        }
        assert_eq!(serde_json::from_str::<CrawlCursor>(&stored).expect("a cursor"), cursor);
    }
}

#[test]
fn a_cursor_fits_only_the_settings_of_its_requests() {
    let cursor = CrawlCursor::start(&config());
    let mut changed = config();
    changed.max_sweeps = 1;
    assert!(cursor.fits(&changed));
    changed.fields.text = pointer("/body").into();
    assert!(!cursor.fits(&changed));
}

#[test]
fn thousands_are_separated() {
    for (number, expected) in [
        (0, "0"),
        (999, "999"),
        (1_000, "1,000"),
        (3_349, "3,349"),
        (1_234_567, "1,234,567"),
        (-12_345, "-12,345"),
    ] {
        assert_eq!(grouped(number), expected);
    }
}
