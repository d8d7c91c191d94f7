use std::time::Duration;

use url::Url;

use super::*;
use quarry_config::{FieldMap, JsonPointer, Language};
use quarry_domain::{SourceName, Tally};

pub(crate) fn config() -> SourceConfig {
    let pointer = |text: &str| JsonPointer::parse(text).expect("a pointer");
    SourceConfig {
        name: SourceName::parse("s").expect("a name"),
        url: Url::parse("http://h/m").expect("a URL"),
        items: pointer("/items"),
        total: Some(pointer("/total")),
        pagination: Pagination::Offset { offset: "skip".into(), limit: "limit".into(), size: 10 },
        fields: FieldMap {
            key: pointer("/id"),
            text: pointer("/text"),
            title: None,
            category: None,
            author_key: None,
            author_name: None,
            published_at: None,
        },
        headers: Vec::new(),
        language: Language::None,
        delay: Duration::ZERO,
        timeout: Duration::from_secs(1),
        refresh: None,
        max_attempts: 5,
        max_refusals: 2,
        backoff: Duration::ZERO,
        max_backoff: Duration::ZERO,
        max_retry_after: Duration::ZERO,
        max_body_bytes: 1,
        max_pages: 100,
        max_sweeps: 4,
        max_redirects: 0,
        redirect_hosts: Vec::new(),
        max_duration: Duration::from_secs(60),
        max_shrink: 0.2,
    }
}

fn by_cursor() -> Pagination {
    let next = JsonPointer::parse("/next").expect("a pointer");
    Pagination::Cursor { cursor: "after".into(), limit: "limit".into(), size: 10, next }
}

/// An answer of ten items, told from others by its hash.
fn answer(hash: &str, total: Option<i64>) -> Answer {
    Answer { items: 10, hash: hash.to_owned(), total, ..Answer::default() }
}

fn empty(total: Option<i64>) -> Answer {
    Answer { hash: "empty".to_owned(), total, ..Answer::default() }
}

fn to(cursor: &str, answer: Answer) -> Answer {
    Answer { next: Some(Next::Cursor(cursor.to_owned())), ..answer }
}

/// A crawl that goes from answer to answer, as the crawler does.
struct Walk {
    cursor: Cursor,
    trail: Trail,
    doubts: Doubts,
    pagination: Pagination,
}

impl Walk {
    fn new(pagination: Pagination) -> Self {
        let cursor = Cursor::start(&config());
        Self { cursor, trail: Trail::default(), doubts: Doubts::default(), pagination }
    }

    fn by_offset() -> Self {
        Self::new(config().pagination)
    }

    /// Gives an answer; tells why it is asked for again, or that it was taken.
    fn give(&mut self, answer: &Answer) -> Result<bool, String> {
        match judge(&self.cursor, answer, &self.trail, &mut self.doubts, &self.pagination) {
            Verdict::Again(cause) | Verdict::Fail(cause) => Err(cause),
            Verdict::Take { after, restart } => {
                if answer.items > 0 {
                    self.trail.pages.insert(answer.hash.clone(), self.cursor.position);
                }
                self.trail.places.extend(self.cursor.place.take());
                self.cursor = *after;
                self.doubts = Doubts::default();
                Ok(restart)
            }
        }
    }

    /// Gives an answer until it is taken; tells how often it was given.
    fn insist(&mut self, answer: &Answer) -> usize {
        (1..100).find(|_| self.give(answer).is_ok()).expect("it is taken in the end")
    }
}

#[test]
fn pages_are_taken_one_after_the_other() {
    let mut walk = Walk::by_offset();
    for (hash, place) in
        [("a", Some(Place::Offset(10))), ("b", Some(Place::Offset(20))), ("c", Some(Place::Offset(30)))]
    {
        assert_eq!(walk.give(&answer(hash, Some(40))), Ok(false));
        assert_eq!(walk.cursor.place, place);
    }
    assert_eq!(walk.give(&answer("d", Some(40))), Ok(false));
    assert_eq!(walk.cursor.place, None);
    assert!(walk.cursor.end_reached && walk.cursor.is_total_believed());
    assert_eq!((walk.cursor.position, walk.cursor.pages, walk.cursor.received), (4, 4, 40));
    assert_eq!(walk.cursor.trouble, None);
}

#[test]
fn a_total_that_one_answer_stated_ends_nothing_alone() {
    let mut walk = Walk::by_offset();
    assert!(walk.give(&answer("a", Some(10))).is_err());
    assert_eq!(walk.give(&answer("a", Some(10))), Ok(false));
    assert!(walk.cursor.place.is_none() && walk.cursor.is_total_believed());

    let mut walk = Walk::by_offset();
    assert!(walk.give(&answer("a", Some(10))).is_err());
    assert_eq!(walk.give(&answer("a", Some(40))), Ok(false), "the second answer denies it");
    assert_eq!((walk.cursor.place, walk.cursor.total), (Some(Place::Offset(10)), Some(40)));
}

#[test]
fn without_a_total_the_end_is_asked_for_twice() {
    let mut walk = Walk::by_offset();
    assert_eq!(walk.give(&answer("a", None)), Ok(false), "a page on the way is not");
    assert!(walk.give(&empty(None)).is_err());
    assert_eq!(walk.give(&answer("b", None)), Ok(false), "it was a lie");
    assert_eq!(walk.insist(&empty(None)), 2);
    assert_eq!((walk.cursor.place.clone(), walk.cursor.trouble.clone()), (None, None));

    let mut walk = Walk::new(by_cursor());
    assert_eq!(walk.insist(&answer("a", None)), 2, "a cursor that is missing may be a lie as well");
    assert_eq!(walk.cursor.place, None);
}

#[test]
fn ends_that_differ_all_the_time_are_doubtful() {
    let mut walk = Walk::new(by_cursor());
    assert!(walk.give(&answer("a", None)).is_err());
    assert!(walk.give(&answer("b", None)).is_err());
    assert_eq!(walk.give(&answer("c", None)), Ok(false));
    assert!(walk.cursor.trouble.is_some());
}

#[test]
fn a_moved_total_is_believed_when_it_is_said_twice() {
    let mut walk = Walk::by_offset();
    walk.insist(&answer("a", Some(40)));
    assert_eq!(
        walk.give(&answer("b", Some(41))),
        Err("states a total of 41 after 40: asked again".to_owned())
    );
    assert_eq!(walk.give(&answer("b", Some(41))), Ok(true), "the count restarts with this page");
    assert_eq!((walk.cursor.total, walk.cursor.restarts, walk.cursor.moved), (Some(41), 1, true));
    assert_eq!(walk.cursor.place, Some(Place::Offset(20)), "the crawl does not");
    assert_eq!(walk.give(&answer("c", Some(41))), Ok(false));
}

#[test]
fn a_total_that_lies_once_changes_nothing() {
    let mut walk = Walk::by_offset();
    walk.insist(&answer("a", Some(40)));
    assert!(walk.give(&answer("b", Some(12))).is_err());
    assert_eq!(walk.give(&answer("b", Some(40))), Ok(false));
    assert_eq!((walk.cursor.total, walk.cursor.restarts), (Some(40), 0));
    assert!(walk.give(&answer("c", Some(12))).is_err(), "the doubts of one page are not the next one's");
    assert_eq!(walk.give(&answer("c", None)), Ok(false), "no total is no other total");
    assert_eq!(walk.cursor.total, Some(40));
}

#[test]
fn a_lie_that_was_denied_meanwhile_is_not_confirmed_by_another() {
    let mut walk = Walk::by_offset();
    walk.insist(&answer("a", Some(40)));
    assert!(walk.give(&answer("b", Some(12))).is_err());
    assert!(walk.give(&answer("a", Some(40))).is_err(), "denied, but a repeated page");
    assert!(walk.give(&answer("b", Some(12))).is_err());
    assert_eq!(walk.give(&answer("b", Some(40))), Ok(false));
}

#[test]
fn a_total_that_differs_with_every_answer_does_not_hold_the_crawl_up() {
    let mut walk = Walk::by_offset();
    walk.insist(&answer("a", Some(40)));
    let given = (41..100).position(|total| walk.give(&answer("b", Some(total))).is_ok());
    assert_eq!(given, Some(3));
}

#[test]
fn the_count_restarts_only_so_often() {
    let mut walk = Walk::by_offset();
    walk.insist(&answer("a", Some(1_000_000)));
    walk.cursor.restarts = Tally::MAX_RESTARTS - 1;
    walk.insist(&answer("b", Some(1_000_001)));
    assert_eq!(walk.cursor.restarts, Tally::MAX_RESTARTS - 1, "no tally is used twice");
    assert_eq!(walk.cursor.dead_end.as_deref(), Some("the stated total moved 999 times"));
}

#[test]
fn a_repeated_page_is_asked_for_again_and_then_taken() {
    let mut walk = Walk::by_offset();
    walk.insist(&answer("a", Some(90)));
    let again = walk.give(&answer("a", Some(90)));
    assert_eq!(again, Err("repeated page: the same items as page 0".to_owned()));
    assert_eq!(walk.insist(&answer("a", Some(90))), 5);
    assert_eq!(walk.cursor.place, Some(Place::Offset(20)), "it goes on");
    assert_eq!(walk.cursor.trouble.as_deref(), Some("page 1 repeats another page of its sweep"));
    walk.insist(&answer("b", Some(90)));
    assert_eq!(walk.cursor.dead_end, None);
}

#[test]
fn nothing_but_repeated_pages_is_a_dead_end() {
    let mut walk = Walk::by_offset();
    walk.insist(&answer("a", Some(90)));
    for _ in 0..3 {
        assert_eq!(walk.cursor.dead_end, None);
        walk.insist(&answer("a", Some(90)));
    }
    assert!(walk.cursor.dead_end.is_some_and(|error| error.contains("again and again")));
}

#[test]
fn an_empty_page_repeats_nothing() {
    let mut walk = Walk::new(by_cursor());
    assert_eq!(walk.insist(&to("1", empty(Some(50)))), 2, "asked for again once, since there is a next");
    assert_eq!(walk.insist(&to("2", empty(Some(50)))), 2);
    assert_eq!((walk.cursor.trouble, walk.cursor.dead_end), (None, None));
}

#[test]
fn an_end_below_the_total_is_asked_for_again_and_then_doubtful() {
    let mut walk = Walk::by_offset();
    walk.insist(&answer("a", Some(40)));
    assert_eq!(walk.give(&empty(Some(40))), Err("ends after 10 items of 40 stated".to_owned()));
    assert_eq!(walk.insist(&empty(Some(40))), 6);
    assert!(walk.cursor.place.is_none() && walk.cursor.end_reached);
    assert!(walk.cursor.trouble.is_some());

    let mut walk = Walk::new(by_cursor());
    walk.insist(&to("1", answer("a", Some(40))));
    assert!(walk.give(&answer("b", Some(40))).is_err(), "a next that is missing too early");
    assert_eq!(walk.give(&to("2", answer("b", Some(40)))), Ok(false));
}

#[test]
fn a_next_that_leads_back_is_a_dead_end() {
    let mut walk = Walk::new(by_cursor());
    walk.insist(&to("1", answer("a", None)));
    walk.insist(&to("2", answer("b", None)));
    assert_eq!(walk.insist(&to("1", answer("c", None))), 3);
    let error = walk.cursor.dead_end.expect("a dead end");
    assert_eq!(error, "the pages never end: page 2 leads back to a page that was already fetched");

    let mut walk = Walk::new(by_cursor());
    walk.insist(&to("1", answer("a", None)));
    walk.insist(&to("1", answer("b", None)));
    assert!(walk.cursor.dead_end.is_some(), "a page may lead to itself");
}

#[test]
fn a_page_without_a_single_key_means_a_wrong_mapping_if_it_stays_so() {
    let keyless = |hash: &str| Answer {
        rejected: 10,
        keyless: 10,
        rejection: Some(r#"no key at "/id""#.to_owned()),
        ..answer(hash, Some(40))
    };
    let mut walk = Walk::by_offset();
    let verdict =
        |walk: &mut Walk| judge(&walk.cursor, &keyless("x"), &walk.trail, &mut walk.doubts, &walk.pagination);
    assert!(matches!(verdict(&mut walk), Verdict::Again(_)));
    assert!(matches!(verdict(&mut walk), Verdict::Again(_)));
    let Verdict::Fail(error) = verdict(&mut walk) else { panic!("it fails") };
    assert!(error.contains("fields.key") && error.contains(r#"no key at "/id""#), "{error}");

    let mut walk = Walk::by_offset();
    verdict(&mut walk);
    verdict(&mut walk);
    assert_eq!(walk.give(&answer("a", Some(40))), Ok(false), "it was a fault");
}

#[test]
fn damaged_items_are_left_out_after_three_answers() {
    let damaged =
        Answer { rejected: 2, keyless: 1, rejection: Some("no key".to_owned()), ..answer("a", Some(40)) };
    let mut walk = Walk::by_offset();
    assert_eq!(walk.give(&damaged), Err("2 of 10 items cannot be taken: no key".to_owned()));
    assert_eq!(walk.insist(&damaged), 2);
    assert_eq!((walk.cursor.rejected, walk.cursor.rejection.as_deref()), (2, Some("no key")));
    walk.insist(&answer("b", Some(40)));
    assert_eq!(walk.cursor.rejected, 2);
}

#[test]
fn failures_of_a_page_have_a_budget_and_refusals_a_smaller_one() {
    let config = config();
    let transient = FetchError::transient("503 Service Unavailable", Some(503));
    let mut failures = Failures::default();
    for _ in 0..4 {
        assert_eq!(failures.count(&transient, "page 3", &config), None);
    }
    let error = "page 3 could not be fetched in 5 attempts; the last cause: 503 Service Unavailable";
    assert_eq!(failures.count(&transient, "page 3", &config).as_deref(), Some(error));

    let refused = FetchError::refused("404 Not Found", Some(404));
    let mut failures = Failures::default();
    assert_eq!(failures.count(&refused, "page 3", &config), None);
    assert_eq!(failures.count(&transient, "page 3", &config), None);
    assert_eq!(failures.count(&refused, "page 3", &config), None);
    let error = "page 3 was refused 3 times; the last cause: 404 Not Found";
    assert_eq!(failures.count(&refused, "page 3", &config).as_deref(), Some(error));
}
