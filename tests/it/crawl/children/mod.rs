//! Child sources: the lists of a parent's items.

mod lists;
mod removals;
mod resumed;

use std::sync::Arc;

use quarry::config::{Settings, SourceConfig};
use quarry::crawl::{LogProgress, RunEnd};
use quarry::domain::{Crawl, CrawlState};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::Bench;
use super::scripted::{ReceivedRequest, Reply, Upstream, items, ok, page_of, raw};

/// Posts and the comments of each, into one store.
struct Blog {
    upstream: Upstream,
    bench: Bench,
    posts: SourceConfig,
    comments: SourceConfig,
}

impl Blog {
    /// Starts a blog; `comments` replies to a request for the comments of the post with a number.
    async fn start(
        posts: impl Fn() -> Vec<Value> + Send + Sync + 'static,
        comments: impl Fn(usize, &ReceivedRequest) -> Reply + Send + Sync + 'static,
        settings: &str,
    ) -> Self {
        let upstream = Upstream::start(move |request| match post_of(&request.path) {
            Some(number) => comments(number, request),
            None => ok(&page_of(&posts(), request)),
        })
        .await;
        let (posts, comments) = sources(&upstream, settings, r#"["{id}", "/id"]"#);
        Self { upstream, bench: Bench::new().await, posts, comments }
    }

    /// Crawls the posts, then the comments.
    async fn crawl(&self) -> Crawl {
        let posts = self.bench.crawl(&self.posts).await;
        assert_eq!(posts.state, CrawlState::Completed, "{posts:?}");
        self.bench.crawl(&self.comments).await
    }

    /// Crawls a source with its lease renewed, as a server does.
    async fn run(&self, source: &SourceConfig) -> Crawl {
        let mut crawler = self.bench.crawler(source);
        match crawler.run(&CancellationToken::new(), &LogProgress).await.expect("a run") {
            RunEnd::Finished(crawl, _) => *crawl,
            end => panic!("{end:?}"),
        }
    }

    /// Returns the keys of the stored comments, which contain a slash.
    async fn comments(&self) -> Vec<String> {
        self.bench.keys().await.into_iter().filter(|key| key.contains('/')).collect()
    }

    fn requests_for_comments(&self) -> usize {
        let requests = self.upstream.requests();
        requests.iter().filter(|request| post_of(&request.path).is_some()).count()
    }
}

/// Returns the posts and their comments as sources without pauses.
pub(super) fn sources(upstream: &Upstream, settings: &str, key: &str) -> (SourceConfig, SourceConfig) {
    let base = upstream.url("");
    let base = base.as_str().trim_end_matches('/');
    let text = format!(
        r#"
        [[sources]]
        name = "posts"
        url = "{base}/posts"
        items = "/items"
        total = "/total"
        delay = "0s"
        backoff = "1ms"
        max_backoff = "4ms"
        pagination = {{ kind = "offset", size = 10 }}
        fields = {{ key = "/id", text = "/message" }}
        [[sources]]
        name = "comments"
        parent = "posts"
        url = "{base}/posts/{{id}}/comments"
        items = "/items"
        delay = "0s"
        backoff = "1ms"
        max_backoff = "4ms"
        max_attempts = 4
        max_shrink = 1.0
        pagination = {{ kind = "offset", size = 2 }}
        {settings}
        [sources.fields]
        key = {key}
        text = "/message"
        "#
    );
    let mut sources = Settings::from_toml(&text).expect("settings").sources.crawled;
    let comments = sources.remove(1);
    (sources.remove(0), comments)
}

/// Returns the number of the post whose comments a path is.
fn post_of(path: &str) -> Option<usize> {
    path.strip_prefix("/posts/k")?.strip_suffix("/comments")?.parse().ok()
}

/// Replies with `n` comments, a page at a time, each with the stated total.
fn comments(n: usize, request: &ReceivedRequest) -> Reply {
    ok(&page_of(&items(n), request))
}
