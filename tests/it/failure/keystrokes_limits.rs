//! Limits of keystrokes: floods of a session and full buffers, in process and in Redis.
//!
//! Other sessions are not affected, and full buffers recover.

use sea_orm::{SqliteTransactionMode, TransactionOptions, TransactionTrait};
use serde_json::{Value, json};

use crate::support::folder::Folder;
use crate::support::postgres::OwnPostgres;
use crate::support::redis::{OwnRedis, command};
use crate::support::search_log::Tables;
use crate::support::server::Server;
use crate::support::typing_clients::{TypedSearch, log_keystroke, log_keystrokes};
use crate::support::wait::until;

/// The maximum number of keystrokes of a session within ten seconds.
const FLOOD: usize = 60;
/// The number of shards of a buffer in Redis; a session belongs to one.
const SHARDS: usize = 16;

#[tokio::test]
async fn limits_of_a_servers_own_buffer() {
    let settings = |keystrokes: &str| format!("[keystrokes]\nwindow = \"2s\"\npoll = \"20ms\"\n{keystrokes}");
    a_flood_is_dropped_and_counted(&settings).await;
    a_full_buffer_rejects_until_it_has_room(&settings, 1).await;
}

#[tokio::test]
async fn limits_of_a_buffer_in_redis() {
    let redis = OwnRedis::start();
    let url = redis.url();
    let settings = |keystrokes: &str| {
        format!("redis_url = \"{url}\"\n[keystrokes]\nwindow = \"2s\"\npoll = \"20ms\"\n{keystrokes}")
    };
    a_flood_is_dropped_and_counted(&settings).await;
    let _: String = command(&url, &["FLUSHALL"]);
    a_full_buffer_rejects_until_it_has_room(&settings, SHARDS).await;
}

async fn a_flood_is_dropped_and_counted(settings: &impl Fn(&str) -> String) {
    let folder = Folder::new(&settings(&format!("flood_limit = {FLOOD}")));
    let server = folder.serve().await;
    let flood = long_visit("flood", 100);
    let answer = log_keystrokes(&server.endpoint, &flood.keystrokes()).await.expect("the server answers");
    // All keystrokes are in one call, within one period.
    assert_eq!(answer.data["logKeystrokes"]["accepted"], FLOOD, "{answer:?}");
    assert!(answer.errors.is_empty(), "{answer:?}");
    let others: Vec<TypedSearch> =
        (0..5).map(|number| TypedSearch::new("other", number, number % 2 == 0)).collect();
    let mut keystrokes = FLOOD;
    for search in &others {
        let answer = search.type_at(&server.endpoint).await;
        let typed = search.text.chars().count();
        assert_eq!(answer.data["logKeystrokes"]["accepted"], typed, "{answer:?}");
        keystrokes += typed;
    }
    // The keystrokes up to the limit are a search.
    let mut expected: Vec<_> = others.iter().map(TypedSearch::logged).collect();
    expected.push((flood.session, flood.text.chars().take(FLOOD).collect()));
    server.endpoint.assert_logged(expected).await;
    let health = server.endpoint.logging_health().await;
    assert_eq!(health["keystrokesDropped"], 100 - FLOOD, "{health}");
    assert_eq!(health["keystrokesAccepted"], keystrokes, "{health}");
    server.stop().await;
}

async fn a_full_buffer_rejects_until_it_has_room(settings: &impl Fn(&str) -> String, shards: usize) {
    let capacity = 20;
    let folder = Folder::new(&settings(&format!("max_buffered = {}", capacity * shards)));
    let server = folder.serve().await;
    let endpoint = &server.endpoint;
    let greedy = long_visit("greedy", capacity + 5);
    let answer = log_keystrokes(endpoint, &greedy.keystrokes()).await.expect("the server answers");
    assert_eq!(answer.codes().into_iter().collect::<Vec<_>>(), ["TOO_BUSY"], "{answer:?}");
    let message = answer.errors[0]["message"].as_str().expect("a message");
    assert_eq!(message, "The keystroke buffer is full: it took 20 of 25. Send the others again later.");
    // Searches continue, tracked or not.
    let text = "query($track: TrackInput!) { search(query: \"tea\", track: $track) { totalCount } }";
    let track = json!({ "track": { "sessionId": "greedy-0", "sequence": 1_000 } });
    let answer = endpoint.raw(text, track).await;
    assert_eq!(answer["data"]["search"]["totalCount"], 0, "{answer}");
    assert_eq!(answer["errors"], Value::Null, "{answer}");

    // The buffer recovers once its runs are logged, and accepts the rejected keystrokes.
    let mut again = greedy.keystrokes().pop().expect("a keystroke");
    again["submitted"] = true.into();
    until("room", async || {
        let answer = log_keystroke(endpoint, &again).await.expect("the server answers");
        (answer.data["logKeystroke"]["accepted"] == true).then_some(())
    })
    .await;
    // They supersede the search of the first ones.
    endpoint.assert_logged([greedy.logged()]).await;
    let health = endpoint.logging_health().await;
    assert!(health["keystrokesDropped"].as_u64() >= Some(5), "{health}");
    server.stop().await;
}

/// Returns a search of `keystrokes` keystrokes without Enter.
fn long_visit(name: &str, keystrokes: usize) -> TypedSearch {
    let text = "abcdefgh".chars().cycle().take(keystrokes).collect();
    TypedSearch { session: format!("{name}-0"), text, submits: false }
}

/// Returns keystrokes of the longest text, each in a session of its own.
fn long_keystrokes(from: usize, count: usize) -> Vec<Value> {
    let text = "long text ".repeat(400);
    let keystroke = |number| json!({ "sessionId": format!("long-{number}"), "text": text, "sequence": 1 });
    (from..from + count).map(keystroke).collect()
}

/// Fills the buffer, and returns the number of accepted texts.
async fn fill_with_long_texts(server: &Server) -> usize {
    let mut taken = 0;
    loop {
        let answer =
            log_keystrokes(&server.endpoint, &long_keystrokes(taken, 100)).await.expect("it answers");
        if answer.codes().contains("TOO_BUSY") {
            let message = answer.errors[0]["message"].as_str().expect("a message");
            assert!(message.contains("The keystroke buffer is full: it took "), "{message}");
            let words: Vec<usize> = message.split_whitespace().filter_map(|word| word.parse().ok()).collect();
            return taken + words[0];
        }
        assert!(answer.errors.is_empty(), "{answer:?}");
        taken += 100;
    }
}

/// Waits until each text is either logged or buffered.
///
/// A text that was stored just before a server ended is both until its duplicate is detected.
async fn assert_all_there(server: &Server, taken: usize) {
    until("every text, once", async || {
        let waiting = server.endpoint.logging_health().await["bufferedSearches"].as_u64().expect("a number");
        (server.endpoint.logged_count().await + waiting == taken as u64).then_some(())
    })
    .await;
}

#[tokio::test]
async fn memory_and_journal_are_bounded_for_any_keystrokes() {
    const CAPACITY_MB: u64 = 64;
    let folder = Folder::new(&format!("[keystrokes]\nwindow = \"10m\"\nmax_buffered_mb = {CAPACITY_MB}"));
    let server = folder.serve().await;
    let idle = server.process.resident_bytes();
    let taken = fill_with_long_texts(&server).await;
    assert!((8_000..16_800).contains(&taken), "{taken} texts of 4,000 bytes");
    let grown = server.process.resident_bytes().saturating_sub(idle) >> 20;
    assert!(grown <= 3 * CAPACITY_MB, "{grown} MiB for {taken} texts");
    let journal: u64 = std::fs::read_dir(folder.path("data/keystrokes"))
        .expect("a folder")
        .map(|entry| entry.expect("an entry").metadata().expect("is there").len())
        .sum();
    assert!(journal >> 20 <= 3 * CAPACITY_MB, "{journal} bytes");
    // The accepted keystrokes are logged or in the journal.
    server.stop().await;
    let server = folder.serve().await;
    assert_all_there(&server, taken).await;
    server.stop().await;
}

#[tokio::test]
async fn a_stopping_server_without_time_leaves_searches_in_the_journal() {
    let settings = "[keystrokes]\nwindow = \"10m\"\nmax_buffered_mb = 1\n[server]\nshutdown_grace = \"5s\"";
    let folder = Folder::new(settings);
    let server = folder.serve().await;
    let taken = fill_with_long_texts(&server).await;
    // The database neither accepts nor rejects writes: another transaction holds the lock.
    let database = Tables::connect(&folder.database_url()).await.0;
    let options = TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..Default::default()
    };
    let writing = database.begin_with_options(options).await.expect("no other transaction writes");
    let ended = server.stop().await;
    assert!(ended.stderr.contains("the journal keeps them for the next start"), "{}", ended.stderr);
    writing.rollback().await.expect("nothing was written");
    let server = folder.serve().await;
    assert_all_there(&server, taken).await;
    server.stop().await;
    folder.configure("[server]\nshutdown_grace = \"5m\"");
    folder.serve().await.stop().await;
    let server = folder.serve().await;
    assert_eq!(server.endpoint.logged_count().await, taken as u64);
    server.stop().await;
}

#[tokio::test]
async fn a_server_that_stops_without_its_database_leaves_searches_in_the_journal() {
    let postgres = OwnPostgres::start();
    let settings =
        format!("database_url = \"{}\"\n[keystrokes]\nwindow = \"100ms\"\npoll = \"20ms\"", postgres.url());
    let folder = Folder::new(&settings);
    let server = folder.serve().await;
    postgres.cut_off();
    let search = TypedSearch::new("left", 1, true);
    assert!(search.type_at(&server.endpoint).await.errors.is_empty());
    // `stop` asserts an orderly end.
    let log = server.stop().await.stderr;
    assert!(log.contains("the next start continues"), "{log}");
    postgres.resume();
    let server = folder.serve().await;
    server.endpoint.assert_logged([search.logged()]).await;
    server.stop().await;
}
