//! `quarry sources init`: less usual kinds of pagination, which only further requests show.

use serde_json::{Value, json};

use super::proposals::{assert_crawls, slice};
use crate::support::folder::Folder;
use crate::support::json_api::{self, ApiReply, JsonApi};

fn bad_request() -> ApiReply {
    ApiReply {
        status: 400,
        headers: Vec::new(),
        body: r#"{"error":{"message":"unknown parameter"}}"#.to_owned(),
    }
}

#[tokio::test]
async fn pages_behind_the_last_item_with_a_flag() {
    let api = JsonApi::start(|call| {
        if !call.query.keys().all(|name| ["limit", "starting_after", "ending_before"].contains(&name.as_str())) {
            return bad_request();
        }
        let start = call.query.get("starting_after").map_or(0, |id| id[3..].parse::<usize>().expect("a number") + 1);
        let end = (start + call.number("limit", 10)).min(25);
        let charge = |id: usize| json!({"id": format!("ch_{id:03}"), "object": "charge", "amount": 100 + id % 7, "description": format!("Order {id} of the shop"), "created": 1_790_000_000 + id});
        let data: Vec<Value> = (start..end).map(charge).collect();
        json_api::json(&json!({"object": "list", "url": "/v1/charges", "has_more": end < 25, "data": data}))
    })
    .await;
    let fields = "key=/id text=/description published_at=/created";
    assert_crawls(&api.url("/v1/charges"), "charges", 25, "cursor starting_after last:/id", fields).await;
}

#[tokio::test]
async fn pages_before_the_oldest_item_of_a_bare_array() {
    let api = JsonApi::start(|call| {
        let message = |id: usize| json!({"id": (id + 1000).to_string(), "content": format!("Message {id}"), "author": {"id": "7", "username": "ann"}});
        let before = call.number("before", 9_999);
        let after = call.number("after", 0);
        let all = (0..25).rev().filter(|id| id + 1000 < before && id + 1000 > after);
        json_api::json(&all.take(call.number("limit", 10)).map(message).collect())
    })
    .await;
    let fields = "key=/id text=/content author_key=/author/id author_name=/author/username";
    let url = api.url("/api/channels/1/messages");
    assert_crawls(&url, "messages", 25, "cursor before last:/id", fields).await;
}

#[tokio::test]
async fn a_list_that_states_its_end_is_not_probed() {
    let api = JsonApi::start(|_| {
        let data: Vec<Value> = (0..3).map(|id| json!({"id": id, "text": format!("Text {id}")})).collect();
        json_api::json(&json!({"has_more": false, "data": data}))
    })
    .await;
    let folder = Folder::new("");
    folder.succeed(&["sources", "init", &api.url("/list")]).await;
    assert!(!api.requests().iter().any(|url| url.contains("after")), "{:?}", api.requests());
}

#[tokio::test]
async fn a_cursor_in_a_header_that_requests_repeat() {
    let api = JsonApi::start(|call| {
        let start = call.headers.get("x-ms-continuation").map_or(0, |at| at.to_str().expect("text").parse().expect("a number"));
        let end = (start + 10).min(25);
        let documents: Vec<Value> =
            (start..end).map(|id| json!({"id": format!("d{id}"), "text": format!("Text {id}"), "_etag": format!("e-{id}")})).collect();
        let mut reply = json_api::json(&json!({"_rid": "x", "_count": documents.len(), "Documents": documents}));
        if end < 25 {
            reply.headers.push(("x-ms-continuation", end.to_string()));
        }
        reply
    })
    .await;
    let url = api.url("/dbs/a/colls/b/docs");
    let pagination = "cursor header:x-ms-continuation header:x-ms-continuation";
    assert_crawls(&url, "docs", 25, pagination, "key=/id text=/text").await;
}

#[tokio::test]
async fn an_empty_cursor_of_a_whole_list_is_kept_for_longer_ones() {
    let api = JsonApi::start(|_| {
        let member = |id: usize| json!({"id": format!("U{id}"), "real_name": format!("Ann {id}"), "profile": {"title": "Engineer of things"}});
        let members: Vec<Value> = (0..7).map(member).collect();
        json_api::json(&json!({"ok": true, "members": members, "response_metadata": {"next_cursor": ""}}))
    })
    .await;
    let toml = Folder::new("").succeed(&["sources", "init", &api.url("/api/users.list")]).await;
    let expected = "pagination = { kind = \"cursor\", cursor = \"cursor\", limit = \"limit\", size = 7, next = \"/response_metadata/next_cursor\" }";
    assert!(toml.contains(expected), "{toml}");
}

#[tokio::test]
async fn lists_in_groups_are_read_as_one() {
    let api = JsonApi::start(|_| {
        let object =
            |id: usize| json!({"id": id.to_string(), "name": format!("({id} AB)"), "is_hazardous": false});
        let day = |day: usize| (format!("2026-01-0{day}"), (0..3).map(|id| object(day * 10 + id)).collect());
        let days: serde_json::Map<String, Value> = (1..4).map(day).collect();
        json_api::json(&json!({"element_count": 9, "near_earth_objects": days}))
    })
    .await;
    let toml = assert_crawls(&api.url("/neo/feed"), "neo", 9, "none", "key=/id text=/name").await;
    assert!(
        toml.contains("items = \"/near_earth_objects/*/*\" # an object of arrays of 9 objects"),
        "{toml}"
    );
}

#[tokio::test]
async fn a_row_that_does_not_fit_is_reported() {
    let api = JsonApi::start(|_| {
        let rows: String = (0..9).map(|id| format!("{id},Text {id}\n")).collect();
        ApiReply { status: 200, headers: Vec::new(), body: format!("id,text\n{rows}9,one,two\n") }
    })
    .await;
    let toml = Folder::new("").succeed(&["sources", "init", &api.url("/rows")]).await;
    assert!(toml.contains("# ATTENTION: line 11 has 3 fields, the header 2: a crawl rejects it"), "{toml}");
    assert!(toml.contains("format = \"csv\""), "{toml}");
}

#[tokio::test]
async fn a_table_with_an_unclear_field_is_printed_with_the_choices() {
    let api = JsonApi::start(|call| {
        let product = |id: usize| json!({"quantity": 2, "product": {"id": id}, "stock": {"id": format!("s{id}")}, "note": "Tea"});
        let start = call.number("offset", 0);
        let lines: Vec<Value> = (start..(start + 10).min(25)).map(product).collect();
        json_api::json(&json!({"total": 25, "lines": lines}))
    })
    .await;
    let folder = Folder::new("");
    let ended = folder.run(&["sources", "init", &api.url("/lines")]).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("which member of its items is the key"), "{}", ended.stderr);
    let line = "# key = \"/product/id\" # or \"/stock/id\"; unclear: ";
    assert!(ended.stdout.contains(line), "{}", ended.stdout);
    assert!(
        ended.stdout.contains("offset = \"offset\"") && ended.stdout.contains("; verified: "),
        "{}",
        ended.stdout
    );
    folder.configure(
        &ended.stdout.replace("# key =", "key =").replace("[[sources]]\n", "[[sources]]\ndelay = \"1ms\"\n"),
    );
    let crawled = folder.succeed(&["crawl", "lines"]).await;
    assert!(crawled.contains("25 inserted"), "{crawled}");
}

#[tokio::test]
async fn an_api_that_rejects_unknown_parameters_is_requested_without_a_page_size() {
    let api = JsonApi::start(|call| {
        if call.query.keys().any(|name| name != "start_cursor") {
            return bad_request();
        }
        let start = call.number("start_cursor", 0);
        let user =
            |id: usize| json!({"id": format!("u{id}"), "biography": format!("Biography of user {id}")});
        let results: Vec<Value> = (start..(start + 10).min(25)).map(user).collect();
        let next = (start + 10 < 25).then(|| (start + 10).to_string());
        json_api::json(
            &json!({"object": "list", "results": results, "next_cursor": next, "has_more": next.is_some()}),
        )
    })
    .await;
    let url = api.url("/v1/users");
    assert_crawls(&url, "users", 25, "cursor start_cursor /next_cursor", "key=/id text=/biography").await;
}

fn row(id: usize) -> Value {
    json!({"id": id, "text": format!("The text of row {id}")})
}

#[tokio::test]
async fn the_number_of_items_of_a_page_is_no_total() {
    let api = JsonApi::start(|call| {
        let rows = slice(call.number("firstRow", 0), 10, 45, row);
        json_api::json(&json!({"count": rows.len(), "rows": rows}))
    })
    .await;
    let folder = Folder::new("");
    let ended = folder.run(&["sources", "init", &api.url("/rows")]).await;
    assert!(ended.stderr.contains("warning: not all of this is verified"), "{}", ended.stderr);
    let warning = "# ATTENTION: no scheme of pagination was found";
    assert!(ended.stdout.contains(warning) && !ended.stdout.contains("total ="), "{}", ended.stdout);
}

#[tokio::test]
async fn a_header_names_the_parameter_of_the_next_page() {
    let api = JsonApi::start(|call| {
        let start = call.number("continuationToken", 0);
        let rows = slice(start, 10, 25, row);
        let mut reply = json_api::json(&json!({"count": rows.len(), "value": rows}));
        if start + 10 < 25 {
            reply.headers.push(("x-ms-continuationtoken", (start + 10).to_string()));
        }
        reply
    })
    .await;
    let pagination = "cursor continuationToken header:x-ms-continuationtoken";
    assert_crawls(&api.url("/rows"), "rows", 25, pagination, "key=/id text=/text").await;
}

#[tokio::test]
async fn a_link_behind_the_page_is_followed() {
    let api = JsonApi::start(|call| {
        let start = call.number("cursor", 0);
        let end = (start + 10).min(25);
        let link = format!("{}/tickets?cursor={end}", call.home);
        let before = format!("{}/tickets?before={start}", call.home);
        json_api::json(&json!({
            "tickets": slice(start, 10, 25, row), "after_url": link, "before_url": before,
            "after_cursor": end.to_string(), "end_of_stream": end == 25,
        }))
    })
    .await;
    assert_crawls(&api.url("/tickets"), "tickets", 25, "cursor cursor /after_url", "key=/id text=/text")
        .await;
}

#[tokio::test]
async fn any_client_error_refuses_a_parameter() {
    for status in [409, 418] {
        let api = JsonApi::start(move |call| {
            if !call.query.keys().all(|name| ["start", "rows"].contains(&name.as_str())) {
                return ApiReply { status, ..bad_request() };
            }
            let rows = slice(call.number("start", 0), call.number("rows", 10), 45, row);
            json_api::json(&json!({"success": true, "result": {"count": 45, "results": rows}}))
        })
        .await;
        let url = api.url("/api/packages");
        assert_crawls(&url, "packages", 45, "offset start rows", "key=/id text=/text").await;
    }
}
