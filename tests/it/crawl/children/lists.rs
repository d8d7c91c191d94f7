//! Requests and keys of the lists of parents.

use std::collections::BTreeSet;

use super::super::scripted::item;
use super::*;

#[tokio::test]
async fn each_parent_has_its_own_list_and_its_own_keys() {
    let blog =
        Blog::start(|| items(12), |post, request| comments(post % 4, request), "total = \"/total\"").await;
    let crawl = blog.crawl().await;
    assert_eq!((crawl.state, crawl.error.as_deref()), (CrawlState::Completed, None));
    assert_eq!((crawl.documents_seen, crawl.inserted, crawl.expected_total), (18, 18, None));
    let expected: BTreeSet<String> =
        (0..12).flat_map(|post| (0..post % 4).map(move |number| format!("k{post}/k{number}"))).collect();
    assert_eq!(blog.comments().await, expected.into_iter().collect::<Vec<_>>());
    // Two for an empty list, one for a page with its total, two for a full page, whose total may be capped, and
    // two for two pages.
    assert_eq!(blog.requests_for_comments(), 3 * 2 + 3 + 3 * 2 + 3 * 2);

    let again = blog.crawl().await;
    assert_eq!((again.state, again.unchanged, again.deleted), (CrawlState::Completed, 18, 0));
}

#[tokio::test]
async fn items_of_two_parents_with_one_key_are_reported() {
    let blog = Blog::start(|| items(3), |_, request| comments(2, request), "").await;
    let (_, comments) = sources(&blog.upstream, "", "\"/id\"");
    blog.bench.crawl(&blog.posts).await;
    let crawl = blog.bench.crawl(&comments).await;
    assert_eq!(
        (crawl.state, crawl.error.as_deref()),
        (
            CrawlState::Incomplete,
            Some(
                "4 items have keys of other items: if these belong to other parents, add a value of the parent to \
                 the key, such as `key = [\"{id}\", \"/id\"]`"
            )
        )
    );
}

#[tokio::test]
async fn values_are_encoded_in_addresses_and_sent_in_parameters_and_bodies() {
    let upstream = Upstream::start(|request| {
        if request.path == "/posts" {
            let posts = [
                json!({"id": "a/b c?", "message": "x", "author": {"id": 7}}),
                json!({"id": "..", "message": "y", "author": {"id": 8}}),
            ];
            return ok(&page_of(&posts, request));
        }
        let is_last = request.query.contains_key("after");
        let next = if is_last { Value::Null } else { json!("?after=2") };
        ok(&json!({"items": [item(usize::from(is_last))], "next": next}))
    })
    .await;
    let settings = r#"
        params = { author = "{/author/id}", lang = "en" }
        method = "POST"
        body = { query = "query { posts {id} }", variables = { post = "{id}" } }
    "#;
    let (posts, mut comments) = sources(&upstream, settings, r#"["{/author/id}", "/id"]"#);
    let text = "pagination = { kind = \"cursor\", next = \"/next\", limit = \"\" }";
    comments.pagination = super::super::scripted::source_with(upstream.url("/"), text).pagination;
    let bench = Bench::new().await;
    assert_eq!(bench.crawl(&posts).await.state, CrawlState::Completed);
    let before = upstream.requests().len();
    let crawl = bench.crawl(&comments).await;
    let requests = &upstream.requests()[before..];
    assert!(requests.len() >= 2);
    for request in requests {
        assert_eq!(request.path, "/posts/a%2Fb%20c%3F/comments");
        assert_eq!(
            (request.query["author"].as_str(), request.query["lang"].as_str()),
            ("7", "en"),
            "also by link"
        );
        let body = request.json();
        assert_eq!(body["variables"]["post"], "a/b c?");
        assert_eq!(body["query"], "query { posts {id} }");
    }
    // A segment of dots would lead to another folder.
    let note = crawl.error.as_deref();
    assert_eq!(note, Some("1 of 2 parents have no usable value for {id}"));
    assert!(bench.keys().await.contains("7/k0"));
}

#[tokio::test]
async fn a_list_that_ends_below_its_total_makes_the_crawl_incomplete() {
    let reply = |post: usize, request: &ReceivedRequest| {
        let mut page = page_of(&items(3), request);
        if post == 1 {
            page["total"] = json!(5);
        }
        ok(&page)
    };
    let blog = Blog::start(|| items(3), reply, "total = \"/total\"").await;
    let crawl = blog.crawl().await;
    assert_eq!((crawl.state, crawl.documents_seen), (CrawlState::Incomplete, 9));
    let error = crawl.error.expect("a reason");
    assert!(
        error.starts_with(
            "the lists of 1 of 3 parents are incomplete; parent \"k1\": saw 3 distinct keys of 5 stated"
        ),
        "{error}"
    );
}

#[tokio::test]
async fn a_child_needs_a_complete_crawl_of_its_parent() {
    let blog = Blog::start(|| items(3), |_, request| comments(1, request), "").await;
    let crawl = blog.bench.crawl(&blog.comments).await;
    assert_eq!(
        (crawl.state, crawl.error.as_deref()),
        (CrawlState::Incomplete, Some("the parent has not been crawled: `quarry crawl posts`"))
    );
}

#[tokio::test]
async fn no_parent_with_a_value_fails_the_crawl() {
    let blog =
        Blog::start(|| items(3), |_, request| comments(1, request), "params = { x = \"{/no/such}\" }").await;
    let crawl = blog.crawl().await;
    assert_eq!(
        (crawl.state, crawl.error.as_deref()),
        (CrawlState::Failed, Some("none of 3 parents has a usable value for {/no/such}: check `url`"))
    );
}

#[tokio::test]
async fn rejected_items_are_counted_over_all_lists() {
    let reply = |post: usize, request: &ReceivedRequest| {
        if post == 2 { ok(&json!({"items": [{"id": "bad"}], "total": 1})) } else { comments(2, request) }
    };
    let blog = Blog::start(|| items(4), reply, "total = \"/total\"").await;
    let crawl = blog.crawl().await;
    assert_eq!((crawl.state, crawl.documents_seen, crawl.rejected), (CrawlState::Completed, 6, 1));
    assert!(crawl.error.expect("a note").starts_with("1 item was rejected"));
}
