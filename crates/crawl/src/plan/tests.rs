use super::*;
use crate::fixtures::{config, pointer};
use quarry_domain::Tally;

fn by_cursor() -> Pagination {
    let next = pointer("/next").into();
    let next_is = quarry_config::NextKind::Auto;
    Pagination::Cursor { cursor: "after".into(), limit: "limit".into(), size: 10, next, next_is }
}

/// A page of ten items, identified by its hash.
fn page(hash: &str, total: Option<i64>) -> PageFacts {
    PageFacts { items: 10, hash: hash.to_owned(), total, ..PageFacts::default() }
}

fn empty(total: Option<i64>) -> PageFacts {
    PageFacts { hash: "empty".to_owned(), total, ..PageFacts::default() }
}

fn to(cursor: &str, page: PageFacts) -> PageFacts {
    PageFacts { next: Some(NextPage::Cursor(cursor.to_owned())), ..page }
}

/// A crawl of scripted responses.
struct ScriptedCrawl {
    cursor: CrawlCursor,
    history: SweepHistory,
    suspects: SuspectResponses,
    pagination: Pagination,
}

impl ScriptedCrawl {
    fn new(pagination: Pagination) -> Self {
        let cursor = CrawlCursor::start(&config());
        Self { cursor, history: SweepHistory::default(), suspects: SuspectResponses::default(), pagination }
    }

    fn by_offset() -> Self {
        Self::new(config().pagination)
    }

    /// Responds with a page. Returns true for a restart of the count, or the rejection.
    fn respond(&mut self, page: &PageFacts) -> Result<bool, String> {
        match judge(&self.cursor, page, &self.history, &mut self.suspects, &self.pagination) {
            Verdict::Retry(reason) | Verdict::Fail(reason) => Err(reason),
            Verdict::Accept { after, restart } => {
                if page.items > 0 {
                    self.history.pages.insert(page.hash.clone(), self.cursor.position);
                }
                self.history.tokens.extend(self.cursor.next_page.take());
                self.cursor = *after;
                self.suspects = SuspectResponses::default();
                Ok(restart)
            }
        }
    }

    /// Responds with a page until it is accepted, and returns the number of responses.
    fn respond_until_accepted(&mut self, page: &PageFacts) -> usize {
        (1..100).find(|_| self.respond(page).is_ok()).expect("an accepted page")
    }
}

#[test]
fn pages_are_accepted_in_order() {
    let mut crawl = ScriptedCrawl::by_offset();
    for (hash, token) in [
        ("a", Some(PageToken::Offset(10))),
        ("b", Some(PageToken::Offset(20))),
        ("c", Some(PageToken::Offset(30))),
    ] {
        assert_eq!(crawl.respond(&page(hash, Some(40))), Ok(false));
        assert_eq!(crawl.cursor.next_page, token);
    }
    assert_eq!(crawl.respond(&page("d", Some(40))), Ok(false));
    assert_eq!(crawl.cursor.next_page, None);
    assert!(crawl.cursor.end_reached && crawl.cursor.is_total_confirmed());
    assert_eq!((crawl.cursor.position, crawl.cursor.pages, crawl.cursor.received), (4, 4, 40));
    assert_eq!(crawl.cursor.trouble, None);
}

#[test]
fn the_total_of_one_response_does_not_end_a_sweep() {
    let mut crawl = ScriptedCrawl::by_offset();
    assert!(crawl.respond(&page("a", Some(10))).is_err());
    assert_eq!(crawl.respond(&page("a", Some(10))), Ok(false));
    assert!(crawl.cursor.next_page.is_none() && crawl.cursor.is_total_confirmed());

    let mut crawl = ScriptedCrawl::by_offset();
    assert!(crawl.respond(&page("a", Some(10))).is_err());
    assert_eq!(crawl.respond(&page("a", Some(40))), Ok(false), "the second response contradicts it");
    assert_eq!((crawl.cursor.next_page, crawl.cursor.total), (Some(PageToken::Offset(10)), Some(40)));
}

#[test]
fn without_a_total_the_end_is_requested_twice() {
    let mut crawl = ScriptedCrawl::by_offset();
    assert_eq!(crawl.respond(&page("a", None)), Ok(false), "a page before the end is not");
    assert!(crawl.respond(&empty(None)).is_err());
    assert_eq!(crawl.respond(&page("b", None)), Ok(false), "it was wrong");
    assert_eq!(crawl.respond_until_accepted(&empty(None)), 2);
    assert_eq!((crawl.cursor.next_page.clone(), crawl.cursor.trouble.clone()), (None, None));

    let mut crawl = ScriptedCrawl::new(by_cursor());
    assert_eq!(crawl.respond_until_accepted(&page("a", None)), 2, "a missing cursor may be wrong as well");
    assert_eq!(crawl.cursor.next_page, None);
}

#[test]
fn ends_that_always_differ_are_doubtful() {
    let mut crawl = ScriptedCrawl::new(by_cursor());
    assert!(crawl.respond(&page("a", None)).is_err());
    assert!(crawl.respond(&page("b", None)).is_err());
    assert_eq!(crawl.respond(&page("c", None)), Ok(false));
    assert!(crawl.cursor.trouble.is_some());
}

#[test]
fn a_changed_total_is_accepted_when_stated_twice() {
    let mut crawl = ScriptedCrawl::by_offset();
    crawl.respond_until_accepted(&page("a", Some(40)));
    assert_eq!(crawl.respond(&page("b", Some(41))), Err("states a total of 41 after 40: retried".to_owned()));
    assert_eq!(crawl.respond(&page("b", Some(41))), Ok(true), "the count restarts with this page");
    assert_eq!((crawl.cursor.total, crawl.cursor.restarts, crawl.cursor.total_changed), (Some(41), 1, true));
    assert_eq!(crawl.cursor.next_page, Some(PageToken::Offset(20)), "the crawl does not");
    assert_eq!(crawl.respond(&page("c", Some(41))), Ok(false));
}

#[test]
fn a_total_that_is_wrong_once_changes_nothing() {
    let mut crawl = ScriptedCrawl::by_offset();
    crawl.respond_until_accepted(&page("a", Some(40)));
    assert!(crawl.respond(&page("b", Some(12))).is_err());
    assert_eq!(crawl.respond(&page("b", Some(40))), Ok(false));
    assert_eq!((crawl.cursor.total, crawl.cursor.restarts), (Some(40), 0));
    assert!(crawl.respond(&page("c", Some(12))).is_err(), "suspicions are counted by page");
    assert_eq!(crawl.respond(&page("c", None)), Ok(false), "a missing total is not another total");
    assert_eq!(crawl.cursor.total, Some(40));
}

#[test]
fn a_contradicted_total_is_not_confirmed_by_a_later_one() {
    let mut crawl = ScriptedCrawl::by_offset();
    crawl.respond_until_accepted(&page("a", Some(40)));
    assert!(crawl.respond(&page("b", Some(12))).is_err());
    assert!(crawl.respond(&page("a", Some(40))).is_err(), "contradicted, but a repeated page");
    assert!(crawl.respond(&page("b", Some(12))).is_err());
    assert_eq!(crawl.respond(&page("b", Some(40))), Ok(false));
}

#[test]
fn a_total_that_always_differs_does_not_block_the_crawl() {
    let mut crawl = ScriptedCrawl::by_offset();
    crawl.respond_until_accepted(&page("a", Some(40)));
    let given = (41..100).position(|total| crawl.respond(&page("b", Some(total))).is_ok());
    assert_eq!(given, Some(3));
}

#[test]
fn restarts_of_the_count_are_limited() {
    let mut crawl = ScriptedCrawl::by_offset();
    crawl.respond_until_accepted(&page("a", Some(1_000_000)));
    crawl.cursor.restarts = Tally::MAX_RESTARTS - 1;
    crawl.respond_until_accepted(&page("b", Some(1_000_001)));
    assert_eq!(crawl.cursor.restarts, Tally::MAX_RESTARTS - 1, "no tally is used twice");
    assert_eq!(crawl.cursor.dead_end.as_deref(), Some("the stated total changed 999 times"));
}

#[test]
fn a_repeated_page_is_retried_and_then_accepted() {
    let mut crawl = ScriptedCrawl::by_offset();
    crawl.respond_until_accepted(&page("a", Some(90)));
    let again = crawl.respond(&page("a", Some(90)));
    assert_eq!(again, Err("repeated page: the same items as page 0".to_owned()));
    assert_eq!(crawl.respond_until_accepted(&page("a", Some(90))), 5);
    assert_eq!(crawl.cursor.next_page, Some(PageToken::Offset(20)), "it continues");
    assert_eq!(crawl.cursor.trouble.as_deref(), Some("page 1 repeats another page of its sweep"));
    crawl.respond_until_accepted(&page("b", Some(90)));
    assert_eq!(crawl.cursor.dead_end, None);
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
fn an_empty_page_repeats_nothing() {
    let mut crawl = ScriptedCrawl::new(by_cursor());
    assert_eq!(
        crawl.respond_until_accepted(&to("1", empty(Some(50)))),
        2,
        "retried once, since it has a next page"
    );
    assert_eq!(crawl.respond_until_accepted(&to("2", empty(Some(50)))), 2);
    assert_eq!((crawl.cursor.trouble, crawl.cursor.dead_end), (None, None));
}

#[test]
fn an_end_below_the_total_is_retried_and_then_doubtful() {
    let mut crawl = ScriptedCrawl::by_offset();
    crawl.respond_until_accepted(&page("a", Some(40)));
    assert_eq!(crawl.respond(&empty(Some(40))), Err("ends after 10 items of 40 stated".to_owned()));
    assert_eq!(crawl.respond_until_accepted(&empty(Some(40))), 6);
    assert!(crawl.cursor.next_page.is_none() && crawl.cursor.end_reached);
    assert!(crawl.cursor.trouble.is_some());

    let mut crawl = ScriptedCrawl::new(by_cursor());
    crawl.respond_until_accepted(&to("1", page("a", Some(40))));
    assert!(crawl.respond(&page("b", Some(40))).is_err(), "a next page that is missing too early");
    assert_eq!(crawl.respond(&to("2", page("b", Some(40)))), Ok(false));
}

#[test]
fn a_next_that_leads_back_is_a_dead_end() {
    let mut crawl = ScriptedCrawl::new(by_cursor());
    crawl.respond_until_accepted(&to("1", page("a", None)));
    crawl.respond_until_accepted(&to("2", page("b", None)));
    assert_eq!(crawl.respond_until_accepted(&to("1", page("c", None))), 3);
    let error = crawl.cursor.dead_end.expect("a dead end");
    assert_eq!(error, "the pages never end: page 2 leads back to a page that was already fetched");

    let mut crawl = ScriptedCrawl::new(by_cursor());
    crawl.respond_until_accepted(&to("1", page("a", None)));
    crawl.respond_until_accepted(&to("1", page("b", None)));
    assert!(crawl.cursor.dead_end.is_some(), "a page may lead to itself");
}

#[test]
fn pages_without_any_key_fail_the_crawl_if_they_persist() {
    let keyless = |hash: &str| PageFacts {
        rejected: 10,
        keyless: 10,
        rejection: Some(r#"no key at "/id""#.to_owned()),
        ..page(hash, Some(40))
    };
    let mut crawl = ScriptedCrawl::by_offset();
    let verdict = |crawl: &mut ScriptedCrawl| {
        judge(&crawl.cursor, &keyless("x"), &crawl.history, &mut crawl.suspects, &crawl.pagination)
    };
    assert!(matches!(verdict(&mut crawl), Verdict::Retry(_)));
    assert!(matches!(verdict(&mut crawl), Verdict::Retry(_)));
    let Verdict::Fail(error) = verdict(&mut crawl) else { panic!("it does not fail") };
    assert!(error.contains("fields.key") && error.contains(r#"no key at "/id""#), "{error}");

    let mut crawl = ScriptedCrawl::by_offset();
    verdict(&mut crawl);
    verdict(&mut crawl);
    assert_eq!(crawl.respond(&page("a", Some(40))), Ok(false), "it was transient");
}

#[test]
fn invalid_items_are_skipped_after_three_responses() {
    let invalid =
        PageFacts { rejected: 2, keyless: 1, rejection: Some("no key".to_owned()), ..page("a", Some(40)) };
    let mut crawl = ScriptedCrawl::by_offset();
    assert_eq!(crawl.respond(&invalid), Err("2 of 10 items are invalid: no key".to_owned()));
    assert_eq!(crawl.respond_until_accepted(&invalid), 2);
    assert_eq!((crawl.cursor.rejected, crawl.cursor.rejection.as_deref()), (2, Some("no key")));
    crawl.respond_until_accepted(&page("b", Some(40)));
    assert_eq!(crawl.cursor.rejected, 2);
}

#[test]
fn failures_have_a_budget_and_refusals_a_smaller_one() {
    let config = config();
    let transient = FetchError::transient("503 Service Unavailable", Some(503));
    let mut failures = FailureCounters::default();
    for _ in 0..4 {
        assert_eq!(failures.count(&transient, "page 3", &config), None);
    }
    let error = "page 3 could not be fetched in 5 attempts; the last cause: 503 Service Unavailable";
    assert_eq!(failures.count(&transient, "page 3", &config).as_deref(), Some(error));

    let refused = FetchError::refused("404 Not Found", Some(404));
    let mut failures = FailureCounters::default();
    assert_eq!(failures.count(&refused, "page 3", &config), None);
    assert_eq!(failures.count(&transient, "page 3", &config), None);
    assert_eq!(failures.count(&refused, "page 3", &config), None);
    let error = "page 3 was refused 3 times; the last cause: 404 Not Found";
    assert_eq!(failures.count(&refused, "page 3", &config).as_deref(), Some(error));
}
