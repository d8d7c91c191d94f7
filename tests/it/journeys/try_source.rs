//! `quarry try`: the first pages of a source, and the remedies for wrong settings.

use serde_json::{Value, json};

use crate::support::folder::Folder;
use crate::support::json_api::{self, ApiCall, ApiReply, JsonApi};
use crate::support::messages::{BY_OFFSET, SEED, source};
use crate::support::upstream::Upstream;

fn items(from: usize, to: usize) -> Vec<Value> {
    let item = |id: usize| {
        let at = if id == 3 { "soon" } else { "2026-01-02T03:04:05Z" };
        json!({"id": id, "message": format!("text {id}"), "user_id": 7, "user_name": "Ann", "timestamp": at, "extra": [1]})
    };
    (from..to).map(item).collect()
}

fn by_offset(call: &ApiCall) -> ApiReply {
    if call.query.get("api_key").is_some_and(|key| key != "s3cret") {
        return ApiReply { status: 401, headers: Vec::new(), body: String::new() };
    }
    let (skip, limit) = (call.number("skip", 0), call.number("limit", 10));
    json_api::json(&json!({"items": items(skip.min(25), (skip + limit).min(25)), "total": 25}))
}

const TEN: &str = r#"{ kind = "offset", size = 10 }"#;

#[tokio::test]
async fn the_first_pages_are_shown_without_storing_anything() {
    let api = JsonApi::start(by_offset).await;
    let folder = Folder::new(&source(&api.url("/messages?api_key=s3cret"), TEN, "delay = \"0s\""));
    let shown = folder.succeed(&["try", "messages"]).await;
    for expected in [
        "skip=0&limit=10",
        "status 200",
        "items: 10 at /items",
        "total: 25 at /total",
        "published_at /timestamp 19 of 20, such as \"2026-01-02T03:04:05+00:00\"; 1 not readable, such as \"soon\"",
        "not mapped, become attributes: extra (20), timestamp (1)",
        "pages: 3",
        "proven by the total",
        "skip=20&limit=10",
        "warning: 1 of 20 values at \"/timestamp\" are not readable as a date",
    ] {
        assert!(shown.contains(expected), "{expected}: {shown}");
    }
    assert!(!shown.contains("s3cret"), "{shown}");
    assert!(!folder.path("data").exists(), "it stores nothing");
    assert_eq!(api.requests().len(), 2);

    let printed = folder.succeed(&["try", "messages", "--pages", "1", "--json"]).await;
    let parsed: Value = serde_json::from_str(&printed).expect("JSON");
    assert_eq!(parsed["pages"].as_array().map(Vec::len), Some(1));
    assert_eq!((&parsed["pages"][0]["items"], &parsed["outlook"]["pages"]), (&json!(10), &json!(3)));
    assert_eq!(parsed["fields"][0]["found"], 10);
    assert!(!printed.contains("s3cret"), "{printed}");
}

#[tokio::test]
async fn wrong_settings_are_errors_with_remedies() {
    let api = JsonApi::start(by_offset).await;
    let right = source(&api.url("/messages"), TEN, "delay = \"0s\"");
    let folder = Folder::new("");
    for (wrong, replacement, remedy) in [
        ("key = \"/id\"", "key = \"/_id\"", "no item has \"/_id\": items have the members"),
        ("key = \"/id\"", "key = \"/_id\"", "such as key = \"/id\""),
        ("items = \"/items\"", "items = \"/data\"", "set items = \"/items\""),
        (
            "\"offset\", size",
            "\"offset\", offset = \"start\", size",
            "the second page repeats the items of the first",
        ),
        ("text = \"/message\"", "text = \"/body\"", "such as text = \"/message\""),
        (TEN, r#"{ kind = "cursor", size = 10 }"#, "no next page at \"/next_cursor\""),
        ("/messages", "/messages?api_key=wrong", "401 Unauthorized: set the credentials"),
    ] {
        folder.configure(&right.replacen(wrong, replacement, 1));
        let ended = folder.run(&["try", "messages"]).await;
        assert_eq!(ended.code, Some(1), "{replacement}: {ended:?}");
        assert!(ended.stdout.contains(remedy), "{replacement}: {}", ended.stdout);
    }
    folder.configure(&right.replacen("total = \"/total\"", "total = \"/count\"", 1));
    let shown = folder.succeed(&["try", "messages"]).await;
    assert!(shown.contains("warning: no page has a number at \"/count\" (total)"), "{shown}");
    let output = folder.fail(&["try", "nonsense"]).await;
    assert!(output.contains("configured are messages"), "{output}");
}

#[tokio::test]
async fn a_position_in_the_body_is_shown_with_the_method() {
    let api = JsonApi::start(|call| {
        if call.method == "GET" {
            return ApiReply { status: 405, headers: Vec::new(), body: String::new() };
        }
        let from = call.body["from"].as_u64().and_then(|from| usize::try_from(from).ok()).unwrap_or(0);
        json_api::json(&json!({"items": items(from.min(25), (from + 10).min(25)), "total": 25}))
    })
    .await;
    let paging = r#"{ kind = "offset", offset = "/from", limit = "/size", size = 10 }"#;
    let post =
        "method = \"POST\"\nbody = { query = \"s3cret\" }\nauth = { kind = \"bearer\", token = \"s3cret\" }";
    let folder = Folder::new(&source(&api.url("/search"), paging, &format!("delay = \"0s\"\n{post}")));
    let shown = folder.succeed(&["try", "messages"]).await;
    for expected in ["page 1: POST ", "/search (the first)\n", "/search (/from=10)\n", "/search (/from=20)\n"]
    {
        assert!(shown.contains(expected), "{expected}: {shown}");
    }
    assert!(!shown.contains("s3cret"), "{shown}");
    folder.configure(&source(&api.url("/search"), TEN, "delay = \"0s\""));
    let ended = folder.run(&["try", "messages"]).await;
    assert!(ended.stdout.contains("set it in method"), "{}", ended.stdout);
}

#[tokio::test]
async fn transient_faults_are_retried() {
    let upstream = Upstream::start("none", SEED).await;
    let folder = Folder::new(&source(&upstream.url("/messages/"), BY_OFFSET, "delay = \"0s\""));
    let shown = folder.succeed(&["try", "messages"]).await;
    assert!(shown.contains("no problems found") && shown.contains("pages: 34"), "{shown}");
    upstream.stop().await;

    let calls = std::sync::atomic::AtomicUsize::new(0);
    let api = JsonApi::start(move |call| {
        let number = calls.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        if number == 0 {
            ApiReply { status: 503, headers: Vec::new(), body: String::new() }
        } else {
            by_offset(call)
        }
    })
    .await;
    folder.configure(&source(&api.url("/messages"), TEN, "delay = \"0s\""));
    let shown = folder.succeed(&["try", "messages"]).await;
    assert!(shown.contains("failed: 503 Service Unavailable"), "{shown}");
}
