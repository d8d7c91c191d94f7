//! The four pagination styles, without faults.

use quarry::simulator::FaultProfile;
use serde_json::{Value, json};

use super::client::{Upstream, ids, numbered};

async fn well_behaved(length: u64) -> Upstream {
    Upstream::start(numbered(length), FaultProfile::None, 7).await
}

#[tokio::test]
async fn offset_pages_walk_every_item_once() {
    let upstream = well_behaved(250).await;
    let mut seen = Vec::new();
    for skip in [0, 100, 200, 300] {
        let page = upstream.json(&format!("/messages/?skip={skip}&limit=100")).await;
        assert_eq!(page["total"], 250);
        seen.extend(ids(&page["items"]));
    }
    assert_eq!(seen, (0..250).collect::<Vec<_>>());
    assert_eq!(ids(&upstream.json("/messages/").await["items"]).len(), 100, "the limit is 100 by default");
    upstream.stop().await;
}

#[tokio::test]
async fn numbered_pages_walk_every_item_once() {
    let upstream = well_behaved(250).await;
    let mut seen = Vec::new();
    for number in 1..=4 {
        let page = upstream.json(&format!("/messages/page/?page={number}&size=100")).await;
        assert_eq!((&page["total"], &page["page"]), (&json!(250), &json!(number)));
        seen.extend(ids(&page["items"]));
    }
    assert_eq!(seen, (0..250).collect::<Vec<_>>());
    upstream.stop().await;
}

#[tokio::test]
async fn cursors_walk_every_item_once_and_end_with_null() {
    for (length, pages) in [(250, 3), (200, 2), (1, 1), (0, 1)] {
        let upstream = well_behaved(length).await;
        let (mut seen, mut cursor, mut asked) = (Vec::new(), String::new(), 0);
        loop {
            let page = upstream.json(&format!("/messages/cursor/?cursor={cursor}&limit=100")).await;
            asked += 1;
            assert_eq!(page["total"], length);
            seen.extend(ids(&page["items"]));
            match &page["next_cursor"] {
                Value::String(next) => cursor.clone_from(next),
                end => break assert_eq!(*end, Value::Null),
            }
        }
        assert_eq!((seen, asked), ((0..length).collect::<Vec<_>>(), pages));
        upstream.stop().await;
    }
}

#[tokio::test]
async fn links_walk_every_item_once_and_end() {
    let upstream = well_behaved(250).await;
    let own = format!("http://{}", upstream.address);
    let (mut seen, mut path) = (Vec::new(), "/messages/link/?per_page=100".to_owned());
    loop {
        let response = upstream.get(&path).await;
        assert_eq!(response.headers()["x-total-count"], "250");
        let link = response.headers().get("link").map(|link| link.to_str().unwrap().to_owned());
        let items: Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
        seen.extend(ids(&items));
        let Some(link) = link else { break };
        let next = link.strip_prefix('<').and_then(|link| link.strip_suffix(">; rel=\"next\"")).unwrap();
        path = next.strip_prefix(&own).unwrap().to_owned();
    }
    assert_eq!(seen, (0..250).collect::<Vec<_>>());
    upstream.stop().await;
}

#[tokio::test]
async fn a_limit_above_the_cap_gets_the_cap() {
    let upstream = well_behaved(2_500).await;
    for path in ["?limit=5000", "page/?size=5000", "cursor/?limit=5000"] {
        let page = upstream.json(&format!("/messages/{path}")).await;
        assert_eq!(ids(&page["items"]).len(), 1_000, "{path}");
    }
    let second = upstream.json("/messages/page/?page=2&size=5000").await;
    assert_eq!(ids(&second["items"])[0], 1_000, "the pages follow the size that is served");
    upstream.stop().await;
}

#[tokio::test]
async fn bad_parameters_are_named() {
    let upstream = well_behaved(10).await;
    for (path, name, kind) in [
        ("?skip=-1", "skip", "greater_than_equal"),
        ("?skip=x", "skip", "int_parsing"),
        ("?limit=0", "limit", "greater_than_equal"),
        ("?limit=1.5", "limit", "int_parsing"),
        ("?skip=99999999999999999999", "skip", "int_parsing"),
        ("page/?page=0", "page", "greater_than_equal"),
        ("page/?size=many", "size", "int_parsing"),
        ("cursor/?cursor=%00", "cursor", "cursor_parsing"),
        ("cursor/?cursor=MTIz", "cursor", "cursor_parsing"),
        ("link/?per_page=-5", "per_page", "greater_than_equal"),
    ] {
        let response = upstream.get(&format!("/messages/{path}")).await;
        assert_eq!(response.status(), 422, "{path}");
        let body: Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
        let detail = &body["detail"][0];
        assert_eq!(
            (&detail["loc"], &detail["type"]),
            (&json!(["query", name]), &json!(kind)),
            "{path}: {body}"
        );
    }
    for path in ["?skip=9223372036854775807&limit=1000", "page/?page=9223372036854775807&size=1000"] {
        assert_eq!(
            upstream.json(&format!("/messages/{path}")).await["items"],
            json!([]),
            "far beyond the end"
        );
    }
    upstream.stop().await;
}

#[tokio::test]
async fn addresses_without_the_slash_lead_to_the_one_with_it_and_keep_the_query() {
    let upstream = well_behaved(10).await;
    for (path, location) in [
        ("/messages", "/messages/"),
        ("/messages?skip=5&limit=2", "/messages/?skip=5&limit=2"),
        ("/messages/page?page=2&size=5", "/messages/page/?page=2&size=5"),
        ("/messages/cursor", "/messages/cursor/"),
        ("/messages/link?per_page=3", "/messages/link/?per_page=3"),
    ] {
        let response = upstream.get(path).await;
        assert_eq!(response.status(), 307, "{path}");
        assert_eq!(response.headers()["location"], format!("http://{}{location}", upstream.address));
    }
    assert_eq!(upstream.stop().await.redirects(), 5);
}

#[tokio::test]
async fn everything_else_is_refused_in_json() {
    let upstream = well_behaved(10).await;
    for path in ["/users", "/users/", "/messages/pages/", "/messages/page/2/"] {
        let response = upstream.get(path).await;
        assert_eq!(response.status(), 404, "{path}");
        assert_eq!(response.text().await.unwrap(), "{\"detail\":\"Not Found\"}");
    }
    let index = upstream.json("/").await;
    assert_eq!(
        (index["faults"].as_str(), index["endpoints"].as_array().map(Vec::len)),
        (Some("none"), Some(4))
    );
    for endpoint in index["endpoints"].as_array().unwrap() {
        assert_eq!(upstream.get(endpoint["url"].as_str().unwrap()).await.status(), 200, "{endpoint}");
    }
    upstream.stop().await;
}
