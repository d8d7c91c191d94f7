//! `quarry sources init`: the number of the first page or item, and the names of parameters in less usual APIs.

use serde_json::{Value, json};

use super::proposals::{assert_crawls, slice};
use crate::support::json_api::{self, ApiCall, ApiReply, JsonApi};

const FIELDS: &str = "key=/id text=/text";

fn refused() -> ApiReply {
    ApiReply { status: 400, headers: Vec::new(), body: r#"{"detail":"invalid parameter"}"#.to_owned() }
}

/// Returns ten of 25 items from `start` on.
fn page(start: usize) -> Vec<Value> {
    slice(start, 10, 25, |id| json!({"id": id, "text": format!("The text of item {id}")}))
}

/// Starts an API whose requests may have these parameters only.
async fn strict(names: &'static [&str], reply: fn(&ApiCall) -> Option<Value>) -> JsonApi {
    JsonApi::start(move |call| {
        let is_known = call.query.keys().all(|name| names.contains(&name.as_str()));
        match reply(call).filter(|_| is_known) {
            Some(body) => json_api::json(&body),
            None => refused(),
        }
    })
    .await
}

#[tokio::test]
async fn pages_may_begin_at_zero() {
    let api =
        strict(&["page", "per_page"], |call| Some(json!({"items": page(call.number("page", 0) * 10)}))).await;
    let toml = assert_crawls(&api.url("/notes"), "notes", 25, "page page per_page 0", FIELDS).await;
    assert!(toml.contains("first = 0"), "{toml}");
}

#[tokio::test]
async fn pages_that_begin_at_one_stay_so() {
    let number = |call: &ApiCall| call.number("page", 1).max(1) - 1;
    let api = JsonApi::start(move |call| json_api::json(&json!({"items": page(number(call) * 10)}))).await;
    assert_crawls(&api.url("/notes"), "notes", 25, "page page per_page 1", FIELDS).await;
}

#[tokio::test]
async fn offsets_may_begin_at_one() {
    let strict_start = strict(&["start", "limit"], |call| {
        let start = call.number("start", 1).checked_sub(1)?;
        Some(json!({"items": page(start), "total": 25}))
    });
    // SCIM (RFC 7644) reads 0 as 1.
    let lenient = strict(&["start", "limit"], |call| {
        Some(json!({"items": page(call.number("start", 1).max(1) - 1), "total": 25}))
    });
    for api in [strict_start.await, lenient.await] {
        let toml = assert_crawls(&api.url("/notes"), "notes", 25, "offset start limit", FIELDS).await;
        assert!(toml.contains("first = 1"), "{toml}");
    }
}

/// Returns the start that a token such as `tok10en` names.
fn start_of(call: &ApiCall, name: &str) -> Option<usize> {
    match call.query.get(name) {
        Some(token) => token.strip_prefix("tok")?.strip_suffix("en")?.parse().ok(),
        None => Some(0),
    }
}

fn token_after(start: usize) -> Value {
    if start + 10 < 25 { json!(format!("tok{}en", start + 10)) } else { Value::Null }
}

#[tokio::test]
async fn tokens_are_sent_by_the_names_of_their_apis() {
    let twitter = strict(&["pagination_token", "limit"], |call| {
        let start = start_of(call, "pagination_token")?;
        Some(json!({"data": page(start), "meta": {"next_token": token_after(start)}}))
    });
    let after = strict(&["after", "limit"], |call| {
        let start = start_of(call, "after")?;
        Some(json!({"data": page(start), "pagination": {"cursor": token_after(start)}}))
    });
    let kubernetes = strict(&["continue", "limit"], |call| {
        let start = start_of(call, "continue")?;
        Some(json!({"kind": "PodList", "metadata": {"continue": token_after(start)}, "items": page(start)}))
    });
    let asana = strict(&["offset", "limit"], |call| {
        let start = start_of(call, "offset")?;
        let next = token_after(start);
        let next = if next.is_null() { next } else { json!({"offset": next}) };
        Some(json!({"data": page(start), "next_page": next}))
    });
    for (api, expected) in [
        (twitter.await, "cursor pagination_token /meta/next_token"),
        (after.await, "cursor after /pagination/cursor"),
        (kubernetes.await, "cursor continue /metadata/continue"),
        (asana.await, "cursor offset /next_page/offset"),
    ] {
        assert_crawls(&api.url("/notes"), "notes", 25, expected, FIELDS).await;
    }
}

#[tokio::test]
async fn offsets_are_sent_by_the_names_of_their_apis() {
    let arcgis = strict(&["resultOffset", "resultRecordCount"], |call| {
        let start = call.number("resultOffset", 0);
        let mut body = json!({"features": page(start)});
        if start + 10 < 25 {
            body["exceededTransferLimit"] = true.into();
        }
        Some(body)
    });
    let odata = strict(&["$skip", "$top"], |call| Some(json!({"value": page(call.number("$skip", 0))})));
    let socrata = strict(&["$offset", "$limit"], |call| Some(page(call.number("$offset", 0)).into()));
    let json_server = strict(&["_start", "_limit"], |call| Some(page(call.number("_start", 0)).into()));
    for (api, path, name, expected) in [
        (arcgis.await, "/notes", "notes", "offset resultOffset resultRecordCount"),
        (odata.await, "/notes", "notes", "offset $skip $top"),
        (socrata.await, "/resource/notes.json", "notes", "offset $offset $limit"),
        (json_server.await, "/notes", "notes", "offset _start _limit"),
    ] {
        assert_crawls(&api.url(path), name, 25, expected, FIELDS).await;
    }
}
