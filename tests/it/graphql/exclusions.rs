//! Input that is answered, but not logged.

use quarry::config::{Environment, KeystrokeSettings, Overrides, Settings};
use quarry::domain::Scope;
use quarry::store::{SearchLogFilter, Slice};
use serde_json::{Value, json};

use super::keys::{Key, gate};
use super::server::{Server, Setup, read};

const TYPED: &str = "mutation($input: [LogKeystrokeInput!]!) { logKeystrokes(input: $input) { accepted } }";
const ONE: &str = "mutation($input: LogKeystrokeInput!) { logKeystroke(input: $input) { accepted } }";
const TRACKED: &str = "query($track: TrackInput) { search(query: \"tea\", track: $track) { totalCount } }";

/// The settings with this content of `[keystrokes]`.
fn settings(keystrokes: &str) -> KeystrokeSettings {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("quarry.toml"), format!("[keystrokes]\n{keystrokes}")).unwrap();
    Settings::load_from(&Overrides::default(), &Environment::default(), folder.path()).unwrap().keystrokes
}

async fn server(keystrokes: &str) -> Server {
    Server::start_with(Setup { keystrokes: settings(keystrokes), ..Setup::default() }).await
}

/// The logged texts by session, in order of their sessions.
async fn logged(server: &Server) -> Vec<String> {
    server.flush().await;
    let log = server.data("{ searchLog(first: 100) { nodes { sessionId query } } }", json!({})).await;
    let nodes = log["searchLog"]["nodes"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let mut all: Vec<String> =
        nodes.map(|node| format!("{}: {}", text(&node["sessionId"]), text(&node["query"]))).collect();
    all.sort_unstable();
    all
}

async fn metric(server: &Server, line: &str) -> String {
    let page = server.get("/metrics").send().await.unwrap().text().await.unwrap();
    let line = page.lines().find(|found| found.starts_with(line)).unwrap_or_else(|| panic!("{page}"));
    line.rsplit(' ').next().unwrap().to_owned()
}

#[tokio::test]
async fn excluded_senders_and_sessions_are_answered_but_not_logged() {
    let server = server("exclude_sessions = [\"^monitor-\"]\nexclude_user_agents = [\"(?i)bot\"]").await;
    let batch = json!([{"sessionId": "s1", "text": "tea"}, {"sessionId": "monitor-1", "text": "tea"}]);
    let answer = server.data(TYPED, json!({"input": batch})).await;
    assert_eq!(answer["logKeystrokes"]["accepted"], 1);
    let answer = server.data(ONE, json!({"input": {"sessionId": "monitor-2", "text": "tea"}})).await;
    assert_eq!(answer["logKeystroke"]["accepted"], false);
    for (session, agent) in [("s2", "Googlebot/2.1"), ("s3", "Firefox"), ("monitor-3", "Firefox")] {
        let body = json!({"query": TRACKED, "variables": {"track": {"sessionId": session}}});
        let answer = read(server.post(&body).header("user-agent", agent).send().await.unwrap()).await;
        assert_eq!(answer, json!({"data": {"search": {"totalCount": 0}}}));
    }
    assert_eq!(logged(&server).await, ["s1: tea", "s3: tea"]);
    assert_eq!(metric(&server, "quarry_keystrokes_excluded_total{cause=\"session\"}").await, "3");
    assert_eq!(metric(&server, "quarry_keystrokes_excluded_total{cause=\"user_agent\"}").await, "1");
}

#[tokio::test]
async fn keystrokes_of_excluded_keys_are_not_logged() {
    let keys = ["probe", "shop"].map(|name| Key::new(name, &Scope::ALL));
    let keystrokes = settings("exclude_keys = [\"probe\"]");
    let setup = Setup { keystrokes, gate: gate(&[&keys[0], &keys[1]]), ..Setup::default() };
    let server = Server::start_with(setup).await;
    for (key, session, accepted) in [(&keys[0], "s1", false), (&keys[1], "s2", true)] {
        let body = json!({"query": ONE, "variables": {"input": {"sessionId": session, "text": "tea"}}});
        let answer =
            read(server.post(&body).header("authorization", key.bearer()).send().await.unwrap()).await;
        assert_eq!(answer, json!({"data": {"logKeystroke": {"accepted": accepted}}}));
    }
    server.flush().await;
    let sessions: Vec<String> = server
        .store
        .search_log(&SearchLogFilter::default(), Slice::first(10))
        .await
        .unwrap()
        .into_iter()
        .map(|search| search.session.to_string())
        .collect();
    assert_eq!(sessions, ["s2"]);
}

#[tokio::test]
async fn excluded_texts_are_not_logged_but_what_continues_them_is() {
    let server = server("exclude_queries = [\"^te(st)?$\", \"^.email.$\"]").await;
    for (session, text) in
        [("s1", "test"), ("s2", "te"), ("s3", "test drive"), ("s4", "a@example.com"), ("s5", "Test")]
    {
        server.data(ONE, json!({"input": {"sessionId": session, "text": text}})).await;
    }
    assert_eq!(logged(&server).await, ["s3: test drive", "s5: Test"]);
    assert_eq!(metric(&server, "quarry_searches_excluded_total{cause=\"query\"}").await, "3");
    // The same visitors type on.
    for (session, text) in [("s1", "test drive"), ("s2", "tea"), ("s3", "test")] {
        server.data(ONE, json!({"input": {"sessionId": session, "text": text}})).await;
    }
    let log = logged(&server).await;
    assert_eq!(log, ["s1: test drive", "s2: tea", "s3: test drive", "s5: Test"]);
    let health = server.data("{ loggingHealth { searchesFlushed } }", json!({})).await;
    assert_eq!(health["loggingHealth"]["searchesFlushed"], 4);
}

#[tokio::test]
async fn only_submitted_searches_are_logged_if_the_settings_say_so() {
    let server = server("log = \"submitted\"").await;
    for (session, text, submitted) in
        [("s1", "tea", false), ("s2", "tea", true), ("s3", "te", false), ("s4", "tea", false)]
    {
        let input = json!({"sessionId": session, "text": text, "submitted": submitted});
        server.data(ONE, json!({"input": input})).await;
    }
    assert_eq!(logged(&server).await, ["s2: tea"]);
    assert_eq!(metric(&server, "quarry_searches_excluded_total{cause=\"not_submitted\"}").await, "3");
    // After a pause: Enter, more text and Enter, and a click, which the client reports as a submission.
    for (session, text, submitted) in
        [("s1", "tea", true), ("s3", "tea pot", true), ("s4", "tea", true), ("s4", "cup", false)]
    {
        let input = json!({"sessionId": session, "text": text, "submitted": submitted});
        server.data(ONE, json!({"input": input})).await;
        server.flush().await;
    }
    assert_eq!(logged(&server).await, ["s1: tea", "s2: tea", "s3: tea pot", "s4: tea"]);
}
