//! `quarry type` against a far end whose log holds what each test wants, and the comparison by itself.

mod comparison;
mod far_end;

use std::collections::HashMap;
use std::time::Duration;

use quarry::load_test::StoredSearch;
use quarry::load_test::plan::{Habits, Person, PlannedCount, Wait, persons};
use serde_json::Value;

use crate::support::folder::Folder;
use crate::support::process::Ended;
use far_end::{Desk, FarEnd, Refusals, count_of};

/// Short enough to wait for, and longer than what a busy machine makes a request wait.
const WINDOW: Duration = Duration::from_secs(2);

/// People who seldom pause.
fn habits(searches: usize) -> Habits {
    let of = |seed| Habits {
        seed,
        prefix: "run".to_owned(),
        searches,
        typo_rate: 0.3,
        backspace_rate: 0.2,
        anonymous_share: 0.5,
        track_share: 0.0,
        jitter_rate: 0.1,
        unsequenced_share: 0.0,
    };
    let pauses = |person: &Person| {
        let of_box = |deliveries: &[quarry::load_test::plan::Delivery]| {
            deliveries.iter().filter(|delivery| delivery.wait == Wait::Idle).count()
        };
        person.boxes.iter().map(|one| of_box(&one.deliveries)).max().unwrap_or(0)
    };
    (1..).map(of).find(|habits| persons(habits).all(|person| pauses(&person) <= 1)).unwrap()
}

/// What a right server stores.
fn right_rows(habits: &Habits) -> Vec<StoredSearch> {
    let mut rows = Vec::new();
    for person in persons(habits) {
        for search in person.boxes.iter().flat_map(|one| &one.searches) {
            let count = match search.count {
                PlannedCount::Unknown => None,
                PlannedCount::Sent(count) => Some(count),
                PlannedCount::Served => Some(count_of(&search.query)),
            };
            rows.push(StoredSearch {
                session: person.session.clone(),
                user: search.user.clone(),
                query: search.query.clone(),
                count,
            });
        }
    }
    rows
}

async fn type_against(urls: &[String], habits: &Habits, more: &[&str]) -> Ended {
    let mut arguments = vec!["type".to_owned()];
    for url in urls {
        arguments.extend(["--url".to_owned(), url.clone()]);
    }
    let shares = [
        ("--typo-rate", habits.typo_rate),
        ("--backspace-rate", habits.backspace_rate),
        ("--anonymous-share", habits.anonymous_share),
        ("--track-share", habits.track_share),
        ("--jitter-rate", habits.jitter_rate),
        ("--unsequenced-share", habits.unsequenced_share),
        ("--speed", 0.0),
    ];
    arguments.extend(shares.into_iter().flat_map(|(name, share)| [name.to_owned(), share.to_string()]));
    for (name, value) in [
        ("--searches", habits.searches.to_string()),
        ("--seed", habits.seed.to_string()),
        ("--session-prefix", habits.prefix.clone()),
        ("--window", humantime_of(WINDOW)),
    ] {
        arguments.extend([name.to_owned(), value]);
    }
    arguments.extend(more.iter().map(|&word| word.to_owned()));
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    Folder::new("").run(&arguments).await
}

fn humantime_of(duration: Duration) -> String {
    format!("{}ms", duration.as_millis())
}

/// The numbers below a table's head.
fn numbers(ended: &Ended, table: &str) -> HashMap<String, String> {
    let mut lines = ended.stdout.lines().skip_while(|line| !line.starts_with(table));
    let head = lines.next().unwrap_or_else(|| panic!("no {table}: {ended:?}"));
    // Names are of one word or two, in columns of twelve after the first of fifteen.
    let cells = |line: &str| -> Vec<String> {
        let cells: Vec<char> = line.chars().skip(15).collect();
        cells.chunks(12).map(|cell| cell.iter().collect::<String>().trim().to_owned()).collect()
    };
    cells(head).into_iter().zip(cells(lines.next().unwrap())).collect()
}

async fn check(rows: Vec<StoredSearch>, habits: &Habits, code: i32, expected: &[(&str, usize)]) -> Ended {
    let server = FarEnd::start(Desk { rows, ..Desk::default() });
    let ended = type_against(&[server.url()], habits, &["--patience", "1s"]).await;
    assert_eq!(ended.code, Some(code), "{ended:?}");
    let found = numbers(&ended, "searches");
    for (name, number) in expected {
        assert_eq!(found[*name], number.to_string(), "{name}: {ended:?}");
    }
    ended
}

#[tokio::test]
async fn what_is_stored_as_planned_is_clean_and_all_was_sent_as_planned() {
    let habits = habits(12);
    let mut rows = right_rows(&habits);
    // Other people's, over several pages; one has an id that begins alike.
    rows.extend((0..250).map(|number| StoredSearch {
        session: format!("run{number}"),
        user: None,
        query: "other".to_owned(),
        count: None,
    }));
    rows.reverse();
    let server = FarEnd::start(Desk { rows, ..Desk::default() });
    let ended = type_against(&[server.url()], &habits, &[]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let found = numbers(&ended, "searches");
    assert_eq!((found["expected"].as_str(), found["stored"].as_str()), ("12", "12"), "{ended:?}");
    assert!(ended.stdout.contains("No request failed."), "{ended:?}");

    let desk = server.desk();
    for person in persons(&habits) {
        for planned in &person.boxes {
            let of_box = |sent: &&Value| {
                sent["sessionId"] == person.session && sent["inputId"].as_str() == planned.input.as_deref()
            };
            let sent: Vec<&Value> = desk.taken.iter().filter(of_box).collect();
            assert_eq!(sent.len(), planned.deliveries.len());
            for (sent, planned) in sent.iter().zip(&planned.deliveries) {
                let typed = &planned.keystroke;
                assert_eq!(sent["text"], typed.text);
                assert_eq!(sent["userId"].as_str(), typed.user.as_deref());
                assert_eq!(sent["sequence"].as_i64(), typed.sequence);
                assert_eq!(sent["submitted"].as_bool().unwrap_or(false), typed.submitted);
                assert_eq!(sent["resultCount"].as_i64(), typed.result_count);
            }
        }
    }
    assert!(desk.requests.iter().all(|keystrokes| *keystrokes == 1));
}

#[tokio::test]
async fn a_missing_row_is_found() {
    let habits = habits(6);
    let mut rows = right_rows(&habits);
    let gone = rows.remove(2);
    let ended = check(rows, &habits, 1, &[("missing", 1), ("extra", 0), ("stored", 5)]).await;
    assert!(ended.stdout.contains(&gone.query), "{ended:?}");
}

#[tokio::test]
async fn a_row_too_many_is_found() {
    let habits = habits(6);
    let mut rows = right_rows(&habits);
    rows.push(rows[1].clone());
    check(rows, &habits, 1, &[("missing", 0), ("extra", 1), ("half-words", 0)]).await;
}

#[tokio::test]
async fn a_half_word_is_found() {
    let habits = habits(6);
    let mut rows = right_rows(&habits);
    let mut half = rows[0].clone();
    half.query = half.query.chars().take(2).collect();
    rows.push(half);
    check(rows, &habits, 1, &[("missing", 0), ("extra", 1), ("half-words", 1)]).await;
}

#[tokio::test]
async fn a_row_of_another_user_or_count_is_found() {
    let habits = habits(10);
    let mut rows = right_rows(&habits);
    rows.iter_mut().find(|row| row.count.is_none()).unwrap().user = Some("somebody".to_owned());
    let counted = rows.iter_mut().find(|row| row.count.is_some()).unwrap();
    counted.count = Some(-1);
    check(rows, &habits, 1, &[("missing", 0), ("extra", 0), ("wrong user", 1), ("wrong count", 1)]).await;
}

#[tokio::test]
async fn batches_and_searches_carry_the_same_keystrokes() {
    let habits = Habits { track_share: 0.3, ..habits(8) };
    let server = FarEnd::start(Desk { rows: right_rows(&habits), ..Desk::default() });
    let ended = type_against(&[server.url()], &habits, &["--batch", "7"]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stdout.contains("search(track:)"), "{ended:?}");
    let desk = server.desk();
    assert!(desk.requests.contains(&7), "{:?}", desk.requests);
    assert!(desk.requests.iter().all(|keystrokes| *keystrokes <= 7));
    let planned: usize = persons(&habits).flat_map(|one| one.boxes).map(|one| one.deliveries.len()).sum();
    assert_eq!(desk.taken.len(), planned);
    assert!(desk.taken.iter().any(|sent| sent["tracked"] == true));
}

#[tokio::test]
async fn refused_keystrokes_are_sent_again_with_the_same_sequence() {
    let habits = Habits { track_share: 0.2, ..habits(8) };
    let refusals = Refusals {
        code: "BUFFER_UNAVAILABLE",
        begin: |taken, _| taken.len() > 20,
        lasts: Duration::from_millis(400),
        began: None,
    };
    let desk = Desk { rows: right_rows(&habits), refusals: Some(refusals), ..Desk::default() };
    let server = FarEnd::start(desk);
    let ended = type_against(&[server.url()], &habits, &[]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stdout.contains("BUFFER_UNAVAILABLE"), "{ended:?}");
    let desk = server.desk();
    assert!(!desk.refused.is_empty());
    for refused in &desk.refused {
        assert!(desk.taken.contains(refused), "{refused} was not sent again as it was");
    }
    let planned: usize = persons(&habits).flat_map(|one| one.boxes).map(|one| one.deliveries.len()).sum();
    assert_eq!(desk.taken.len(), planned, "and each once");
}

/// One more letter of what stands in the same box.
fn goes_on(taken: &[Value], sent: &Value) -> bool {
    last_of_box(taken, sent).is_some_and(|last| {
        let (last, text) = (last["text"].as_str().unwrap(), sent["text"].as_str().unwrap());
        last.chars().count() >= 3 && text.len() > last.len() && text.starts_with(last.trim_end())
    })
}

fn last_of_box<'t>(taken: &'t [Value], sent: &Value) -> Option<&'t Value> {
    let is_same = |one: &&Value| one["sessionId"] == sent["sessionId"] && one["inputId"] == sent["inputId"];
    taken.iter().rev().find(is_same).filter(|last| last["submitted"] != true)
}

#[tokio::test]
async fn a_search_that_an_outage_cut_in_two_is_no_difference() {
    let habits = Habits { jitter_rate: 0.0, ..habits(1) };
    let refusals = Refusals {
        code: "BUFFER_UNAVAILABLE",
        begin: goes_on,
        lasts: WINDOW + Duration::from_millis(200),
        began: None,
    };
    let rows = right_rows(&habits);
    let server = FarEnd::start(Desk { rows, refusals: Some(refusals), ..Desk::default() });
    let (url, desk) = (server.url(), &server);
    let typing = type_against(std::slice::from_ref(&url), &habits, &[]);
    let storing = crate::support::wait::until("a refused keystroke", async || {
        let mut desk = desk.desk();
        let refused = desk.refused.first()?.clone();
        let last = last_of_box(&desk.taken, &refused)?.clone();
        let mut piece = desk.rows[0].clone();
        piece.query = last["text"].as_str()?.trim().to_owned();
        desk.rows.push(piece);
        Some(())
    });
    let (ended, ()) = tokio::join!(typing, storing);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let found = numbers(&ended, "searches");
    assert_eq!((found["stored"].as_str(), found["extra"].as_str()), ("2", "0"), "{ended:?}");
    assert!(ended.stdout.contains("1 more stored, rightly"), "{ended:?}");
}

#[tokio::test]
async fn patience_ends_and_everybody_stops() {
    let habits = habits(8);
    let refusals =
        Refusals { code: "TOO_BUSY", begin: |taken, _| taken.len() > 20, lasts: Duration::MAX, began: None };
    let server = FarEnd::start(Desk { refusals: Some(refusals), ..Desk::default() });
    let ended = type_against(&[server.url()], &habits, &["--patience", "500ms"]).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(
        ended.stdout.contains("no server took a keystroke") && ended.stdout.contains("TOO_BUSY"),
        "{ended:?}"
    );
    assert_ne!(numbers(&ended, "keystrokes")["unaccepted"], "0");
}

#[tokio::test]
async fn a_refusal_for_good_stops_at_once() {
    let habits = habits(8);
    let refusals = Refusals { code: "BAD_USER_INPUT", begin: |_, _| true, lasts: Duration::MAX, began: None };
    let server = FarEnd::start(Desk { refusals: Some(refusals), ..Desk::default() });
    let ended = type_against(&[server.url()], &habits, &["--patience", "1h"]).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stdout.contains("refused for good: BAD_USER_INPUT"), "{ended:?}");
}

#[tokio::test]
async fn with_one_of_two_servers_gone_the_other_gets_it_all() {
    let habits = habits(12);
    let server = FarEnd::start(Desk { rows: right_rows(&habits), ..Desk::default() });
    let another = server.another();
    let urls = [server.url(), another.url()];
    let typing = type_against(&urls, &habits, &["--concurrency", "2"]);
    let stopping = async {
        let begun = async || (server.desk().taken.len() > 10).then_some(());
        crate::support::wait::until("typing", begun).await;
        drop(another);
    };
    let (ended, ()) = tokio::join!(typing, stopping);
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

#[tokio::test]
async fn what_cannot_be_typed_against_is_said_before_anything_is_typed() {
    let habits = habits(4);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let free = taken.local_addr().unwrap();
    drop(taken);
    let ended = type_against(&[format!("http://{free}")], &habits, &[]).await;
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.stderr.contains(&free.to_string()) && ended.stderr.contains("quarry serve"), "{ended:?}");

    let server = FarEnd::start(Desk::default());
    let ended = type_against(&[format!("{}/nowhere", server.url())], &habits, &[]).await;
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.stderr.contains("HTTP_404"), "{ended:?}");

    for (mistake, said) in [
        (&["--typo-rate", "2"][..], "from 0 to 1"),
        (&["--url", "nowhere:8000"], "http://127.0.0.1:8000"),
        (&["--window", "0s"], "longer than nothing"),
        (&["--batch", "101"], "1 to 100"),
        (&["--speed", "5"], "--speed"),
    ] {
        let arguments: Vec<&str> = ["type"].iter().chain(mistake).copied().collect();
        let ended = Folder::new("").run(&arguments).await;
        assert_eq!(ended.code, Some(2), "{mistake:?}: {ended:?}");
        assert!(ended.stderr.contains(said), "{mistake:?}: {ended:?}");
    }
    assert!(server.desk().taken.is_empty());
}
