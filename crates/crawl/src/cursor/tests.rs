use chrono::TimeDelta;

use super::*;
use crate::fixtures::{config, now, pointer};
use quarry_domain::CrawlId;

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
        offered: received,
        largest_page: 10,
        first_total: total,
        highest_total: (total.unwrap_or(0), total.unwrap_or(0)),
        end_reached: true,
        ..CrawlCursor::start(&config(), CrawlId(3), &Baseline::default())
    };
    cursor.confirm_total();
    cursor.confirm_total();
    cursor
}

fn decide(cursor: &CrawlCursor, seen: i64) -> NextStep {
    cursor.next_step(&crawl(seen), &Baseline::default(), &config(), now())
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
    let seen = u64::try_from(seen).expect("a count");
    CrawlCursor { next_page: None, end_reached: true, received: cursor.received, offered: seen - 1, ..next }
}

#[test]
fn a_crawl_that_saw_every_key_is_complete() {
    assert_eq!(end(&swept(Some(40)), 40), (CrawlState::Completed, String::new()));
    assert_eq!(end(&swept(Some(0)), 0).0, CrawlState::Completed);
    assert_eq!(end(&CrawlCursor { offered: 17, ..swept(None) }, 17).0, CrawlState::Completed);
}

#[test]
fn only_allow_shrink_disables_the_guard_and_the_second_look() {
    let mut crawl = crawl(40);
    let baseline = Baseline { complete_tally: Some(Tally(2_000)), ..Baseline::default() };
    let tally = Tally(3_000);
    for (allow_shrink, max_share, missed_since) in [(false, 0.2, Tally(2_000)), (true, 1.0, tally)] {
        crawl.allow_shrink = allow_shrink;
        let NextStep::Finish(end) = swept(Some(40)).next_step(&crawl, &baseline, &config(), now()) else {
            panic!("it ends")
        };
        let expected = SweepVanished { tally, missed_since: Some(missed_since), max_share, max_count: 5 };
        assert_eq!(end.sweep_vanished, Some(expected));
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
    let endless = CrawlCursor { dead_end: Some("round and round".into()), ..on_the_way };
    assert_eq!(end(&endless, 40).0, CrawlState::Completed, "the proof counts however the paging ends");
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
    let expected = "saw 39 distinct keys of 40 stated; the upstream serves some keys more than once: if these are \
                    different items, set `fields.key` to a list of pointers; further sweeps found no new key";
    assert_eq!(error, expected);
}

#[test]
fn a_sweep_that_saw_the_same_again_is_the_last() {
    let first = CrawlCursor { received: 38, offered: 38, ..swept(Some(40)) };
    let second = CrawlCursor { offered: 38, ..sweep_again(&first, 38) };
    assert_eq!(end(&second, 38).0, CrawlState::Incomplete);
}

#[test]
fn a_total_that_is_wrong_for_good_is_reported_once() {
    let first = CrawlCursor { received: 38, offered: 38, ..swept(Some(40)) };
    let second = CrawlCursor { offered: 38, ..sweep_again(&first, 38) };
    let reported = Crawl {
        state: CrawlState::Incomplete,
        pages_fetched: 8,
        cursor: serde_json::to_string(&second).ok(),
        ..crawl(38)
    };
    let baseline = baseline_of(&[reported], &config(), now());
    assert_eq!(baseline.discrepancy, Some(2));
    let NextStep::Finish(end) = first.next_step(&crawl(38), &baseline, &config(), now()) else {
        panic!("it ends")
    };
    assert_eq!((end.state, end.error), (CrawlState::Completed, None), "the next crawl knows");

    let (state, note) = self::end(&CrawlCursor { received: 41, offered: 41, ..swept(Some(40)) }, 41);
    assert_eq!(state, CrawlState::Completed, "nothing is missing");
    assert_eq!(note, "the upstream states a total of 40, but serves 41");
}

#[test]
fn a_wrong_key_is_reported_by_each_crawl() {
    let known = Baseline { discrepancy: Some(2), ..Baseline::default() };
    let end = |cursor: CrawlCursor| {
        let NextStep::Finish(end) = cursor.next_step(&crawl(38), &known, &config(), now()) else {
            panic!("it ends")
        };
        (end.state, end.error.unwrap_or_default())
    };
    let pass = |offered| CrawlCursor { received: 40, offered, ..swept(Some(40)) };
    let conflict = CrawlCursor {
        conflict: Some("two items of a key".into()),
        trouble: Some("two items of a key".into()),
        ..pass(38)
    };
    assert_eq!(end(conflict), (CrawlState::Completed, "two items of a key".to_owned()));
    let (state, note) = end(pass(40));
    assert_eq!(state, CrawlState::Completed);
    assert!(note.starts_with("the upstream serves some keys more than once"), "{note}");
    assert_eq!(end(pass(38)), (CrawlState::Completed, String::new()));
}

#[test]
fn keys_on_a_skipped_page_are_not_served_twice() {
    let cursor = CrawlCursor { skipped: 1, trouble: Some("skipped: page 3".into()), ..swept(Some(40)) };
    let expected = "saw 30 distinct keys of 40 stated; skipped: page 3";
    assert_eq!(end(&cursor, 30), (CrawlState::Incomplete, expected.to_owned()));
}

#[test]
fn a_list_that_became_shorter_needs_a_whole_sweep() {
    let shrank =
        CrawlCursor { total_changed: true, total_shrank: true, highest_total: (43, 43), ..swept(Some(40)) };
    let second = CrawlCursor { offered: 40, ..sweep_again(&shrank, 40) };
    let early = CrawlCursor { next_page: Some(PageToken::Offset(10)), ..second.clone() };
    assert!(matches!(decide(&early, 40), NextStep::Fetch(_)), "the items may only be withheld");
    assert_eq!(end(&second, 40).0, CrawlState::Completed);
    assert_eq!(end(&shrank, 43).0, CrawlState::Completed, "it has seen them before");
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
fn rejected_items_do_not_block_a_crawl_unless_they_are_most() {
    let rejection = Some("no key".to_owned());
    let cursor = CrawlCursor { rejected: 2, absent: 2, rejection, ..swept(Some(40)) };
    let note = "2 items were rejected, the first because of: no key";
    assert_eq!(end(&cursor, 38), (CrawlState::Completed, note.to_owned()));
    assert_eq!(next_sweep(&cursor, 37).sweep, 2, "another key is missing");
    let without_total = CrawlCursor { total: None, offered: 38, ..cursor.clone() };
    assert_eq!(end(&without_total, 38), (CrawlState::Completed, note.to_owned()));
    let most = CrawlCursor { rejected: 21, absent: 21, ..cursor };
    let (state, error) = end(&most, 19);
    assert_eq!(state, CrawlState::Incomplete);
    assert!(error.contains("check the pointers in `fields`"), "{error}");
}

#[test]
fn a_doubtful_end_without_a_total_needs_another_sweep() {
    let cursor = CrawlCursor { offered: 38, trouble: Some("page 2 repeats".to_owned()), ..swept(None) };
    let second = sweep_again(&cursor, 38);
    assert_eq!(second.trouble, None);
    assert_eq!(end(&second, 38).0, CrawlState::Completed);
    let doubtful = CrawlCursor { trouble: cursor.trouble.clone(), barren_sweeps: 1, ..second };
    let (state, error) = end(&doubtful, 38);
    assert_eq!(state, CrawlState::Incomplete);
    assert!(error.contains("page 2 repeats"), "{error}");
}

#[test]
fn keys_that_a_pass_serves_twice_without_a_total_are_doubtful() {
    let first = CrawlCursor { offered: 40, ..swept(None) };
    let second = next_sweep(&first, 33);
    assert!(second.has_repeated_keys);
    let second = CrawlCursor { next_page: None, end_reached: true, offered: 40, ..second };
    let third = CrawlCursor { barren_sweeps: 1, ..sweep_again(&second, 40) };
    let (state, error) = end(&third, 40);
    assert_eq!(state, CrawlState::Incomplete);
    assert!(error.contains("its order is not stable"), "{error}");
}

#[test]
fn a_failed_crawl_is_continued_at_its_page_if_it_made_progress() {
    let page = CrawlCursor { next_page: Some(PageToken::Offset(20)), end_reached: false, ..swept(None) };
    let failed = Crawl {
        state: CrawlState::Failed,
        pages_fetched: 2,
        finished_at: Some(now()),
        cursor: serde_json::to_string(&page).ok(),
        ..crawl(20)
    };
    assert!(can_continue(&failed, &config(), now()));
    for other in [
        Crawl { pages_fetched: 0, ..failed.clone() },
        Crawl { state: CrawlState::Incomplete, ..failed.clone() },
        Crawl { finished_at: Some(now() - TimeDelta::seconds(61)), ..failed.clone() },
        Crawl { cursor: None, ..failed.clone() },
    ] {
        assert!(!can_continue(&other, &config(), now()), "{other:?}");
    }
    let mut changed = config();
    changed.fields.text = pointer("/body").into();
    assert!(!can_continue(&failed, &changed, now()));
}

#[test]
fn a_dead_end_is_incomplete() {
    let cursor = CrawlCursor { dead_end: Some("round and round".to_owned()), ..swept(Some(40)) };
    assert_eq!(end(&cursor, 39), (CrawlState::Incomplete, "round and round".to_owned()));
}

#[test]
fn limits_fail_the_crawl() {
    let on_the_way =
        CrawlCursor { next_page: Some(PageToken::Offset(10)), end_reached: false, ..swept(Some(40)) };
    let full = CrawlCursor { pages: 100, ..on_the_way.clone() };
    assert_eq!(end(&full, 9), (CrawlState::Failed, "a sweep has more than 100 pages (max_pages)".to_owned()));
    let late = now() + TimeDelta::seconds(31);
    let NextStep::Finish(end) = on_the_way.next_step(&crawl(9), &Baseline::default(), &config(), late) else {
        panic!("it ends")
    };
    assert_eq!(end.state, CrawlState::Failed);
    let done = swept(Some(40)).next_step(&crawl(40), &Baseline::default(), &config(), late);
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
    let cursor = CrawlCursor::start(&config(), CrawlId(3), &Baseline::default());
    let mut changed = config();
    changed.max_sweeps = 1;
    assert!(cursor.fits(&changed));
    changed.fields.text = pointer("/body").into();
    assert!(!cursor.fits(&changed));
}

#[test]
fn pages_ahead_are_those_that_the_total_or_the_number_of_pages_states() {
    let at = |total, pages, largest_page| CrawlCursor {
        received: 20,
        pages: 2,
        largest_page,
        next_page: Some(PageToken::Offset(20)),
        total,
        stated_pages: pages,
        ..CrawlCursor::start(&config(), CrawlId(3), &Baseline::default())
    };
    let ahead = |cursor: &CrawlCursor, most| {
        let tokens = cursor.tokens_ahead(&config(), most).into_iter();
        tokens
            .map(|token| match token {
                PageToken::Offset(offset) => offset,
                token => panic!("{token:?}"),
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(ahead(&at(Some(45), None, 10), 9), [30, 40]);
    assert_eq!(ahead(&at(Some(45), None, 10), 1), [30]);
    assert_eq!(ahead(&at(Some(45), None, 5), 9), [25, 30, 35, 40], "the server caps pages");
    assert_eq!(ahead(&at(None, Some(5), 10), 9), [30, 40]);
    assert_eq!(ahead(&at(None, None, 10), 9), [0; 0]);
    assert_eq!(ahead(&at(Some(20), None, 10), 9), [0; 0], "the list is at its end");
}
