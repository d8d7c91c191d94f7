//! `quarry sources init`: less usual kinds of pagination, which only further requests show.

use serde_json::{Value, json};

use super::proposals::assert_crawls;
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
    let folder = crate::support::folder::Folder::new("");
    folder.succeed(&["sources", "init", &api.url("/list")]).await;
    assert!(!api.requests().iter().any(|url| url.contains("after")), "{:?}", api.requests());
}
