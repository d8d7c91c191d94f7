//! Fleets of servers on one Redis and one database, with kills and a wrong clock.
//!
//! All servers flush, and each announces the searches of all.

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::join_all;
use serde_json::Value;

use crate::support::databases::{TestDatabase, on_postgres};
use crate::support::folder::Folder;
use crate::support::redis::{OwnRedis, command};
use crate::support::search_log::{Tables, logged};
use crate::support::server::{Endpoint, Server};
use crate::support::subscription::Subscription;
use crate::support::typing_clients::{TypedSearch, TypingClients};
use crate::support::wait::until;

/// The number of searches.
const SEARCHES: usize = 160;
/// The number of concurrent clients.
const CONCURRENCY: usize = 16;
/// The number of kills.
const KILLS: usize = 6;
/// The error of the wrong clock.
const CLOCK_ERROR: TimeDelta = TimeDelta::seconds(120);

/// Returns the folder of a server.
fn folder(database: &TestDatabase, redis: &OwnRedis, keystrokes: &str) -> Folder {
    Folder::new(&format!(
        "database_url = \"{}\"\nredis_url = \"{}\"\n[keystrokes]\n{keystrokes}",
        database.url(),
        redis.url()
    ))
}

/// Returns searches that end with Enter, and others that end by themselves.
fn visits() -> Vec<TypedSearch> {
    (0..SEARCHES).map(|number| TypedSearch::new("fleet", number, number % 4 != 0)).collect()
}

/// Kills and restarts servers in turn while clients type.
async fn kill_under_load(count: usize) {
    on_postgres(async |database| {
        let redis = OwnRedis::start();
        // Longer than the latency of a keystroke on a busy machine.
        let settings = "window = \"15s\"\npoll = \"20ms\"";
        let folders: Vec<Folder> = (0..count).map(|_| folder(database, &redis, settings)).collect();
        let mut servers: Vec<Server> = join_all(folders.iter().map(Folder::serve)).await;
        let clients = TypingClients::new(servers.iter().map(|server| server.endpoint.clone()).collect());
        let visits = visits();
        let requests: usize =
            visits.iter().map(|search| if search.submits { search.text.chars().count() } else { 1 }).sum();
        let kill = async {
            for kill in 0..KILLS {
                let due = requests * (kill + 1) / (KILLS + 2);
                until("keystrokes to be taken", async || (clients.accepted() >= due).then_some(())).await;
                let index = kill % count;
                servers[index].process.kill();
                servers[index] = folders[index].serve().await;
                clients.replace(index, servers[index].endpoint.clone());
            }
        };
        tokio::join!(clients.type_all(&visits, CONCURRENCY), kill);

        // Every server returns the same log.
        for server in servers.iter().rev() {
            server.endpoint.assert_logged(visits.iter().map(TypedSearch::logged)).await;
        }
        Tables::connect(database.url()).await.assert_rolled_up().await;
        for server in servers {
            server.stop().await;
        }
    })
    .await;
}

#[tokio::test]
async fn two_servers_killed_in_turn_log_each_search_once() {
    kill_under_load(2).await;
}

#[tokio::test]
async fn four_servers_killed_in_turn_log_each_search_once() {
    kill_under_load(4).await;
}

#[tokio::test]
async fn a_wrong_clock_changes_neither_searches_nor_their_times() {
    on_postgres(async |database| {
        let redis = OwnRedis::start();
        // Only one server polls the buffer, which determines the server that logs.
        for (number, wrong_one_logs) in [false, true].into_iter().enumerate() {
            let poll = |often| {
                if often { "window = \"1s\"\npoll = \"20ms\"" } else { "window = \"1s\"\npoll = \"1h\"" }
            };
            let right = folder(database, &redis, poll(!wrong_one_logs));
            let wrong = folder(database, &redis, poll(wrong_one_logs));
            let right = right.serve().await;
            let library = faketime();
            let off = format!("+{}s", CLOCK_ERROR.num_seconds());
            let variables =
                [("LD_PRELOAD", &*library), ("FAKETIME", &*off), ("FAKETIME_DONT_FAKE_MONOTONIC", "1")];
            let wrong = Server::start_with(&wrong, &variables).await;
            wrong.ready().await;

            let before = redis_time(&redis);
            let clients = TypingClients::new(vec![right.endpoint.clone(), wrong.endpoint.clone()]);
            let name = format!("clock-{number}");
            let visits: Vec<TypedSearch> =
                (0..20).map(|number| TypedSearch::new(&name, number, number % 2 == 0)).collect();
            clients.type_at_once(&visits, 4).await;
            until("all of them in the log", async || {
                (right.endpoint.logged_count().await == 20 * (number as u64 + 1)).then_some(())
            })
            .await;
            let after = redis_time(&redis);
            let rows = right.endpoint.search_log().await;
            let rows: Vec<&Value> = rows.iter().filter(|row| logged(row).0.starts_with(&name)).collect();
            let mut found: Vec<_> = rows.iter().map(|row| logged(row)).collect();
            let mut expected: Vec<_> = visits.iter().map(TypedSearch::logged).collect();
            found.sort_unstable();
            expected.sort_unstable();
            assert_eq!(found, expected);
            for row in rows {
                for field in ["startedAt", "lastKeystrokeAt"] {
                    let at = time(&row[field]);
                    assert!((before..=after).contains(&at), "{before} {row} {after}");
                }
                // The logging server sets this time, which proves that its clock is wrong.
                let is_off = (time(&row["loggedAt"]) - after).abs() > CLOCK_ERROR / 2;
                assert_eq!(is_off, wrong_one_logs, "{row}");
            }
            assert_eq!(right.endpoint.logging_health().await["duplicatesSuppressed"], 0);
            right.stop().await;
            wrong.stop().await;
        }
        Tables::connect(database.url()).await.assert_rolled_up().await;
    })
    .await;
}

/// Returns the path of the library that changes the clock of a process.
fn faketime() -> String {
    let folders = std::fs::read_dir("/usr/lib").expect("a folder");
    let mut found =
        folders.map(|folder| folder.expect("an entry").path().join("faketime/libfaketimeMT.so.1"));
    let library = found.find(|path| path.exists()).expect("libfaketime is installed by tests/services.sh");
    library.to_str().expect("a plain path").to_owned()
}

fn redis_time(redis: &OwnRedis) -> DateTime<Utc> {
    let (seconds, micros): (i64, i64) = command(&redis.url(), &["TIME"]);
    // Keystrokes have milliseconds.
    DateTime::from_timestamp_millis(seconds * 1_000 + micros / 1_000).expect("a time")
}

fn time(value: &Value) -> DateTime<Utc> {
    value.as_str().expect("a time").parse().expect("a time")
}

#[tokio::test]
async fn searches_of_one_server_reach_the_subscribers_of_the_others() {
    on_postgres(async |database| {
        let mut redis = OwnRedis::start();
        let settings = "window = \"1s\"\npoll = \"20ms\"";
        let folders = [0, 1].map(|_| folder(database, &redis, settings));
        let [one, two] = [folders[0].serve().await, folders[1].serve().await];
        let query = "subscription { searchLogged { id sessionId query finalReason } }";
        let mut listening = Subscription::start(&two.endpoint, query, Value::Null).await;
        // The first searches may precede the subscription.
        let heard = first_heard("before", &one.endpoint, &mut listening).await;
        // The announced search is the logged one.
        let rows = one.endpoint.search_log().await;
        assert!(rows.iter().any(|row| row["id"] == heard["id"]), "{heard} {rows:?}");

        // The same holds after an outage of Redis.
        redis.kill();
        redis.resume();
        first_heard("after", &one.endpoint, &mut listening).await;
        one.stop().await;
        two.stop().await;
    })
    .await;
}

/// Searches until the subscription receives one of these searches.
async fn first_heard(name: &str, typing: &Endpoint, listening: &mut Subscription) -> Value {
    let mut made = Vec::new();
    let typed = until("an announced search", async || {
        let search = TypedSearch::new(name, made.len(), true);
        search.type_at(typing).await;
        made.push(search.logged());
        None
    });
    let listened = async {
        loop {
            let heard = listening.next().await["searchLogged"].take();
            if logged(&heard).0.starts_with(name) {
                return heard;
            }
        }
    };
    let heard = tokio::select! { heard = listened => heard, heard = typed => heard };
    // It may arrive before the response to its keystrokes.
    made.push(TypedSearch::new(name, made.len(), true).logged());
    assert!(made.contains(&logged(&heard)), "{heard}");
    assert_eq!(heard["finalReason"], "SUBMITTED");
    heard
}
