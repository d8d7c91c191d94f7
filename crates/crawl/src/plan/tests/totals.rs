//! Totals, and lists that change during a sweep.

use super::*;

#[test]
fn the_total_of_one_response_does_not_end_a_sweep() {
    let mut crawl = ScriptedCrawl::by_offset();
    assert!(crawl.respond(&short("a", 7, Some(7))).is_err());
    assert_eq!(crawl.respond(&short("a", 7, Some(7))), Ok(()));
    assert!(crawl.cursor.next_page.is_none() && crawl.cursor.is_total_confirmed());

    let mut crawl = ScriptedCrawl::by_offset();
    assert!(crawl.respond(&short("a", 7, Some(7))).is_err());
    assert_eq!(crawl.respond(&page("a", Some(40))), Ok(()), "the second response contradicts it");
    assert_eq!((crawl.cursor.next_page, crawl.cursor.total), (Some(PageToken::Offset(10)), Some(40)));
}

#[test]
fn without_a_total_the_end_is_requested_twice() {
    let mut crawl = ScriptedCrawl::by_offset();
    assert_eq!(crawl.respond(&page("a", None)), Ok(()), "a page before the end is not");
    assert!(crawl.respond(&empty(None)).is_err());
    assert_eq!(crawl.respond(&page("b", None)), Ok(()), "it was wrong");
    assert_eq!(crawl.respond_until_accepted(&empty(None)), 2);
    assert_eq!(crawl.cursor.next_page, None);

    let mut crawl = ScriptedCrawl::new(by_cursor());
    assert_eq!(crawl.respond_until_accepted(&last(page("a", None))), 2, "an end may be wrong as well");
    assert_eq!((crawl.cursor.next_page, crawl.cursor.trouble), (None, None));
}

#[test]
fn a_list_that_grows_is_followed_without_a_retry() {
    let mut crawl = ScriptedCrawl::by_offset();
    for (number, total) in [30, 30, 31, 32, 32].into_iter().enumerate().take(3) {
        assert_eq!(crawl.respond(&page(&format!("p{number}"), Some(total))), Ok(()));
    }
    assert_eq!(crawl.cursor.next_page, Some(PageToken::Offset(30)), "the stated total is not reached");
    assert_eq!(crawl.respond(&short("new", 2, Some(32))), Ok(()));
    assert_eq!(crawl.cursor.next_page, None);
    assert_eq!((crawl.cursor.total, crawl.cursor.received), (Some(31), 32));
    assert!(crawl.cursor.is_total_confirmed() && crawl.cursor.total_changed);
}

#[test]
fn a_list_that_grows_as_fast_as_it_is_fetched_ends() {
    let mut crawl = ScriptedCrawl::by_offset();
    let mut requests = 0;
    while crawl.cursor.next_page.is_some() {
        let total = 40 + 10 * requests;
        requests += crawl.respond_until_accepted(&page(&format!("p{requests}"), Some(total))) as i64;
    }
    assert!(requests <= 9, "{requests} requests");
}

#[test]
fn removed_items_move_the_next_page_back() {
    let mut crawl = ScriptedCrawl::by_offset();
    crawl.respond_until_accepted(&page("a", Some(60)));
    crawl.respond_until_accepted(&page("b", Some(57)));
    assert_eq!((crawl.cursor.total, crawl.cursor.next_page.clone()), (Some(60), Some(PageToken::Offset(20))));
    crawl.respond_until_accepted(&page("c", Some(57)));
    assert_eq!((crawl.cursor.total, crawl.cursor.next_page.clone()), (Some(57), Some(PageToken::Offset(27))));
    assert!(crawl.cursor.total_shrank && crawl.cursor.dead_end.is_none());

    let mut crawl = ScriptedCrawl::new(by_page());
    crawl.respond_until_accepted(&page("a", Some(60)));
    crawl.respond_until_accepted(&page("b", Some(57)));
    crawl.respond_until_accepted(&page("c", Some(57)));
    assert_eq!(crawl.cursor.next_page, Some(PageToken::Page(3)), "the same page again");
}

#[test]
fn a_total_far_from_the_known_one_is_retried() {
    let mut crawl = ScriptedCrawl::by_offset();
    crawl.respond_until_accepted(&page("a", Some(40)));
    assert_eq!(crawl.respond(&page("b", Some(12))), Err("states a total of 12 after 40: retried".to_owned()));
    assert_eq!(crawl.respond(&page("b", Some(40))), Ok(()));
    assert_eq!((crawl.cursor.total, crawl.cursor.total_changed), (Some(40), false));
    assert!(crawl.respond(&page("c", Some(12))).is_err(), "suspicions are counted by page");
    assert_eq!(crawl.respond(&page("c", None)), Ok(()), "a missing total is not another total");
    assert_eq!(crawl.cursor.total, Some(40));
    assert!(crawl.respond(&page("d", Some(90))).is_err());
    assert_eq!(crawl.respond(&page("d", Some(90))), Ok(()), "two responses in a row state it");
    assert_eq!((crawl.cursor.total, crawl.cursor.first_total), (Some(90), Some(90)));
}

#[test]
fn a_contradicted_total_is_not_confirmed_by_a_later_one() {
    let mut crawl = ScriptedCrawl::by_offset();
    crawl.respond_until_accepted(&page("a", Some(40)));
    assert!(crawl.respond(&page("b", Some(12))).is_err());
    assert!(crawl.respond(&page("a", Some(40))).is_err(), "contradicted, but a repeated page");
    assert!(crawl.respond(&page("b", Some(12))).is_err());
    assert_eq!(crawl.respond(&page("b", Some(40))), Ok(()));
}

#[test]
fn a_total_that_always_differs_does_not_block_the_crawl() {
    let mut crawl = ScriptedCrawl::by_offset();
    crawl.respond_until_accepted(&page("a", Some(40)));
    let given = (1..10).position(|n| crawl.respond(&page("b", Some(n * 1_000))).is_ok());
    assert_eq!(given, Some(3));
}

#[test]
fn a_full_last_page_is_followed_by_a_look_behind_the_total() {
    let mut crawl = ScriptedCrawl::by_offset();
    crawl.respond_until_accepted(&page("a", Some(20)));
    crawl.respond_until_accepted(&page("b", Some(20)));
    assert_eq!(
        (crawl.cursor.next_page.clone(), crawl.cursor.past_total),
        (Some(PageToken::Offset(20)), true)
    );
    let mut capped = ScriptedCrawl { cursor: crawl.cursor.clone(), ..ScriptedCrawl::by_offset() };
    assert_eq!(crawl.respond(&empty(Some(20))), Ok(()), "the total is confirmed");
    assert_eq!((crawl.cursor.next_page, crawl.cursor.trouble), (None, None));

    assert_eq!(capped.respond(&page("c", Some(20))), Ok(()));
    assert_eq!(capped.cursor.next_page, Some(PageToken::Offset(30)), "there are more than stated");
    capped.respond_until_accepted(&short("d", 5, Some(20)));
    assert_eq!((capped.cursor.next_page, capped.cursor.received), (None, 35));

    let mut known = ScriptedCrawl::by_offset();
    known.baseline.complete =
        Some(CompletePass { documents: 20, page_size: 10, total: Some(20), end_frame: None });
    known.respond_until_accepted(&page("a", Some(20)));
    known.respond_until_accepted(&page("b", Some(20)));
    assert_eq!(known.cursor.next_page, None, "an earlier crawl has looked");
}

#[test]
fn a_total_that_no_page_has_is_doubtful() {
    let mut crawl = ScriptedCrawl::by_offset();
    crawl.respond_until_accepted(&short("a", 4, None));
    crawl.respond_until_accepted(&empty(None));
    assert_eq!(crawl.cursor.trouble.as_deref(), Some("no page has the total: check `total`"));

    let mut crawl = ScriptedCrawl::by_offset();
    crawl.respond_until_accepted(&PageFacts { total: Stated::Empty, ..short("a", 4, None) });
    crawl.respond_until_accepted(&empty(None));
    assert_eq!(crawl.cursor.trouble, None, "it may be unknown");
}

#[test]
fn items_that_shift_to_the_next_page_are_offered_once() {
    let mut crawl = ScriptedCrawl::new(by_page());
    let first = page("a", None);
    crawl.respond_until_accepted(&first);
    let mut second = page("b", None);
    second.documents.rotate_right(2);
    second.documents[..2].copy_from_slice(&first.documents[8..]);
    crawl.respond_until_accepted(&second);
    assert_eq!((crawl.cursor.received, crawl.cursor.offered), (20, 18));
    let mut third = page("c", None);
    third.documents[4] = first.documents[0];
    crawl.respond_until_accepted(&third);
    assert_eq!(crawl.cursor.offered, 28, "elsewhere, it is a sign of an unstable order");
}

#[test]
fn an_end_below_the_total_is_retried_and_then_doubtful() {
    let mut crawl = ScriptedCrawl::by_offset();
    crawl.respond_until_accepted(&page("a", Some(40)));
    assert_eq!(crawl.respond(&empty(Some(40))), Err("ends after 10 items of 40 stated".to_owned()));
    assert_eq!(crawl.respond_until_accepted(&empty(Some(40))), 5);
    assert!(crawl.cursor.next_page.is_none() && crawl.cursor.end_reached);
    assert!(crawl.cursor.trouble.is_some());

    let mut crawl = ScriptedCrawl::by_offset();
    crawl.baseline.discrepancy = Some(30);
    crawl.respond_until_accepted(&page("a", Some(40)));
    assert_eq!(crawl.respond_until_accepted(&empty(Some(40))), 2, "an earlier crawl has reported it");

    let mut crawl = ScriptedCrawl::new(by_cursor());
    crawl.respond_until_accepted(&to("1", page("a", Some(40))));
    assert!(crawl.respond(&page("b", Some(40))).is_err(), "a next page that is missing too early");
    assert_eq!(crawl.respond(&to("2", page("b", Some(40)))), Ok(()));
}

#[test]
fn a_total_that_exceeds_the_items_by_a_page_tells_of_the_first_number() {
    let trouble = |config: SourceConfig, total| {
        let mut crawl = ScriptedCrawl::new(config);
        crawl.respond_until_accepted(&page("b", Some(total)));
        crawl.respond_until_accepted(&short("c", 5, Some(total)));
        crawl.respond_until_accepted(&empty(Some(total)));
        crawl.cursor.trouble.unwrap_or_default()
    };
    let ended = "the upstream ended before its total was reached";
    let remedy = format!("{ended}: if its first page has the number 0, set `first = 0` in `pagination`");
    assert_eq!(trouble(by_page(), 25), remedy);
    assert_eq!(trouble(by_page(), 24), ended);
    assert_eq!(trouble(config(), 25), ended, "offsets begin at 0");
}
