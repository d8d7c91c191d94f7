//! Outages of Redis and of the database while clients type.
//!
//! Unaffected requests succeed, others return a clear error, and afterwards each search is logged once.

use serde_json::{Value, json};

use crate::support::databases::on_postgres;
use crate::support::folder::Folder;
use crate::support::postgres::OwnPostgres;
use crate::support::redis::{OwnRedis, command};
use crate::support::search_log::{Logged, Tables};
use crate::support::server::Endpoint;
use crate::support::typing_clients::{TypedSearch, TypingClients, log_keystrokes};
use crate::support::wait::{ends, until};

const TRACKED: &str =
    "query($track: TrackInput!) { search(query: \"tea\", first: 5, track: $track) { totalCount } }";
/// Calls during an outage of the database, keystrokes per call, and bytes per keystroke.
const FLOOD: (usize, usize, usize) = (200, 100, 1_000);
/// The maximum growth of a server's memory: half of the bytes of these keystrokes.
const GROWTH: u64 = 10_000_000;

/// Returns settings with which only Enter ends searches.
fn settings(database: &str, redis: &OwnRedis) -> String {
    let redis = redis.url();
    format!(
        "database_url = \"{database}\"\nredis_url = \"{redis}\"\n[keystrokes]\nwindow = \"5m\"\npoll = \"20ms\""
    )
}

#[tokio::test]
async fn redis_may_crash_restart_stop_and_hang() {
    on_postgres(async |database| {
        let mut redis = OwnRedis::start();
        let folders = [0, 1].map(|_| Folder::new(&settings(database.url(), &redis)));
        let (one, two) = tokio::join!(folders[0].serve(), folders[1].serve());
        let stored = one.endpoint.index("notes", &[("1", "Green tea"), ("2", "Black tea")]).await;
        assert!(stored.errors.is_empty(), "{stored:?}");
        until("an index in step", async || (two.endpoint.total("tea").await == 2).then_some(())).await;
        let visits = TypedSearch::submitted("redis", 120);
        let clients = TypingClients::new(vec![one.endpoint.clone(), two.endpoint.clone()]);
        let requests: usize = visits.iter().map(|search| search.text.chars().count()).sum();
        let taken = async |sixths: usize| {
            let due = requests * sixths / 6;
            until("keystrokes to be taken", async || (clients.accepted() >= due).then_some(())).await;
        };
        let trouble = async {
            taken(1).await;
            redis.kill();
            redis.resume();
            taken(2).await;
            redis.stop();
            redis.resume();
            taken(3).await;
            redis.stop();
            let mut extra = only_logging_fails("stopped", &one.endpoint).await;
            redis.resume();
            extra.push(is_well("stopped", &one.endpoint).await);
            taken(4).await;
            redis.pause();
            extra.extend(only_logging_fails("hung", &two.endpoint).await);
            redis.unpause();
            extra.push(is_well("hung", &two.endpoint).await);
            extra
        };
        let ((), extra) = tokio::join!(clients.type_all(&visits, 12), trouble);

        let expected: Vec<Logged> = visits.iter().map(TypedSearch::logged).chain(extra).collect();
        for endpoint in [&one.endpoint, &two.endpoint] {
            endpoint.assert_logged(expected.clone()).await;
            assert_eq!(endpoint.logging_health().await["lastError"], Value::Null);
        }
        Tables::connect(database.url()).await.assert_rolled_up().await;
        let log = one.stop().await.stderr + &two.stop().await.stderr;
        assert!(log.contains("the keystroke buffer is unavailable"), "{log}");
    })
    .await;
}

#[tokio::test]
async fn a_redis_that_refuses_writes_is_shown_until_it_takes_them() {
    let redis = OwnRedis::start();
    let folder = Folder::new(&format!("redis_url = \"{}\"\n[keystrokes]\npoll = \"20ms\"\n", redis.url()));
    let server = folder.serve().await;
    let limit = |bytes: &str| {
        let _: String = command(&redis.url(), &["CONFIG", "SET", "maxmemory", bytes]);
    };
    let search = TypedSearch::new("full", 0, true);
    let degraded = async || {
        let (status, ready) = server.endpoint.json("/readyz").await;
        assert_eq!(status, 200, "searches still succeed: {ready}");
        ready["degraded"].to_string().contains("Redis refuses keystrokes")
    };
    let writable = async || server.endpoint.metric("quarry_keystroke_buffer_writable").await;
    assert_eq!((degraded().await, writable().await), (false, 1.0));
    limit("1");
    let answer = log_keystrokes(&server.endpoint, &search.keystrokes()).await.expect("the server answers");
    assert_eq!(answer.codes().into_iter().collect::<Vec<_>>(), ["BUFFER_UNAVAILABLE"], "{answer:?}");
    assert_eq!((degraded().await, writable().await), (true, 0.0));
    limit("0");
    let answer = log_keystrokes(&server.endpoint, &search.keystrokes()).await.expect("the server answers");
    assert!(answer.errors.is_empty(), "{answer:?}");
    assert_eq!((degraded().await, writable().await), (false, 1.0));
    server.endpoint.assert_logged(vec![search.logged()]).await;
    server.stop().await;
}

/// Asserts that only keystrokes fail, with a clear error, while Redis is down.
///
/// A hung Redis may process them later, so [`is_well`] makes the same searches again.
async fn only_logging_fails(name: &str, endpoint: &Endpoint) -> Vec<Logged> {
    let refused = TypedSearch::new(name, 0, true);
    for _ in 0..3 {
        let answer = ends("a keystroke", log_keystrokes(endpoint, &refused.keystrokes())).await;
        let answer = answer.expect("the server answers");
        assert_eq!(answer.codes().into_iter().collect::<Vec<_>>(), ["BUFFER_UNAVAILABLE"], "{answer:?}");
        let message = answer.errors[0]["message"].as_str().expect("a message");
        assert_eq!(
            message,
            "The keystroke buffer cannot be reached, or accepts no writes. Searches continue; retry later."
        );
        assert_eq!(ends("a search", endpoint.total("tea")).await, 2);
        let answer = ends("a tracked search", endpoint.raw(TRACKED, track(name))).await;
        assert_eq!(answer["data"]["search"]["totalCount"], 2, "{answer}");
        assert_eq!(answer["errors"], Value::Null, "{answer}");
        let warning = &answer["extensions"]["warnings"][0];
        assert_eq!(warning["extensions"]["code"], "BUFFER_UNAVAILABLE", "{answer}");
        ends("a query of the log", endpoint.logged_count()).await;
    }
    assert_eq!(endpoint.status("/livez").await, Some(200));
    assert_eq!(endpoint.status("/readyz").await, Some(200), "searches still succeed");
    vec![refused.logged()]
}

/// Asserts that the rejected keystrokes are accepted after the outage.
async fn is_well(name: &str, endpoint: &Endpoint) -> Logged {
    let clients = TypingClients::new(vec![endpoint.clone()]);
    let again = [TypedSearch::new(name, 0, true)];
    ends("keystrokes", clients.type_at_once(&again, 1)).await;
    until("a search that is tracked", async || {
        let answer = endpoint.raw(TRACKED, track(name)).await;
        assert!(answer["errors"].is_null(), "{answer}");
        answer["extensions"]["warnings"].is_null().then_some(())
    })
    .await;
    (format!("{name}-tracked"), "tea".to_owned())
}

fn track(name: &str) -> Value {
    json!({ "track": { "sessionId": format!("{name}-tracked"), "sequence": 1, "submitted": true } })
}

#[tokio::test]
async fn the_database_may_stop_temporarily() {
    let (postgres, redis) = (OwnPostgres::start(), OwnRedis::start());
    let folder = Folder::new(&settings(&postgres.url(), &redis));
    let server = folder.serve().await;
    let endpoint = &server.endpoint;
    let clients = TypingClients::new(vec![endpoint.clone()]);
    let mut visits = TypedSearch::submitted("before", 20);
    clients.type_all(&visits, 4).await;
    until("them in the log", async || (endpoint.logged_count().await == 20).then_some(())).await;

    postgres.cut_off();
    let first = TypedSearch::new("first", 0, true);
    clients.send(&first.keystrokes()).await;
    visits.push(first);
    until("the flusher to notice", async || {
        let health = endpoint.logging_health().await;
        (health["lastError"] == "The database cannot be reached.").then_some(())
    })
    .await;
    let (calls, keystrokes, bytes) = FLOOD;
    let mut before = 0;
    for call in 0..calls {
        // Four bytes per character, so that none is truncated.
        let text = "\u{10330}".repeat(bytes / 4);
        let search = TypedSearch { session: format!("flood-{call}"), text, submits: true };
        let last = search.keystrokes().pop().expect("a keystroke");
        clients.send(&vec![last; keystrokes]).await;
        visits.push(search);
        // The memory of the first calls does not count.
        if call == calls / 10 {
            before = server.process.resident_bytes();
        }
    }
    let growth = server.process.resident_bytes().saturating_sub(before);
    assert!(growth < GROWTH, "memory grew by {growth} bytes");
    let after = TypedSearch::submitted("after", 20);
    clients.type_all(&after, 4).await;
    visits.extend(after);
    assert_eq!(endpoint.logging_health().await["bufferedSearches"], calls + 21);

    postgres.resume();
    endpoint.assert_logged(visits.iter().map(TypedSearch::logged)).await;
    assert_eq!(endpoint.logging_health().await["lastError"], Value::Null);
    Tables::connect(&postgres.url()).await.assert_rolled_up().await;
    server.stop().await;
}
