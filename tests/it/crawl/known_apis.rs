//! Upstreams with the shapes of widely used APIs, after their public documentation, and the settings that they need.
//!
//! `docs/sources.md` lists the same settings.

use quarry::domain::CrawlState;
use serde_json::{Value, json};

use super::Bench;
use super::scripted::{ReceivedRequest, Reply, Upstream, ok, raw, source_of, with_header};

/// Crawls an upstream twice, and returns the number of its documents.
async fn crawled(script: fn(&ReceivedRequest) -> Reply, path: &str, settings: &str) -> usize {
    let upstream = Upstream::start(script).await;
    let url = upstream.url(path);
    let text = format!(
        "[[sources]]\nname = \"messages\"\nurl = \"{url}\"\ndelay = \"0s\"\nbackoff = \"1ms\"\n\
         max_backoff = \"4ms\"\n{settings}"
    );
    let (bench, config) = (Bench::new().await, source_of(&text));
    for _ in 0..2 {
        let crawl = bench.crawl(&config).await;
        assert_eq!((crawl.state, crawl.error.as_deref()), (CrawlState::Completed, None));
    }
    bench.keys().await.len()
}

fn slice(all: &[Value], start: usize, size: usize) -> Vec<Value> {
    all.iter().skip(start).take(size).cloned().collect()
}

#[tokio::test]
async fn wordpress_posts() {
    fn posts(request: &ReceivedRequest) -> Reply {
        let (page, per) =
            (request.number_of("page").unwrap_or(1), request.number_of("per_page").unwrap_or(10));
        let all: Vec<Value> = (0..40)
            .map(|id| {
                json!({"id": id, "date_gmt": "2026-03-04T05:06:07", "title": {"rendered": format!("Post &#8211; {id}")},
                       "content": {"rendered": "<p>Caf&eacute;</p>", "protected": false}, "author": 3})
            })
            .collect();
        if (page - 1) * per >= all.len() {
            return raw(400, r#"{"code": "rest_post_invalid_page_number", "data": {"status": 400}}"#);
        }
        let body = json!(slice(&all, (page - 1) * per, per)).to_string();
        with_header(200, body, "x-wp-total", "40")
    }
    let settings = r#"
        total = "header:X-WP-Total"
        pagination = { kind = "page", limit = "per_page", size = 20 }
        fields = { key = "/id", title = "/title/rendered", text = "/content/rendered", html = true, author_key = "/author", published_at = "/date_gmt" }
    "#;
    assert_eq!(crawled(posts, "/wp-json/wp/v2/posts", settings).await, 40);
}

#[tokio::test]
async fn github_issues() {
    fn issues(request: &ReceivedRequest) -> Reply {
        let (page, per) =
            (request.number_of("page").unwrap_or(1), request.number_of("per_page").unwrap_or(30));
        let all: Vec<Value> = (1..=47)
            .map(|number| {
                json!({"number": number, "title": "A title", "body": if number == 5 { Value::Null } else { json!("x") },
                       "user": {"id": 7, "login": "ann"}, "created_at": "2026-03-04T05:06:07Z"})
            })
            .collect();
        let body = json!(slice(&all, (page - 1) * per, per)).to_string();
        if page * per >= all.len() {
            return raw(200, body);
        }
        let link = format!("<?page={}&per_page={per}>; rel=\"next\", <?page=9>; rel=\"last\"", page + 1);
        with_header(200, body, "link", &link)
    }
    let settings = r#"
        pagination = { kind = "link", size = 20 }
        fields = { key = "/number", title = "/title", text = "/body", author_key = "/user/id", author_name = "/user/login", published_at = "/created_at" }
    "#;
    assert_eq!(crawled(issues, "/repos/o/r/issues?state=all", settings).await, 47);
}

#[tokio::test]
async fn django_rest_framework() {
    fn list(request: &ReceivedRequest) -> Reply {
        let page = request.number_of("page").unwrap_or(1);
        let all: Vec<Value> = (0..25).map(|id| json!({"id": id, "text": "x"})).collect();
        if page > 3 {
            return raw(404, r#"{"detail": "Invalid page."}"#);
        }
        let host = request.headers["host"].to_str().expect("a host");
        let next = (page < 3).then(|| format!("http://{host}/api/notes/?page={}", page + 1));
        ok(&json!({"count": 25, "next": next, "previous": null, "results": slice(&all, (page - 1) * 10, 10)}))
    }
    let fields = r#"fields = { key = "/id", text = "/text" }"#;
    let by_next = r#"
        items = "/results"
        total = "/count"
        pagination = { kind = "cursor", limit = "page_size", size = 10, next = "/next" }
    "#;
    assert_eq!(crawled(list, "/api/notes/", &format!("{by_next}{fields}")).await, 25);
    let by_page = "items = \"/results\"\npagination = { kind = \"page\", limit = \"\", size = 10 }\n";
    assert_eq!(crawled(list, "/api/notes/", &format!("{by_page}{fields}")).await, 25);
}

#[tokio::test]
async fn solr() {
    fn select(request: &ReceivedRequest) -> Reply {
        let mark = request.query["cursorMark"].clone();
        let start = mark.strip_prefix('m').and_then(|mark| mark.parse().ok()).unwrap_or(0);
        let all: Vec<Value> = (0..24).map(|id| json!({"id": id, "text_t": ["a", "b"]})).collect();
        let docs = slice(&all, start, request.number_of("rows").unwrap_or(10));
        let next = if docs.is_empty() { mark } else { format!("m{}", start + docs.len()) };
        ok(&json!({"response": {"numFound": 24, "docs": docs}, "nextCursorMark": next}))
    }
    let settings = r#"
        items = "/response/docs"
        total = "/response/numFound"
        pagination = { kind = "cursor", cursor = "cursorMark", limit = "rows", size = 10, next = "/nextCursorMark" }
        fields = { key = "/id", text = "/text_t/0" }
    "#;
    assert_eq!(crawled(select, "/solr/c/select?q=*:*&sort=id+asc&cursorMark=*", settings).await, 24);
}

#[tokio::test]
async fn odata() {
    fn products(request: &ReceivedRequest) -> Reply {
        let start = request.number_of("$skiptoken").unwrap_or(0);
        let all: Vec<Value> = (0..45).map(|id| json!({"ProductID": id, "Name": "Chai"})).collect();
        let mut page = json!({"@odata.count": 45, "value": slice(&all, start, 20)});
        if start + 20 < all.len() {
            page["@odata.nextLink"] = json!(format!("Products?$count=true&$skiptoken={}", start + 20));
        }
        ok(&page)
    }
    let settings = r#"
        items = "/value"
        total = "/@odata.count"
        pagination = { kind = "cursor", limit = "", size = 20, next = "/@odata.nextLink", next_is = "link" }
        fields = { key = "/ProductID", text = "/Name" }
    "#;
    assert_eq!(crawled(products, "/odata/Products?$count=true", settings).await, 45);
}

#[tokio::test]
async fn a_graphql_connection() {
    fn graphql(request: &ReceivedRequest) -> Reply {
        let body = request.json();
        assert_eq!((request.method.as_str(), body["query"].is_string()), ("POST", true));
        let start = body["variables"]["after"].as_str().map_or(0, |after| after.parse().expect("a cursor"));
        let size = body["variables"]["first"].as_u64().expect("a number") as usize;
        let all: Vec<Value> = (0..33).map(|id| json!({"node": {"id": id, "note": "x"}})).collect();
        let edges = slice(&all, start, size);
        let end = start + edges.len();
        // The cursor of the last page is not null.
        let info = json!({"endCursor": end.to_string(), "hasNextPage": end < all.len()});
        ok(&json!({"data": {"orders": {"edges": edges, "pageInfo": info}}}))
    }
    let settings = r#"
        method = "POST"
        items = "/data/orders/edges/*/node"
        body = { query = "query($first: Int, $after: String) { orders(first: $first, after: $after) { edges { node { id note } } pageInfo { endCursor hasNextPage } } }" }
        pagination = { kind = "cursor", cursor = "/variables/after", limit = "/variables/first", size = 10, next = "/data/orders/pageInfo/endCursor" }
        fields = { key = "/id", text = "/note" }
    "#;
    assert_eq!(crawled(graphql, "/graphql", settings).await, 33);
}

#[tokio::test]
async fn shopify_products() {
    fn products(request: &ReceivedRequest) -> Reply {
        // A request with a cursor may have no filter beside it.
        if request.query.contains_key("page_info") && request.query.contains_key("status") {
            return raw(
                400,
                r#"{"errors": {"status": "status cannot be passed when page_info is present"}}"#,
            );
        }
        let start = request.number_of("page_info").unwrap_or(0);
        let all: Vec<Value> =
            (0..33).map(|id| json!({"id": 9_000_000_000_000_000_000_u64 + id, "title": "Cup"})).collect();
        let body = json!({"products": slice(&all, start, 10)}).to_string();
        if start + 10 >= all.len() {
            return raw(200, body);
        }
        let host = request.headers["host"].to_str().expect("a host");
        let link =
            format!("<http://{host}/admin/products.json?limit=10&page_info={}>; rel=\"next\"", start + 10);
        with_header(200, body, "link", &link)
    }
    let settings = r#"
        items = "/products"
        pagination = { kind = "link", limit = "limit", size = 10 }
        fields = { key = "/id", text = "/body_html", title = "/title" }
    "#;
    assert_eq!(crawled(products, "/admin/products.json?status=active", settings).await, 33);
}
