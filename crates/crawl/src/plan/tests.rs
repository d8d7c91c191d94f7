mod ends;
mod shifts;
mod totals;

use super::*;
use crate::baseline::CompletePass;
use crate::fixtures::{config, crawl};
use crate::upstream::FetchError;
use quarry_config::{RequestMethod, Settings};

/// A source with this pagination and more settings.
fn source(pagination: &str, settings: &str) -> SourceConfig {
    let text = format!(
        "[[sources]]\nname = \"s\"\nurl = \"http://h/m\"\nitems = \"/items\"\n{settings}\n\
         pagination = {{ {pagination} }}\n[sources.fields]\nkey = \"/id\"\ntext = \"/text\""
    );
    Settings::from_toml(&text).expect("settings").sources.crawled.remove(0)
}

fn by_cursor() -> SourceConfig {
    source("kind = \"cursor\", cursor = \"after\", size = 10, next = \"/next\"", "")
}

fn by_page() -> SourceConfig {
    source("kind = \"page\", size = 10", "")
}

fn stated<T>(value: Option<T>) -> Stated<T> {
    value.map_or(Stated::Absent, Stated::Value)
}

/// A page of ten items, identified by its hash.
fn page(hash: &str, total: Option<i64>) -> PageFacts {
    let documents = (0..10).map(|n| Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("{hash}{n}").as_bytes()));
    PageFacts {
        items: 10,
        hash: hash.to_owned(),
        documents: documents.collect(),
        total: stated(total),
        ..PageFacts::default()
    }
}

/// The same with fewer items.
fn short(hash: &str, items: usize, total: Option<i64>) -> PageFacts {
    let mut page = page(hash, total);
    page.documents.truncate(items);
    PageFacts { items: items as u64, ..page }
}

fn empty(total: Option<i64>) -> PageFacts {
    PageFacts { hash: "empty".to_owned(), total: stated(total), ..PageFacts::default() }
}

fn to(cursor: &str, page: PageFacts) -> PageFacts {
    PageFacts { next: Stated::Value(NextPage::Cursor(cursor.to_owned())), ..page }
}

/// A page that states that it is the last one.
fn last(page: PageFacts) -> PageFacts {
    PageFacts { next: Stated::Empty, ..page }
}

/// A crawl of scripted responses.
struct ScriptedCrawl {
    cursor: CrawlCursor,
    history: SweepHistory,
    baseline: Baseline,
    suspects: SuspectResponses,
    config: SourceConfig,
}

impl ScriptedCrawl {
    fn new(config: SourceConfig) -> Self {
        Self {
            cursor: CrawlCursor::start(&config, crawl().id, &Baseline::default()),
            history: SweepHistory::default(),
            baseline: Baseline::default(),
            suspects: SuspectResponses::default(),
            config,
        }
    }

    fn by_offset() -> Self {
        Self::new(config())
    }

    /// A crawl after one that saw `documents`.
    fn after(documents: u64, config: SourceConfig) -> Self {
        let complete = Some(CompletePass { documents, page_size: 10, total: None, end_frame: None });
        Self { baseline: Baseline { complete, ..Baseline::default() }, ..Self::new(config) }
    }

    fn judge(&mut self, page: &PageFacts) -> Verdict {
        let context = PageContext {
            cursor: &self.cursor,
            history: &self.history,
            baseline: &self.baseline,
            config: &self.config,
        };
        judge(context, page, &mut self.suspects)
    }

    /// Responds with a page. Returns the reason why it is rejected.
    fn respond(&mut self, page: &PageFacts) -> Result<(), String> {
        match self.judge(page) {
            Verdict::Retry(reason) | Verdict::Fail(reason) => Err(reason),
            Verdict::Accept { after } => {
                if page.items > 0 {
                    self.history.pages.insert(page.hash.clone(), self.cursor.position);
                }
                self.history.documents.clone_from(&page.documents);
                self.history.tokens.extend(self.cursor.next_page.take());
                self.cursor = *after;
                self.suspects = SuspectResponses::default();
                Ok(())
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
    for (hash, offset) in [("a", 10), ("b", 20), ("c", 30)] {
        assert_eq!(crawl.respond(&page(hash, Some(37))), Ok(()));
        assert_eq!(crawl.cursor.next_page, Some(PageToken::Offset(offset)));
    }
    assert_eq!(crawl.respond(&short("d", 7, Some(37))), Ok(()));
    assert_eq!(crawl.cursor.next_page, None);
    assert!(crawl.cursor.end_reached && crawl.cursor.is_total_confirmed());
    assert_eq!((crawl.cursor.position, crawl.cursor.pages, crawl.cursor.received), (4, 4, 37));
    assert_eq!((crawl.cursor.offered, crawl.cursor.trouble), (37, None));
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
fn an_empty_page_repeats_nothing() {
    let mut crawl = ScriptedCrawl::new(by_cursor());
    let first = to("1", empty(Some(50)));
    assert_eq!(crawl.respond_until_accepted(&first), 2, "retried once, since it has a next page");
    assert_eq!(crawl.respond_until_accepted(&to("2", empty(Some(50)))), 2);
    assert_eq!((crawl.cursor.trouble, crawl.cursor.dead_end), (None, None));
}

#[test]
fn an_error_beside_the_items_is_retried_and_then_doubtful() {
    let error = "the body states an error beside its items at /error: timeout".to_owned();
    let doubtful = PageFacts { error: Some(error.clone()), ..page("a", Some(40)) };
    let mut crawl = ScriptedCrawl::by_offset();
    assert_eq!(crawl.respond(&doubtful), Err(error));
    assert_eq!(crawl.respond_until_accepted(&doubtful), 6);
    assert!(crawl.cursor.trouble.is_some_and(
        |trouble| trouble.contains("see `errors`") && trouble.starts_with("page 0 (the first): ")
    ));
}

#[test]
fn two_items_with_one_key_are_doubtful() {
    let conflict = "two different items of the page have the key \"1\"".to_owned();
    let doubtful = PageFacts { conflict: Some(conflict.clone()), ..page("a", None) };
    let mut crawl = ScriptedCrawl::by_offset();
    assert_eq!(crawl.respond_until_accepted(&doubtful), 2);
    assert_eq!((&crawl.cursor.trouble, &crawl.cursor.conflict), (&Some(conflict.clone()), &Some(conflict)));
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
    assert!(matches!(crawl.judge(&keyless("x")), Verdict::Retry(_)));
    assert!(matches!(crawl.judge(&keyless("x")), Verdict::Retry(_)));
    let Verdict::Fail(error) = crawl.judge(&keyless("x")) else { panic!("it does not fail") };
    assert!(error.contains("fields.key") && error.contains(r#"no key at "/id""#), "{error}");

    let mut crawl = ScriptedCrawl::by_offset();
    crawl.judge(&keyless("x"));
    crawl.judge(&keyless("x"));
    assert_eq!(crawl.respond(&page("a", Some(40))), Ok(()), "it was transient");
}

#[test]
fn rejected_items_are_skipped_after_three_responses_or_fail_the_crawl() {
    let invalid =
        PageFacts { rejected: 2, keyless: 1, rejection: Some("no key".to_owned()), ..page("a", Some(40)) };
    let mut crawl = ScriptedCrawl::by_offset();
    assert_eq!(crawl.respond(&invalid), Err("2 of 10 items are invalid: no key".to_owned()));
    assert_eq!(crawl.respond_until_accepted(&invalid), 2);
    assert_eq!((crawl.cursor.rejected, crawl.cursor.rejection.as_deref()), (2, Some("no key")));
    crawl.respond_until_accepted(&page("b", Some(40)));
    assert_eq!((crawl.cursor.rejected, crawl.cursor.absent), (2, 2));

    let mut crawl = ScriptedCrawl::new(source("kind = \"offset\", size = 10", "on_reject = \"fail\""));
    assert!(matches!(crawl.judge(&invalid), Verdict::Retry(_)));
    assert!(matches!(crawl.judge(&invalid), Verdict::Retry(_)));
    assert!(matches!(crawl.judge(&invalid), Verdict::Fail(error) if error.contains("no key")));
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

#[test]
fn a_refused_method_names_the_other_one() {
    let refused = FetchError::refused("405 Method Not Allowed", Some(405));
    let posts = SourceConfig { method: RequestMethod::Post, ..config() };
    for (config, expected) in [(config(), "POST"), (posts, "GET")] {
        let mut failures = FailureCounters::default();
        let error = (0..4).find_map(|_| failures.count(&refused, "page 0", &config)).expect("an error");
        assert!(error.ends_with(&format!("set `method = \"{expected}\"`")), "{error}");
    }
}

#[test]
fn a_page_by_position_can_be_skipped_but_not_one_after_the_other() {
    let config = config();
    let mut cursor = CrawlCursor::start(&config, crawl().id, &Baseline::default());
    cursor.total = Some(60);
    for offset in [10, 20, 30] {
        cursor = after_skipped(&cursor, &config, "page 1 could not be fetched").expect("a cursor");
        assert_eq!(cursor.next_page, Some(PageToken::Offset(offset)));
    }
    assert_eq!(cursor.trouble.as_deref(), Some("skipped: page 1 could not be fetched"));
    assert_eq!(after_skipped(&cursor, &config, "x"), None, "the upstream is down");
    assert_eq!(
        after_skipped(&CrawlCursor::start(&config, crawl().id, &Baseline::default()), &by_cursor(), "x"),
        None
    );
}
