//! `POST` requests with pages that their bodies select.

use axum::http::Method;

use super::*;

#[tokio::test]
async fn a_graphql_connection_is_read_to_its_end() {
    let upstream = Upstream::start(|request| {
        let body = request.json();
        let variables = &body["variables"];
        let is_valid = request.method == Method::POST
            && request.header("content-type") == "application/json"
            && request.query.is_empty()
            && variables["first"] == 5
            && variables["owner"] == "acme"
            && body["query"].as_str().is_some_and(|query| query.starts_with("query("));
        if !is_valid {
            return raw(400, "{}");
        }
        let after = variables["after"].as_str().map_or(0, |after| after[1..].parse().expect("a cursor"));
        let (items, next) = slice(after);
        let page = json!({"endCursor": next.map(|next| format!("p{next}")), "hasNextPage": next.is_some()});
        ok(&json!({"data": {"orders": {"nodes": items, "pageInfo": page}}}))
    })
    .await;
    let mut config = source(
        upstream.url("/graphql"),
        r#"
        method = "POST"
        pagination = { kind = "cursor", cursor = "/variables/after", limit = "/variables/first", size = 5, next = "/data/orders/pageInfo/endCursor" }
        [sources.body]
        query = "query($first: Int, $after: String, $owner: String) { orders { nodes { id } } }"
        variables = { owner = "${OWNER}" }
        "#,
        &[("OWNER", "acme")],
    );
    config.items = quarry::config::ItemsPath::parse("/data/orders/nodes").expect("a path");
    crawl_all(&config).await;
}

#[tokio::test]
async fn offsets_and_pages_are_numbers_in_the_body() {
    let upstream = Upstream::start(|request| {
        let body = request.json();
        let (Some(from), Some(5)) = (body["search"]["from"].as_u64(), body["search"]["size"].as_u64()) else {
            return raw(400, "{}");
        };
        if body["sort"] != json!(["id"]) {
            return raw(400, "{}");
        }
        ok(&json!({"items": slice(usize::try_from(from).expect("small")).0, "total": ITEMS}))
    })
    .await;
    let settings = r#"
        total = "/total"
        method = "POST"
        body = { sort = ["id"] }
        pagination = { kind = "offset", offset = "/search/from", limit = "/search/size", size = 5 }
    "#;
    crawl_all(&source(upstream.url("/search"), settings, &[])).await;
}

#[tokio::test]
async fn a_text_body_is_sent_as_it_is() {
    let upstream = Upstream::start(|request| {
        let is_valid = request.body == "from messages select *"
            && request.header("content-type") == "text/x-query"
            && request.method == Method::POST;
        if !is_valid {
            return raw(400, "{}");
        }
        ok(&json!({"items": slice(request.number_of("skip").expect("an offset")).0}))
    })
    .await;
    let settings = r#"
        method = "POST"
        body = "from messages select *"
        headers = { Content-Type = "text/x-query" }
        pagination = { kind = "offset", size = 5 }
    "#;
    crawl_all(&source(upstream.url("/query"), settings, &[])).await;
}

#[tokio::test]
async fn a_body_follows_redirects_on_its_host_only() {
    let upstream = Upstream::start(|request| {
        if request.path == "/search" {
            return with_header(308, "", "location", "/search/");
        }
        match request.json()["from"].as_u64() {
            Some(from) => ok(&json!({"items": slice(usize::try_from(from).expect("small")).0})),
            None => raw(400, "{}"),
        }
    })
    .await;
    let settings = "method = \"POST\"\npagination = { kind = \"offset\", offset = \"/from\", limit = \"\" }";
    crawl_all(&source(upstream.url("/search"), settings, &[])).await;

    let other = Upstream::start(|_| ok(&json!({"items": []}))).await;
    let target = other.url("/search");
    let upstream = Upstream::start(move |_| with_header(307, "", "location", target.as_str())).await;
    let settings = format!("redirect_hosts = [\"{}\"]\n{settings}", other.address);
    let (_, failures) = crawl_failures(&source(upstream.url("/search"), &settings, &[])).await;
    assert!(failures[0].contains("which may not receive the body"), "{failures:?}");
    assert!(other.requests().is_empty());
}
