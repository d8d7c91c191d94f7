//! `quarry sources`: the list of sources, and the removal of one that is no longer configured.

use serde_json::json;

use crate::support::folder::Folder;
use crate::support::json_api::{self, JsonApi};
use crate::support::messages::source;
use crate::support::wait::until;

const TEN: &str = r#"{ kind = "offset", size = 10 }"#;

async fn api() -> JsonApi {
    JsonApi::start(|call| {
        if call.query.contains_key("since") {
            return json_api::json(&json!({"items": [], "total": 0}));
        }
        let (skip, limit) = (call.number("skip", 0).min(25), call.number("limit", 10));
        let item = |id: usize| json!({"id": id, "message": format!("text {id}")});
        let items: Vec<_> = (skip..(skip + limit).min(25)).map(item).collect();
        json_api::json(&json!({"items": items, "total": 25}))
    })
    .await
}

#[tokio::test]
async fn sources_are_listed_with_their_documents_and_last_crawls() {
    let folder = Folder::new("");
    for arguments in [&["sources"][..], &["sources", "purge", "messages", "--yes"], &["migrate", "status"]] {
        let refused = folder.fail(arguments).await;
        assert!(refused.contains("there is no database at"), "{arguments:?}: {refused}");
        assert!(!folder.path("data").exists(), "{arguments:?} creates nothing");
    }
    folder.succeed(&["migrate", "up", "--steps", "1"]).await;
    assert!(folder.fail(&["sources"]).await.contains("run `quarry migrate up` first"));
    assert!(folder.succeed(&["migrate", "status"]).await.contains("pending"));
    folder.succeed(&["migrate", "up"]).await;
    assert!(folder.succeed(&["sources"]).await.contains("sources init URL"));
    let api = api().await;
    folder.configure(&source(&api.url("/m"), TEN, "delay = \"0s\""));
    folder.succeed(&["crawl", "messages"]).await;
    for arguments in [&["sources"][..], &["sources", "list"]] {
        let listed = folder.succeed(arguments).await;
        let line = listed.lines().find(|line| line.starts_with("messages")).expect("a line");
        let words: Vec<&str> = line.split_whitespace().collect();
        assert_eq!(words[..4], ["messages", "yes", "25", "completed"], "{listed}");
    }
    folder.configure("");
    let listed = folder.succeed(&["sources"]).await;
    assert!(listed.lines().any(|line| line.starts_with("messages  no ")), "{listed}");
}

#[tokio::test]
async fn a_source_that_is_no_longer_configured_can_be_purged_while_a_server_runs() {
    let api = api().await;
    let changes_only = "delay = \"0s\"\nsince = { param = \"since\", field = \"/id\" }";
    let folder = Folder::new(&source(&api.url("/m"), TEN, changes_only));
    folder.succeed(&["crawl", "messages"]).await;
    let refused = folder.fail(&["sources", "purge", "messages", "--yes"]).await;
    assert!(refused.contains("is configured") && refused.contains("[[sources]]"), "{refused}");

    folder.configure("");
    let server = folder.serve().await;
    server.endpoint.index("notes", &[("1", "one"), ("2", "two")]).await;
    assert_eq!(server.endpoint.total("").await, 27);
    let asked = folder.fail(&["sources", "purge", "messages"]).await;
    assert!(asked.contains("pass --yes to remove 25 documents"), "{asked}");
    let unknown = folder.fail(&["sources", "purge", "nonsense", "--yes"]).await;
    assert!(unknown.contains("stored are messages, notes"), "{unknown}");

    let purged = folder.succeed(&["sources", "purge", "messages", "--yes"]).await;
    assert!(purged.contains("messages: 25 documents\n"), "{purged}");
    assert!(purged.contains("25 documents removed"), "{purged}");
    // The index of the running server follows.
    until("an index without the source", async || (server.endpoint.total("").await == 2).then_some(())).await;
    let listed = server.endpoint.data("{ sources { name } }", json!({})).await;
    assert_eq!(listed, json!({"sources": [{"name": "notes"}]}));

    let purged = folder.succeed(&["sources", "purge", "notes", "--yes"]).await;
    assert!(purged.contains("notes: 2 documents, 2 of them stored by clients"), "{purged}");
    until("an empty index", async || (server.endpoint.total("").await == 0).then_some(())).await;
    server.stop().await;

    // The documents return if it is configured again: its first crawl asks for all items.
    folder.configure(&source(&api.url("/m"), TEN, changes_only));
    let crawled = folder.succeed(&["crawl", "messages"]).await;
    assert!(crawled.contains("25 inserted"), "{crawled}");
}
