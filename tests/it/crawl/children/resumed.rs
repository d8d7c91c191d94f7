//! Interrupted and failed crawls of child sources, and many parents.

use std::sync::atomic::{AtomicUsize, Ordering};

use chrono::Utc;
use quarry::crawl::StepOutcome;
use quarry::domain::{DocumentId, DocumentKey};

use super::*;

#[tokio::test]
async fn a_crawler_that_is_killed_after_a_few_steps_reads_each_list() {
    for concurrency in [1, 4] {
        let settings = format!("total = \"/total\"\nconcurrency = {concurrency}");
        let blog = Blog::start(|| items(23), |post, request| comments(post % 6, request), &settings).await;
        blog.bench.crawl(&blog.posts).await;
        let crawl = 'ended: loop {
            let mut crawler = blog.bench.crawler(&blog.comments);
            // An empty list is confirmed by a second response to the same process.
            for _ in 0..4 {
                if let StepOutcome::Finished { crawl, .. } = crawler.step(Utc::now()).await.expect("a step") {
                    break 'ended crawl;
                }
            }
        };
        let expected: usize = (0..23).map(|post| post % 6).sum();
        assert_eq!((crawl.state, crawl.documents_seen), (CrawlState::Completed, expected as i64));
        assert_eq!(blog.comments().await.len(), expected);
    }
}

#[tokio::test]
async fn three_failing_lists_in_a_row_fail_the_crawl_which_continues_there() {
    let is_down = Arc::new(AtomicUsize::new(0));
    let shared = is_down.clone();
    let reply = move |_: usize, request: &ReceivedRequest| {
        // Down after some lists.
        let is_down = shared.load(Ordering::SeqCst);
        if is_down == 2 || shared.fetch_add(0, Ordering::SeqCst) == 1 && request.number > 15 {
            shared.store(2, Ordering::SeqCst);
            return raw(503, "");
        }
        comments(1, request)
    };
    let blog = Blog::start(|| items(20), reply, "total = \"/total\"").await;
    is_down.store(1, Ordering::SeqCst);
    let failed = blog.crawl().await;
    assert_eq!(failed.state, CrawlState::Failed);
    let error = failed.error.expect("a reason");
    assert!(error.starts_with("the lists of 3 parents in a row failed, the last of parent \"k"), "{error}");
    assert!(failed.documents_seen > 0 && failed.documents_seen < 20);

    is_down.store(0, Ordering::SeqCst);
    let before = blog.requests_for_comments();
    let crawl = blog.bench.crawl(&blog.comments).await;
    assert_eq!((crawl.state, crawl.documents_seen), (CrawlState::Completed, 20));
    let read = failed.documents_seen as usize;
    assert_eq!(
        blog.requests_for_comments() - before,
        20 - read,
        "it continued behind the lists that were read"
    );
}

#[tokio::test]
async fn a_quota_smaller_than_the_lists_is_worked_through() {
    let quota = Arc::new(AtomicUsize::new(0));
    let shared = quota.clone();
    let reply = move |_: usize, request: &ReceivedRequest| {
        if shared.load(Ordering::SeqCst) == 0 {
            return raw(429, "");
        }
        shared.fetch_sub(1, Ordering::SeqCst);
        comments(1, request)
    };
    let blog = Blog::start(|| items(20), reply, "total = \"/total\"").await;
    blog.bench.crawl(&blog.posts).await;
    let mut states = Vec::new();
    for _ in 0..3 {
        quota.store(8, Ordering::SeqCst);
        let crawl = blog.bench.crawl(&blog.comments).await;
        states.push((crawl.state, crawl.documents_seen));
    }
    assert_eq!(states, [(CrawlState::Failed, 8), (CrawlState::Failed, 16), (CrawlState::Completed, 20)]);
}

#[tokio::test]
async fn a_thousand_parents_are_read_once_each() {
    let settings = "total = \"/total\"\nconcurrency = 8";
    let blog = Blog::start(|| items(1_000), |_, request| comments(1, request), settings).await;
    assert_eq!(blog.run(&blog.posts).await.state, CrawlState::Completed);
    let crawl = blog.run(&blog.comments).await;
    assert_eq!((crawl.state, crawl.documents_seen), (CrawlState::Completed, 1_000));
    assert_eq!(blog.requests_for_comments(), 1_000, "each list has one page with its total");
    assert_eq!(crawl.attempts, 1_000);
}

#[tokio::test]
async fn a_parent_that_is_removed_during_a_crawl_is_left() {
    let blog = Blog::start(|| items(5), |_, request| comments(6, request), "total = \"/total\"").await;
    blog.bench.crawl(&blog.posts).await;
    let mut crawler = blog.bench.crawler(&blog.comments);
    for _ in 0..2 {
        crawler.step(Utc::now()).await.expect("a step");
    }
    let first = blog.comments().await.remove(0);
    let post = first.split('/').next().expect("a key").to_owned();
    let id = DocumentId::of(&blog.posts.name, &DocumentKey::parse(&post).expect("a key"));
    blog.bench.store.delete_documents(&[id]).await.expect("a deletion");
    let crawl = blog.bench.crawl(&blog.comments).await;
    assert_eq!((crawl.state, crawl.documents_seen), (CrawlState::Completed, 2 + 4 * 6));
}
