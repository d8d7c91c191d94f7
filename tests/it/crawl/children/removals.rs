//! Removal of children: never because a list or the parents could not be read.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

/// A number that a script reads and a test sets.
fn switch(initial: usize) -> (Arc<AtomicUsize>, Arc<AtomicUsize>) {
    let shared = Arc::new(AtomicUsize::new(initial));
    (shared.clone(), shared)
}

#[tokio::test]
async fn a_child_that_two_complete_crawls_missed_is_removed() {
    let (count, shared) = switch(3);
    let reply = move |post: usize, request: &ReceivedRequest| {
        comments(if post == 1 { shared.load(Ordering::SeqCst) } else { 2 }, request)
    };
    let blog = Blog::start(|| items(4), reply, "total = \"/total\"").await;
    assert_eq!(blog.crawl().await.documents_seen, 9);
    count.store(2, Ordering::SeqCst);
    assert_eq!(blog.crawl().await.deleted, 0, "one crawl is no proof");
    assert_eq!(blog.crawl().await.deleted, 1);
    assert!(!blog.comments().await.contains(&"k1/k2".to_owned()));
}

#[tokio::test]
async fn a_parent_that_vanished_has_an_empty_list_and_its_children_follow_it() {
    let (count, shared) = switch(4);
    let seen = shared.clone();
    let reply = move |post: usize, request: &ReceivedRequest| {
        if post < seen.load(Ordering::SeqCst) { comments(2, request) } else { raw(404, "{}") }
    };
    let blog = Blog::start(move || items(shared.load(Ordering::SeqCst)), reply, "total = \"/total\"").await;
    assert_eq!(blog.crawl().await.documents_seen, 8);
    count.store(3, Ordering::SeqCst);
    // The post is still stored, and the upstream answers 404 for its comments.
    let crawl = blog.crawl().await;
    assert_eq!((crawl.state, crawl.documents_seen, crawl.deleted), (CrawlState::Completed, 6, 0));
    let crawl = blog.crawl().await;
    assert_eq!((crawl.state, crawl.deleted), (CrawlState::Completed, 2));
    assert_eq!(blog.bench.keys().await.len(), 3 + 6, "the posts' source has removed the post as well");
}

#[tokio::test]
async fn a_failing_list_removes_nothing_and_does_not_hold_up_the_others() {
    let (is_broken, shared) = switch(0);
    let reply = move |post: usize, request: &ReceivedRequest| {
        if post == 1 && shared.load(Ordering::SeqCst) == 1 { raw(500, "") } else { comments(2, request) }
    };
    let blog = Blog::start(|| items(4), reply, "total = \"/total\"").await;
    blog.crawl().await;
    is_broken.store(1, Ordering::SeqCst);
    for _ in 0..3 {
        let crawl = blog.crawl().await;
        assert_eq!((crawl.state, crawl.documents_seen, crawl.deleted), (CrawlState::Incomplete, 6, 0));
        let error = crawl.error.expect("a reason");
        assert!(
            error.starts_with("the lists of 1 of 4 parents are incomplete; parent \"k1\": page ")
                && error.contains("could not be fetched in 4 attempts"),
            "{error}"
        );
    }
    assert_eq!(blog.comments().await.len(), 8);
}

#[tokio::test]
async fn an_incomplete_crawl_of_the_parents_removes_no_children() {
    let (count, shared) = switch(2);
    let reply = move |_: usize, request: &ReceivedRequest| comments(shared.load(Ordering::SeqCst), request);
    let blog = Blog::start(|| items(4), reply, "total = \"/total\"").await;
    blog.crawl().await;
    count.store(1, Ordering::SeqCst);
    let mut broken = blog.posts.clone();
    broken.url = blog.upstream.url("/posts/k0/comments").into();
    broken.total = quarry::config::Locator::parse("/nothing");
    assert_eq!(blog.bench.crawl(&broken).await.state, CrawlState::Incomplete);
    for _ in 0..2 {
        let crawl = blog.bench.crawl(&blog.comments).await;
        assert_eq!((crawl.state, crawl.deleted), (CrawlState::Incomplete, 0));
        let error = crawl.error.expect("a reason");
        assert_eq!(error, "the last crawl of the parent is not complete: `quarry crawl posts`");
    }
}

#[tokio::test]
async fn lists_that_are_mostly_absent_are_doubted_unless_the_settings_explain_them() {
    let (is_gone, shared) = switch(0);
    let reply = move |post: usize, request: &ReceivedRequest| {
        if post > 0 && shared.load(Ordering::SeqCst) == 1 { raw(404, "{}") } else { comments(2, request) }
    };
    let blog = Blog::start(|| items(4), reply, "total = \"/total\"").await;
    blog.crawl().await;
    is_gone.store(1, Ordering::SeqCst);
    for _ in 0..2 {
        let crawl = blog.crawl().await;
        assert_eq!((crawl.state, crawl.deleted), (CrawlState::Incomplete, 0));
        assert_eq!(
            crawl.error.as_deref(),
            Some(
                "the upstream does not have the lists of 3 of 4 parents (404): check `url`, or set `stop = { status \
                 = [404] }` if it means an empty list"
            )
        );
    }
    let (_, comments) =
        sources(&blog.upstream, "total = \"/total\"\nstop = { status = [404] }", r#"["{id}", "/id"]"#);
    let before = blog.requests_for_comments();
    assert_eq!(blog.bench.crawl(&comments).await.state, CrawlState::Completed);
    assert_eq!(blog.requests_for_comments() - before, 5, "one for each of three, two for a full page");
}
