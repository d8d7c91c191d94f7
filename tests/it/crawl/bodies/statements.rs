//! Totals and cursors in the spellings of APIs.

use serde_json::json;

use super::*;
use crate::crawl::scripted::{ReceivedRequest, Reply, ok, raw};

const FIELDS: &str = "key = \"/k\"\ntext = \"/t\"";

/// Returns the page of three numbered items, of which each request selects one.
fn page(request: &ReceivedRequest, total: &str, next: [&str; 3]) -> Reply {
    let number: usize = request.query.get("cursor").map_or(0, |cursor| cursor.parse().expect("a number"));
    raw(200, format!(r#"{{"list":[{{"k":{number},"t":"x"}}],"count":{total},"next":{}}}"#, next[number]))
}

#[tokio::test]
async fn a_cursor_that_means_none_ends_the_list() {
    for last in ["0", "\"-1\"", "\"NULL\"", "{}", "[]", "\"undefined\""] {
        let upstream = Upstream::start(move |request| page(request, "null", ["1", "\"2\"", last])).await;
        let settings = "items = \"/list\"\npagination = { kind = \"cursor\", next = \"/next\", size = 1 }";
        let bench = Bench::new().await;
        let crawl = bench.crawl(&source_with(&upstream, settings, FIELDS)).await;
        assert_eq!((crawl.state, crawl.error.as_deref()), (CrawlState::Completed, None), "{last}");
        assert_eq!(keys(&documents(&bench).await), ["0", "1", "2"], "{last}");
    }
}

#[tokio::test]
async fn a_total_may_be_grouped_an_object_or_unknown() {
    for (total, expected) in [
        (json!("1,204"), Some(1_204)),
        (json!({"value": 1_204, "relation": "eq"}), Some(1_204)),
        (json!("1204.0"), Some(1_204)),
        (json!(-1), None),
    ] {
        let upstream = Upstream::start(move |request| {
            let first: usize = request.query["skip"].parse().expect("a number");
            let list: Vec<_> = (first..1_204.min(first + 700)).map(|k| json!({"k": k, "t": "x"})).collect();
            ok(&json!({"list": list, "count": total}))
        })
        .await;
        let settings =
            "items = \"/list\"\ntotal = \"/count\"\npagination = { kind = \"offset\", size = 700 }";
        let bench = Bench::new().await;
        let crawl = bench.crawl(&source_with(&upstream, settings, FIELDS)).await;
        assert_eq!((crawl.state, crawl.error.as_deref()), (CrawlState::Completed, None));
        assert_eq!((crawl.expected_total, crawl.documents_seen), (expected, 1_204));
    }
}
