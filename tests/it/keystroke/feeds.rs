//! What every feed of logged searches promises, and what only the one in Redis does.

use std::ops::Deref;
use std::sync::Arc;

use futures_util::stream::{BoxStream, StreamExt};
use quarry::domain::{FinalReason, LoggedSearch, LoggedSearchId, SessionId, UserId};
use quarry::keystroke::{FeedError, LocalFeed, RedisFeed, SearchFeed};
use tokio_util::sync::{CancellationToken, DropGuard};
use uuid::Uuid;

use super::buffers::ms;
use crate::support::redis::{OwnRedis, shared_url};
use crate::support::wait::{ends, until};

/// A feed through Redis that hears.
struct Heard {
    feed: Arc<RedisFeed>,
    _stop: DropGuard,
}

impl Heard {
    fn open(url: &str, prefix: &str) -> Self {
        let feed = Arc::new(RedisFeed::open(url, prefix).unwrap());
        let stop = CancellationToken::new();
        let (worker, token) = (feed.clone(), stop.clone());
        tokio::spawn(async move { worker.run(token).await });
        Self { feed, _stop: stop.drop_guard() }
    }
}

impl Deref for Heard {
    type Target = RedisFeed;

    fn deref(&self) -> &RedisFeed {
        &self.feed
    }
}

fn search(query: &str) -> LoggedSearch {
    let now = chrono::Utc::now();
    LoggedSearch {
        id: LoggedSearchId(Uuid::new_v4()),
        session: SessionId::parse("s").unwrap(),
        user: Some(UserId::parse("ann").unwrap()),
        query: query.to_owned(),
        truncated: true,
        keystrokes: 3,
        result_count: Some(7),
        reason: FinalReason::UserChanged,
        started_at: now,
        last_keystroke_at: now,
        logged_at: now,
    }
}

/// The next search that a listener hears.
async fn next(heard: &mut BoxStream<'static, LoggedSearch>) -> LoggedSearch {
    ends("silence", heard.next()).await.expect("does not end")
}

/// Publishes until a listener hears: a subscription takes its time.
async fn until_heard(from: &dyn SearchFeed, heard: &mut BoxStream<'static, LoggedSearch>) {
    until("a search that is heard", async || {
        from.publish(&[search("are you there?")]).await.ok()?;
        tokio::time::timeout(ms(50), heard.next()).await.ok()?
    })
    .await;
}

/// Hears nothing more of [`until_heard`], then what is expected.
async fn hears(heard: &mut BoxStream<'static, LoggedSearch>, expected: &[LoggedSearch]) {
    let mut found = vec![next(heard).await];
    while found[0].query == "are you there?" {
        found[0] = next(heard).await;
    }
    while found.len() < expected.len() {
        found.push(next(heard).await);
    }
    assert_eq!(found, expected);
}

#[tokio::test]
async fn a_local_feed_reaches_all_its_listeners() {
    let feed = LocalFeed::new();
    feed.publish(&[search("nobody hears")]).await.unwrap();
    let handle: Arc<dyn SearchFeed> = Arc::new(feed.clone());
    let mut listeners = [feed.subscribe(), handle.subscribe()];
    let published = [search("bus"), search("größe \0 \"x\"")];
    feed.publish(&published).await.unwrap();
    for heard in &mut listeners {
        hears(heard, &published).await;
    }
}

#[tokio::test]
async fn a_slow_listener_loses_the_oldest() {
    let feed = LocalFeed::new();
    let mut heard = feed.subscribe();
    let published: Vec<LoggedSearch> = (0..5_000).map(|number| search(&number.to_string())).collect();
    feed.publish(&published).await.unwrap();
    let first: usize = next(&mut heard).await.query.parse().unwrap();
    assert!(first > 0 && first < 4_999, "kept from {first}");
    for number in first + 1..5_000 {
        assert_eq!(next(&mut heard).await.query, number.to_string());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_hear_each_other() {
    let prefix = format!("test-{}", Uuid::new_v4().simple());
    let servers = [1, 2].map(|_| Heard::open(&shared_url(), &prefix));
    let other = Heard::open(&shared_url(), &format!("{prefix}-other"));
    let mut foreign = other.subscribe();
    until_heard(&*other, &mut foreign).await;
    let mut listeners = [servers[0].subscribe(), servers[1].subscribe(), servers[1].subscribe()];
    for heard in &mut listeners {
        until_heard(&*servers[0], heard).await;
    }
    let published = [search("bus"), search("größe \0 \"x\"")];
    servers[0].publish(&[]).await.unwrap();
    servers[0].publish(&published).await.unwrap();
    for heard in &mut listeners {
        hears(heard, &published).await;
    }
    let last = search("of the other feed");
    other.publish(std::slice::from_ref(&last)).await.unwrap();
    hears(&mut foreign, &[last]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_feed_heals_when_redis_is_back() {
    let mut redis = OwnRedis::unstarted();
    let servers = [1, 2].map(|_| Heard::open(&redis.url(), "quarry"));
    let mut heard = servers[1].subscribe();
    for round in 0..2 {
        let published = ends("publishing", servers[0].publish(&[search("nobody hears")])).await;
        assert!(matches!(published, Err(FeedError::Unavailable(_))), "{published:?}");
        redis.resume();
        until_heard(&*servers[0], &mut heard).await;
        let last = search("heard");
        servers[0].publish(std::slice::from_ref(&last)).await.unwrap();
        hears(&mut heard, &[last]).await;
        if round == 0 {
            redis.stop();
        }
    }
}

#[tokio::test]
async fn a_feed_stops_when_told() {
    let redis = OwnRedis::unstarted();
    for url in [redis.url(), shared_url()] {
        let feed = RedisFeed::open(&url, "test-stops").unwrap();
        let stop = CancellationToken::new();
        let token = stop.clone();
        let running = tokio::spawn(async move { feed.run(token).await });
        tokio::task::yield_now().await;
        stop.cancel();
        ends("the feed", running).await.unwrap();
    }
    assert!(RedisFeed::open("nonsense", "quarry").is_err());
}
