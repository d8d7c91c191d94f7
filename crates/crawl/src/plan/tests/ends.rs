//! The end of a list, as upstreams signal it.

use super::*;

#[test]
fn ends_that_always_differ_are_doubtful() {
    let mut crawl = ScriptedCrawl::new(by_cursor());
    assert!(crawl.respond(&last(page("a", None))).is_err());
    assert!(crawl.respond(&last(page("b", None))).is_err());
    assert_eq!(crawl.respond(&last(page("c", None))), Ok(()));
    assert!(crawl.cursor.trouble.is_some());
}

#[test]
fn a_stated_end_needs_no_further_page() {
    let mut crawl = ScriptedCrawl::new(by_page());
    crawl.respond_until_accepted(&PageFacts { has_more: Some(true), ..page("a", None) });
    let end = PageFacts { has_more: Some(false), ..page("b", None) };
    assert_eq!(crawl.respond_until_accepted(&end), 2);
    assert_eq!(crawl.cursor.next_page, None);

    let mut crawl = ScriptedCrawl::new(by_cursor());
    crawl.respond_until_accepted(&to("1", page("a", None)));
    let end = PageFacts { has_more: Some(false), ..to("2", page("b", None)) };
    crawl.respond_until_accepted(&end);
    assert_eq!(crawl.cursor.next_page, None, "it counts more than the cursor");
}

#[test]
fn a_status_behind_the_last_page_ends_the_list() {
    let mut crawl = ScriptedCrawl::new(by_page());
    crawl.respond_until_accepted(&page("a", None));
    assert_eq!(crawl.respond(&PageFacts::end(404)), Ok(()));
    assert_eq!((crawl.cursor.next_page, crawl.cursor.trouble), (None, None));

    let mut crawl = ScriptedCrawl::after(40, by_page());
    crawl.respond_until_accepted(&page("a", None));
    assert_eq!(crawl.respond_until_accepted(&PageFacts::end(404)), 6, "the last crawl saw more");
    assert!(crawl.cursor.early_end);
}

#[test]
fn a_list_shorter_than_the_last_one_is_doubtful() {
    for end in [empty(None), PageFacts { error: Some("the body states an error".into()), ..empty(None) }] {
        let mut crawl = ScriptedCrawl::after(40, by_page());
        crawl.respond_until_accepted(&page("a", None));
        assert!(crawl.respond_until_accepted(&end) > 5);
        assert!(crawl.cursor.early_end && crawl.cursor.trouble.is_some());
    }
    let mut crawl = ScriptedCrawl::after(19, by_page());
    crawl.respond_until_accepted(&page("a", None));
    crawl.respond_until_accepted(&empty(None));
    assert!(!crawl.cursor.early_end, "a page of a small list may get shorter");
}

#[test]
fn a_full_page_that_loses_its_next_page_is_doubtful() {
    let mut crawl = ScriptedCrawl::new(by_cursor());
    assert_eq!(crawl.respond_until_accepted(&page("a", None)), 5);
    let trouble = "no page states the next one, though page 0 is full: check `pagination`";
    assert_eq!(crawl.cursor.trouble.as_deref(), Some(trouble));

    let mut crawl = ScriptedCrawl::new(by_cursor());
    crawl.respond_until_accepted(&to("1", page("a", None)));
    assert!(crawl.respond(&page("b", None)).is_err());
    assert_eq!(crawl.respond(&to("2", page("b", None))), Ok(()), "it was lost once");
    assert_eq!(crawl.respond_until_accepted(&page("c", None)), 5, "the last page may be full");
    assert_eq!((crawl.cursor.next_page, crawl.cursor.trouble), (None, None));

    let mut crawl = ScriptedCrawl::new(by_cursor());
    crawl.respond_until_accepted(&to("1", page("a", None)));
    assert_eq!(crawl.respond_until_accepted(&short("b", 3, None)), 2, "a short page is the last one");
}

#[test]
fn nothing_but_repeated_pages_is_a_dead_end() {
    let mut crawl = ScriptedCrawl::by_offset();
    crawl.respond_until_accepted(&page("a", Some(90)));
    for _ in 0..3 {
        assert_eq!(crawl.cursor.dead_end, None);
        crawl.respond_until_accepted(&page("a", Some(90)));
    }
    assert!(crawl.cursor.dead_end.is_some_and(|error| error.contains("again and again")));
}

#[test]
fn a_last_page_that_is_served_again_ends_the_list() {
    let mut crawl = ScriptedCrawl::new(by_page());
    crawl.respond_until_accepted(&page("a", None));
    crawl.respond_until_accepted(&page("b", None));
    assert_eq!(crawl.respond_until_accepted(&page("b", None)), 4);
    assert_eq!((crawl.cursor.next_page, crawl.cursor.received), (None, 20));
    assert_eq!((crawl.cursor.trouble, crawl.cursor.dead_end), (None, None));

    let mut crawl = ScriptedCrawl::new(by_page());
    crawl.respond_until_accepted(&page("a", None));
    crawl.respond_until_accepted(&page("a", None));
    assert!(crawl.cursor.trouble.is_some(), "the upstream ignores the page number");
}

#[test]
fn a_next_that_leads_back_is_a_dead_end_and_the_same_cursor_is_the_end() {
    let mut crawl = ScriptedCrawl::new(by_cursor());
    crawl.respond_until_accepted(&to("1", page("a", None)));
    crawl.respond_until_accepted(&to("2", page("b", None)));
    assert_eq!(crawl.respond_until_accepted(&to("1", page("c", None))), 3);
    let error = crawl.cursor.dead_end.expect("a dead end");
    assert_eq!(error, "the pages never end: page 2 leads back to a page that was already fetched");

    let mut crawl = ScriptedCrawl::new(by_cursor());
    crawl.respond_until_accepted(&to("1", page("a", None)));
    assert_eq!(crawl.respond_until_accepted(&to("1", page("b", None))), 2);
    assert_eq!((crawl.cursor.next_page, crawl.cursor.dead_end, crawl.cursor.trouble), (None, None, None));
}

#[test]
fn a_status_ends_a_list_of_positions_when_three_responses_in_a_row_have_it() {
    let config = config();
    let mut failures = FailureCounters::default();
    for (status, ends) in [(404, false), (404, false), (503, false), (404, false), (404, false), (404, true)]
    {
        failures.count(&FetchError::transient("", Some(status)), "page 3", &config);
        assert_eq!(failures.end_list(), ends);
    }
    let is_end = |status, token: &PageToken, config: &SourceConfig| {
        is_end_failure(&FetchError::refused("", Some(status)), token, config)
    };
    assert!(is_end(404, &PageToken::Offset(10), &config));
    assert!(!is_end(404, &PageToken::First, &config), "a wrong URL is no empty list");
    assert!(!is_end(503, &PageToken::Offset(10), &config));
    assert!(!is_end(404, &PageToken::Cursor("c".into()), &by_cursor()), "an expired cursor");
}
