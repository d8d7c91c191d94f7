//! `quarry type` against a fake server, and the comparison of rows.

mod comparison;
mod fake_server;

use std::collections::HashMap;
use std::time::Duration;

use quarry::load_test::StoredSearch;
use quarry::load_test::plan::{PlannedCount, ThinkTime, UserProfile, VirtualUser, virtual_users};
use serde_json::Value;

use crate::support::folder::Folder;
use crate::support::process::ProcessOutput;
use fake_server::{FakeServer, FakeServerState, Rejections, count_of};

/// The window: short, but longer than a request takes on a busy machine.
const WINDOW: Duration = Duration::from_secs(2);

/// A profile of virtual users with at most one pause.
fn profile(searches: usize) -> UserProfile {
    let of = |seed| UserProfile {
        seed,
        prefix: "run".to_owned(),
        searches,
        typo_rate: 0.3,
        backspace_rate: 0.2,
        anonymous_share: 0.5,
        track_share: 0.0,
        jitter_rate: 0.1,
        pause_rate: 0.0,
        composed_rate: 0.1,
        paging_rate: 0.0,
        unsequenced_share: 0.0,
    };
    let pauses = |virtual_user: &VirtualUser| {
        let of_box = |deliveries: &[quarry::load_test::plan::Delivery]| {
            deliveries.iter().filter(|delivery| delivery.wait == ThinkTime::Idle).count()
        };
        virtual_user.boxes.iter().map(|one| of_box(&one.deliveries)).max().unwrap_or(0)
    };
    (1..)
        .map(of)
        .find(|profile| virtual_users(profile).all(|virtual_user| pauses(&virtual_user) <= 1))
        .unwrap()
}

/// The rows that a correct server stores.
fn right_rows(profile: &UserProfile) -> Vec<StoredSearch> {
    let mut rows = Vec::new();
    for virtual_user in virtual_users(profile) {
        for search in virtual_user.boxes.iter().flat_map(|one| &one.searches) {
            let count = match search.count {
                PlannedCount::Unknown => None,
                PlannedCount::Sent(count) => Some(count),
                PlannedCount::Served => Some(count_of(&search.query)),
            };
            rows.push(StoredSearch {
                session: virtual_user.session.clone(),
                user: search.user.clone(),
                query: search.query.clone(),
                count,
            });
        }
    }
    rows
}

async fn type_against(urls: &[String], profile: &UserProfile, more: &[&str]) -> ProcessOutput {
    let mut arguments = vec!["type".to_owned()];
    for url in urls {
        arguments.extend(["--url".to_owned(), url.clone()]);
    }
    let shares = [
        ("--typo-rate", profile.typo_rate),
        ("--backspace-rate", profile.backspace_rate),
        ("--anonymous-share", profile.anonymous_share),
        ("--track-share", profile.track_share),
        ("--jitter-rate", profile.jitter_rate),
        ("--pause-rate", profile.pause_rate),
        ("--composed-rate", profile.composed_rate),
        ("--paging-rate", profile.paging_rate),
        ("--unsequenced-share", profile.unsequenced_share),
        ("--speed", 0.0),
    ];
    arguments.extend(shares.into_iter().flat_map(|(name, share)| [name.to_owned(), share.to_string()]));
    for (name, value) in [
        ("--searches", profile.searches.to_string()),
        ("--seed", profile.seed.to_string()),
        ("--session-prefix", profile.prefix.clone()),
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

/// The numbers below the header of a table.
fn numbers(ended: &ProcessOutput, table: &str) -> HashMap<String, String> {
    let mut lines = ended.stdout.lines().skip_while(|line| !line.starts_with(table));
    let head = lines.next().unwrap_or_else(|| panic!("no {table}: {ended:?}"));
    // Columns are 12 characters wide after the first of 15.
    let cells = |line: &str| -> Vec<String> {
        let cells: Vec<char> = line.chars().skip(15).collect();
        cells.chunks(12).map(|cell| cell.iter().collect::<String>().trim().to_owned()).collect()
    };
    cells(head).into_iter().zip(cells(lines.next().unwrap())).collect()
}

async fn check(
    rows: Vec<StoredSearch>,
    profile: &UserProfile,
    code: i32,
    expected: &[(&str, usize)],
) -> ProcessOutput {
    let server = FakeServer::start(FakeServerState { rows, ..FakeServerState::default() });
    let ended = type_against(&[server.url()], profile, &["--patience", "1s"]).await;
    assert_eq!(ended.code, Some(code), "{ended:?}");
    let found = numbers(&ended, "searches");
    for (name, number) in expected {
        assert_eq!(found[*name], number.to_string(), "{name}: {ended:?}");
    }
    ended
}

#[tokio::test]
async fn rows_as_planned_pass_and_all_keystrokes_are_sent_as_planned() {
    let profile = profile(12);
    let mut rows = right_rows(&profile);
    // Rows of other sessions over several pages, with ids that resemble the prefix.
    rows.extend((0..250).map(|number| StoredSearch {
        session: format!("run{number}"),
        user: None,
        query: "other".to_owned(),
        count: None,
    }));
    rows.reverse();
    let server = FakeServer::start(FakeServerState { rows, ..FakeServerState::default() });
    let ended = type_against(&[server.url()], &profile, &[]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let found = numbers(&ended, "searches");
    assert_eq!((found["expected"].as_str(), found["stored"].as_str()), ("12", "12"), "{ended:?}");
    assert!(ended.stdout.contains("No request failed."), "{ended:?}");

    let state = server.state();
    for virtual_user in virtual_users(&profile) {
        for planned in &virtual_user.boxes {
            let of_box = |sent: &&Value| {
                sent["sessionId"] == virtual_user.session
                    && sent["inputId"].as_str() == planned.input.as_deref()
            };
            let sent: Vec<&Value> = state.taken.iter().filter(of_box).collect();
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
    assert!(state.requests.iter().all(|keystrokes| *keystrokes == 1));
}

#[tokio::test]
async fn a_missing_row_is_found() {
    let profile = profile(6);
    let mut rows = right_rows(&profile);
    let gone = rows.remove(2);
    let ended = check(rows, &profile, 1, &[("missing", 1), ("extra", 0), ("stored", 5)]).await;
    assert!(ended.stdout.contains(&gone.query), "{ended:?}");
}

#[tokio::test]
async fn a_row_too_many_is_found() {
    let profile = profile(6);
    let mut rows = right_rows(&profile);
    rows.push(rows[1].clone());
    check(rows, &profile, 1, &[("missing", 0), ("extra", 1), ("half-words", 0)]).await;
}

#[tokio::test]
async fn a_half_word_is_found() {
    let profile = profile(6);
    let mut rows = right_rows(&profile);
    let mut half = rows[0].clone();
    half.query = half.query.chars().take(2).collect();
    rows.push(half);
    check(rows, &profile, 1, &[("missing", 0), ("extra", 1), ("half-words", 1)]).await;
}

#[tokio::test]
async fn a_row_of_another_user_or_count_is_found() {
    let profile = profile(10);
    let mut rows = right_rows(&profile);
    rows.iter_mut().find(|row| row.count.is_none()).unwrap().user = Some("somebody".to_owned());
    let counted = rows.iter_mut().find(|row| row.count.is_some()).unwrap();
    counted.count = Some(-1);
    check(rows, &profile, 1, &[("missing", 0), ("extra", 0), ("wrong user", 1), ("wrong count", 1)]).await;
}

#[tokio::test]
async fn batches_and_searches_carry_the_same_keystrokes() {
    let profile = UserProfile { track_share: 0.3, ..profile(8) };
    let server =
        FakeServer::start(FakeServerState { rows: right_rows(&profile), ..FakeServerState::default() });
    let ended = type_against(&[server.url()], &profile, &["--batch", "7"]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stdout.contains("search(track:)"), "{ended:?}");
    let state = server.state();
    assert!(state.requests.contains(&7), "{:?}", state.requests);
    assert!(state.requests.iter().all(|keystrokes| *keystrokes <= 7));
    let planned: usize =
        virtual_users(&profile).flat_map(|one| one.boxes).map(|one| one.deliveries.len()).sum();
    assert_eq!(state.taken.len(), planned);
    assert!(state.taken.iter().any(|sent| sent["tracked"] == true));
}

#[tokio::test]
async fn refused_keystrokes_are_sent_again_with_the_same_sequence() {
    let profile = UserProfile { track_share: 0.2, ..profile(8) };
    let rejections = Rejections {
        code: "BUFFER_UNAVAILABLE",
        begin: |taken, _| taken.len() > 20,
        lasts: Duration::from_millis(400),
        began: None,
    };
    let state = FakeServerState {
        rows: right_rows(&profile),
        rejections: Some(rejections),
        ..FakeServerState::default()
    };
    let server = FakeServer::start(state);
    let ended = type_against(&[server.url()], &profile, &[]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stdout.contains("BUFFER_UNAVAILABLE"), "{ended:?}");
    let state = server.state();
    assert!(!state.refused.is_empty());
    for refused in &state.refused {
        assert!(state.taken.contains(refused), "{refused} was not sent again as it was");
    }
    let planned: usize =
        virtual_users(&profile).flat_map(|one| one.boxes).map(|one| one.deliveries.len()).sum();
    assert_eq!(state.taken.len(), planned, "and each once");
}

/// Returns true for another letter of the content of the same search box.
fn is_continuation(taken: &[Value], sent: &Value) -> bool {
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
    let profile = UserProfile { jitter_rate: 0.0, ..profile(1) };
    let rejections = Rejections {
        code: "BUFFER_UNAVAILABLE",
        begin: is_continuation,
        lasts: WINDOW + Duration::from_millis(200),
        began: None,
    };
    let rows = right_rows(&profile);
    let server = FakeServer::start(FakeServerState {
        rows,
        rejections: Some(rejections),
        ..FakeServerState::default()
    });
    let (url, state) = (server.url(), &server);
    let typing = type_against(std::slice::from_ref(&url), &profile, &[]);
    let storing = crate::support::wait::until("a refused keystroke", async || {
        let mut state = state.state();
        let refused = state.refused.first()?.clone();
        let last = last_of_box(&state.taken, &refused)?.clone();
        let mut piece = state.rows[0].clone();
        piece.query = last["text"].as_str()?.trim().to_owned();
        state.rows.push(piece);
        Some(())
    });
    let (ended, ()) = tokio::join!(typing, storing);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let found = numbers(&ended, "searches");
    assert_eq!((found["stored"].as_str(), found["extra"].as_str()), ("2", "0"), "{ended:?}");
    assert!(ended.stdout.contains("1 more stored, rightly"), "{ended:?}");
}

#[tokio::test]
async fn the_retry_timeout_stops_all_virtual_users() {
    let profile = profile(8);
    let rejections = Rejections {
        code: "TOO_BUSY",
        begin: |taken, _| taken.len() > 20,
        lasts: Duration::MAX,
        began: None,
    };
    let server =
        FakeServer::start(FakeServerState { rejections: Some(rejections), ..FakeServerState::default() });
    let ended = type_against(&[server.url()], &profile, &["--patience", "500ms"]).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(
        ended.stdout.contains("no server took a keystroke") && ended.stdout.contains("TOO_BUSY"),
        "{ended:?}"
    );
    assert_ne!(numbers(&ended, "keystrokes")["unaccepted"], "0");
}

#[tokio::test]
async fn a_refusal_for_good_stops_at_once() {
    let profile = profile(8);
    let rejections =
        Rejections { code: "BAD_USER_INPUT", begin: |_, _| true, lasts: Duration::MAX, began: None };
    let server =
        FakeServer::start(FakeServerState { rejections: Some(rejections), ..FakeServerState::default() });
    let ended = type_against(&[server.url()], &profile, &["--patience", "1h"]).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stdout.contains("refused for good: BAD_USER_INPUT"), "{ended:?}");
}

#[tokio::test]
async fn the_remaining_server_gets_all_keystrokes_after_the_other_stops() {
    let profile = profile(12);
    let server =
        FakeServer::start(FakeServerState { rows: right_rows(&profile), ..FakeServerState::default() });
    let another = server.another();
    let urls = [server.url(), another.url()];
    let typing = type_against(&urls, &profile, &["--concurrency", "2"]);
    let stopping = async {
        let begun = async || (server.state().taken.len() > 10).then_some(());
        crate::support::wait::until("typing", begun).await;
        drop(another);
    };
    let (ended, ()) = tokio::join!(typing, stopping);
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

#[tokio::test]
async fn unusable_servers_and_arguments_are_reported_before_the_first_keystroke() {
    let profile = profile(4);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let free = taken.local_addr().unwrap();
    drop(taken);
    let ended = type_against(&[format!("http://{free}")], &profile, &[]).await;
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.stderr.contains(&free.to_string()) && ended.stderr.contains("quarry serve"), "{ended:?}");

    let server = FakeServer::start(FakeServerState::default());
    let ended = type_against(&[format!("{}/nowhere", server.url())], &profile, &[]).await;
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
    assert!(server.state().taken.is_empty());
}
