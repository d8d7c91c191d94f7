//! More is typed than a server takes: a session that floods, and a buffer that is full, in the
//! server's own process and in Redis. Nobody else is affected, and it passes.

use serde_json::{Value, json};

use crate::support::folder::Folder;
use crate::support::redis::{OwnRedis, ask};
use crate::support::visitors::{Visit, log_keystroke, log_keystrokes};
use crate::support::wait::until;

/// Keystrokes that a session may send within ten seconds.
const FLOOD: usize = 60;
/// Over how many parts the room in Redis is shared out; a session is in one of them.
const SHARDS: usize = 16;

#[tokio::test]
async fn limits_of_a_servers_own_buffer() {
    let settings = |keystrokes: &str| format!("[keystrokes]\nwindow = \"2s\"\npoll = \"20ms\"\n{keystrokes}");
    a_flood_is_dropped_and_counted(&settings).await;
    a_full_buffer_refuses_until_there_is_room(&settings, 1).await;
}

#[tokio::test]
async fn limits_of_a_buffer_in_redis() {
    let redis = OwnRedis::start();
    let url = redis.url();
    let settings = |keystrokes: &str| {
        format!("redis_url = \"{url}\"\n[keystrokes]\nwindow = \"2s\"\npoll = \"20ms\"\n{keystrokes}")
    };
    a_flood_is_dropped_and_counted(&settings).await;
    let _: String = ask(&url, &["FLUSHALL"]);
    a_full_buffer_refuses_until_there_is_room(&settings, SHARDS).await;
}

async fn a_flood_is_dropped_and_counted(settings: &impl Fn(&str) -> String) {
    let folder = Folder::new(&settings(&format!("flood_limit = {FLOOD}")));
    let server = folder.serve().await;
    let flood = long_visit("flood", 100);
    let answer = log_keystrokes(&server.endpoint, &flood.keystrokes()).await.expect("the server answers");
    // All of them in one call, so that the period is not over meanwhile.
    assert_eq!(answer.data["logKeystrokes"]["accepted"], FLOOD, "{answer:?}");
    assert!(answer.errors.is_empty(), "{answer:?}");
    let others: Vec<Visit> = (0..5).map(|number| Visit::new("other", number, number % 2 == 0)).collect();
    let mut keystrokes = FLOOD;
    for visit in &others {
        let answer = visit.type_at(&server.endpoint).await;
        let typed = visit.text.chars().count();
        assert_eq!(answer.data["logKeystrokes"]["accepted"], typed, "{answer:?}");
        keystrokes += typed;
    }
    // What came up to the limit is a search.
    let mut expected: Vec<_> = others.iter().map(Visit::logged).collect();
    expected.push((flood.session, flood.text.chars().take(FLOOD).collect()));
    server.endpoint.assert_logged(expected).await;
    let health = server.endpoint.logging_health().await;
    assert_eq!(health["keystrokesDropped"], 100 - FLOOD, "{health}");
    assert_eq!(health["keystrokesAccepted"], keystrokes, "{health}");
    server.stop().await;
}

async fn a_full_buffer_refuses_until_there_is_room(settings: &impl Fn(&str) -> String, shards: usize) {
    let room = 20;
    let folder = Folder::new(&settings(&format!("max_buffered = {}", room * shards)));
    let server = folder.serve().await;
    let endpoint = &server.endpoint;
    let greedy = long_visit("greedy", room + 5);
    let answer = log_keystrokes(endpoint, &greedy.keystrokes()).await.expect("the server answers");
    assert_eq!(answer.codes().into_iter().collect::<Vec<_>>(), ["TOO_BUSY"], "{answer:?}");
    let message = answer.errors[0]["message"].as_str().expect("a message");
    assert_eq!(message, "The keystroke buffer is full: it took 20 of 25. Send the others again later.");
    // Searches go on, whether they are tracked or not.
    let text = "query($track: TrackInput!) { search(query: \"tea\", track: $track) { totalCount } }";
    let track = json!({ "track": { "sessionId": "greedy-0", "sequence": 1_000 } });
    let answer = endpoint.raw(text, track).await;
    assert_eq!(answer["data"]["search"]["totalCount"], 0, "{answer}");
    assert_eq!(answer["errors"], Value::Null, "{answer}");

    // By itself, after what fills it is logged. What was refused is taken when it is sent again.
    let mut again = greedy.keystrokes().pop().expect("a keystroke");
    again["submitted"] = true.into();
    until("room", async || {
        let answer = log_keystroke(endpoint, &again).await.expect("the server answers");
        (answer.data["logKeystroke"]["accepted"] == true).then_some(())
    })
    .await;
    let first = (greedy.session.clone(), greedy.text.chars().take(room).collect());
    endpoint.assert_logged([first, greedy.logged()]).await;
    let health = endpoint.logging_health().await;
    assert!(health["keystrokesDropped"].as_u64() >= Some(5), "{health}");
    server.stop().await;
}

/// A search of so many keystrokes that is left.
fn long_visit(name: &str, keystrokes: usize) -> Visit {
    let text = "abcdefgh".chars().cycle().take(keystrokes).collect();
    Visit { session: format!("{name}-0"), text, submits: false }
}
