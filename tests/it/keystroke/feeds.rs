//! Feeds of logged searches, within a process and through Redis.

use std::ops::Deref;
use std::sync::Arc;

use futures_util::stream::{BoxStream, StreamExt};
use quarry::domain::{FinalReason, LoggedSearch, LoggedSearchId, SessionId, UserId};
use quarry::keystroke::{FeedError, LocalFeed, RedisFeed, SearchFeed};
use tokio_util::sync::{CancellationToken, DropGuard};
use uuid::Uuid;

use super::buffers::ms;
use crate::support::redis::{OwnRedis, cluster_url, shared_url};
use crate::support::wait::{ends, until};

/// A feed through Redis with a running subscription.
struct RunningFeed {
    feed: Arc<RedisFeed>,
    _stop: DropGuard,
}

impl RunningFeed {
    fn open(url: &str, prefix: &str) -> Self {
        let feed = Arc::new(RedisFeed::open(url, prefix).unwrap());
        let stop = CancellationToken::new();
        let (worker, token) = (feed.clone(), stop.clone());
        tokio::spawn(async move { worker.run(token).await });
        Self { feed, _stop: stop.drop_guard() }
    }
}

impl Deref for RunningFeed {
    type Target = RedisFeed;

    fn deref(&self) -> &RedisFeed {
        &self.feed
    }
}

fn search(query: &str) -> LoggedSearch {
    let now = chrono::Utc::now();
    LoggedSearch {
        revision: 1,
        id: LoggedSearchId(Uuid::new_v4()),
        session: SessionId::parse("s").unwrap(),
        user: Some(UserId::parse("ann").unwrap()),
        query: query.to_owned(),
        truncated: true,
        keystrokes: 3,
        result_count: Some(7),
        tier: None,
        context: Default::default(),
        reason: FinalReason::UserChanged,
        started_at: now,
        last_keystroke_at: now,
        logged_at: now,
    }
}

/// Receives the next search.
async fn next(received: &mut BoxStream<'static, LoggedSearch>) -> LoggedSearch {
    ends("silence", received.next()).await.expect("does not end")
}

/// Publishes until a subscriber receives: a subscription starts in the background.
async fn publish_until_received(from: &dyn SearchFeed, received: &mut BoxStream<'static, LoggedSearch>) {
    until("a received search", async || {
        from.publish(&[search("are you there?")]).await.ok()?;
        tokio::time::timeout(ms(50), received.next()).await.ok()?
    })
    .await;
}

/// Skips the searches of [`publish_until_received`], then receives the expected ones.
async fn assert_receives(received: &mut BoxStream<'static, LoggedSearch>, expected: &[LoggedSearch]) {
    let mut found = vec![next(received).await];
    while found[0].query == "are you there?" {
        found[0] = next(received).await;
    }
    while found.len() < expected.len() {
        found.push(next(received).await);
    }
    assert_eq!(found, expected);
}

#[tokio::test]
async fn a_local_feed_reaches_all_subscribers() {
    let feed = LocalFeed::new();
    feed.publish(&[search("unheard")]).await.unwrap();
    let handle: Arc<dyn SearchFeed> = Arc::new(feed.clone());
    let mut subscribers = [feed.subscribe(), handle.subscribe()];
    let published = [search("bus"), search("größe \0 \"x\"")];
    feed.publish(&published).await.unwrap();
    for received in &mut subscribers {
        assert_receives(received, &published).await;
    }
}

#[tokio::test]
async fn a_slow_subscriber_loses_the_oldest_searches() {
    let feed = LocalFeed::new();
    let mut received = feed.subscribe();
    let published: Vec<LoggedSearch> = (0..5_000).map(|number| search(&number.to_string())).collect();
    feed.publish(&published).await.unwrap();
    let first: usize = next(&mut received).await.query.parse().unwrap();
    assert!(first > 0 && first < 4_999, "kept from {first}");
    for number in first + 1..5_000 {
        assert_eq!(next(&mut received).await.query, number.to_string());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_receive_each_others_searches() {
    for url in [shared_url(), cluster_url()] {
        servers_on_one_redis_receive_each_others_searches(&url).await;
    }
}

async fn servers_on_one_redis_receive_each_others_searches(url: &str) {
    let prefix = format!("test-{}", Uuid::new_v4().simple());
    let servers = [1, 2].map(|_| RunningFeed::open(url, &prefix));
    let other = RunningFeed::open(url, &format!("{prefix}-other"));
    let mut foreign = other.subscribe();
    publish_until_received(&*other, &mut foreign).await;
    let mut subscribers = [servers[0].subscribe(), servers[1].subscribe(), servers[1].subscribe()];
    for received in &mut subscribers {
        publish_until_received(&*servers[0], received).await;
    }
    let published = [search("bus"), search("größe \0 \"x\"")];
    servers[0].publish(&[]).await.unwrap();
    servers[0].publish(&published).await.unwrap();
    for received in &mut subscribers {
        assert_receives(received, &published).await;
    }
    let last = search("of the other feed");
    other.publish(std::slice::from_ref(&last)).await.unwrap();
    assert_receives(&mut foreign, &[last]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_feed_recovers_from_an_outage_of_redis() {
    let mut redis = OwnRedis::unstarted();
    let servers = [1, 2].map(|_| RunningFeed::open(&redis.url(), "quarry"));
    let mut received = servers[1].subscribe();
    for round in 0..2 {
        let published = ends("publishing", servers[0].publish(&[search("unheard")])).await;
        assert!(matches!(published, Err(FeedError::Unavailable(_))), "{published:?}");
        redis.resume();
        publish_until_received(&*servers[0], &mut received).await;
        let last = search("received");
        servers[0].publish(std::slice::from_ref(&last)).await.unwrap();
        assert_receives(&mut received, &[last]).await;
        if round == 0 {
            redis.stop();
        }
    }
}

#[tokio::test]
async fn a_feed_stops_on_cancellation() {
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
