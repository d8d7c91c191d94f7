//! Sources that SIGHUP adds to a running server, changes, and removes.

use serde_json::json;

use super::keys::reload;
use crate::support::folder::Folder;
use crate::support::json_api::{self, JsonApi};
use crate::support::server::Endpoint;
use crate::support::wait::until;

/// An API whose lists `/quick` and `/other` are short; `/slow` has many pages.
async fn api() -> JsonApi {
    JsonApi::start(|call| {
        let count = if call.path == "/slow" { 100_000 } else { 25 };
        let (skip, limit) = (call.number("skip", 0).min(count), call.number("limit", 10));
        let item = |id: usize| json!({"id": format!("{}-{id}", call.path), "message": format!("text {id}")});
        let items: Vec<_> = (skip..(skip + limit).min(count)).map(item).collect();
        json_api::json(&json!({"items": items, "total": count}))
    })
    .await
}

/// A table of a source with the name of its path.
fn table(api: &JsonApi, name: &str, more: &str) -> String {
    let url = api.url(&format!("/{name}"));
    format!(
        "[[sources]]\nname = \"{name}\"\nurl = \"{url}\"\nitems = \"/items\"\ntotal = \"/total\"\n{more}\n\
         pagination = {{ kind = \"offset\", size = 10 }}\nfields = {{ key = \"/id\", text = \"/message\" }}\n"
    )
}

const PACED: &str = "delay = \"50ms\"";

async fn state_of(endpoint: &Endpoint, source: &str) -> Option<String> {
    let crawls = endpoint.crawls(source).await;
    Some(crawls.first()?["state"].as_str()?.to_owned())
}

async fn completed(endpoint: &Endpoint, source: &str) {
    let is_completed =
        async || (state_of(endpoint, source).await.as_deref() == Some("COMPLETED")).then_some(());
    until("a complete crawl", is_completed).await;
}

#[tokio::test]
async fn added_changed_and_removed_sources_take_effect() {
    let api = api().await;
    let folder = Folder::new(&(table(&api, "quick", PACED) + &table(&api, "slow", PACED)));
    let server = folder.serve().await;
    let endpoint = &server.endpoint;
    completed(endpoint, "quick").await;
    let slow = |requests: Vec<String>| requests.iter().filter(|url| url.starts_with("/slow")).count();
    until("pages of the slow source", async || (slow(api.requests()) > 3).then_some(())).await;

    // An added source is crawled; the crawl of an unchanged one continues.
    let start = "mutation($source: String!) { startCrawl(source: $source) { id } }";
    let refused = endpoint.query(start, json!({"source": "other"})).await;
    assert!(refused.codes().contains("NOT_FOUND"), "{refused:?}");
    folder.configure(
        &(table(&api, "slow", PACED) + &table(&api, "quick", PACED) + &table(&api, "other", PACED)),
    );
    reload(&server, "settings reloaded").await;
    completed(endpoint, "other").await;
    let log = server.process.stderr();
    assert!(log.contains("added=\"other\"") && !log.contains("need a restart"), "{log}");
    let before = slow(api.requests());
    until("further pages", async || (slow(api.requests()) > before).then_some(())).await;
    let restarted = api.requests().iter().filter(|url| url.starts_with("/slow?skip=0")).count();
    assert_eq!(restarted, 1, "the crawl was not interrupted");
    assert!(endpoint.query(start, json!({"source": "other"})).await.errors.is_empty());
    let (_, page) = metrics(endpoint).await;
    assert!(page.contains("quarry_crawl_pages_total{source=\"other\"}"), "{page}");

    // A changed source is crawled with its new settings.
    folder.configure(&(table(&api, "slow", "delay = \"20ms\"") + &table(&api, "quick", PACED)));
    reload(&server, "settings reloaded").await;
    assert!(
        server.process.stderr().contains("changed=\"slow\" removed=\"other\""),
        "{}",
        server.process.stderr()
    );
    let before = slow(api.requests());
    until("pages with the new settings", async || (slow(api.requests()) > before + 3).then_some(())).await;
    // A removed source is not: its documents stay.
    let refused = endpoint.query(start, json!({"source": "other"})).await;
    assert!(refused.codes().contains("NOT_FOUND"), "{refused:?}");
    assert_eq!(endpoint.document_count("other").await, 25);
    let (_, page) = metrics(endpoint).await;
    assert!(!page.contains("source=\"other\"") && page.contains("source=\"quick\""), "{page}");

    // The running crawl of a removed source stops at its page and releases its lease.
    folder.configure(&table(&api, "quick", PACED));
    reload(&server, "settings reloaded").await;
    let purged = until("a lease that is released", async || {
        let ended = folder.run(&["sources", "purge", "slow", "--yes"]).await;
        (ended.code == Some(0)).then_some(ended.stdout)
    })
    .await;
    assert!(purged.contains("documents removed"), "{purged}");
    let listed = folder.succeed(&["sources"]).await;
    assert!(!listed.contains("slow") && listed.contains("quick"), "{listed}");
    server.stop().await;
}

#[tokio::test]
async fn a_broken_file_changes_nothing_and_a_language_needs_a_restart() {
    let api = api().await;
    let folder = Folder::new(&table(&api, "quick", PACED));
    let server = folder.serve().await;
    completed(&server.endpoint, "quick").await;
    for (broken, reason) in [
        (table(&api, "quick", PACED).replace("kind = \"offset\"", "kind = \"none of these\""), "pagination"),
        (table(&api, "quick", "schedule = \"at three\""), "five fields of cron"),
        (table(&api, "quick", "refresh = \"1h\"\nschedule = \"0 3 * * *\""), "are both set"),
    ] {
        folder.configure(&broken);
        reload(&server, "the old ones stay in force").await;
        assert!(server.process.stderr().contains(reason), "{reason}: {}", server.process.stderr());
    }
    folder.configure(&table(&api, "quick", "language = \"none\"\nschedule = \"0 3 * * *\""));
    reload(&server, "changed settings need a restart").await;
    assert!(server.process.stderr().contains("settings=\"sources.language\""), "{}", server.process.stderr());
    server.stop().await;
}

async fn metrics(endpoint: &Endpoint) -> (u16, String) {
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let url = format!("http://{}/metrics", endpoint.address());
    let response = client.get(url).send().await.expect("a response");
    (response.status().as_u16(), response.text().await.expect("a text"))
}
