//! The feed of a fleet, through a channel of Redis.
//!
//! Each server has one connection to publish and one to subscribe, for all of its own subscribers.

use quarry_runtime::boxed;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use redis::aio::PubSub;
use redis::{Pipeline, cmd};
use tokio::time::{interval, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::{FeedError, LocalFeed, SearchFeed};
use quarry_domain::LoggedSearch;
use quarry_runtime::redis_link::{
    Link, LinkError, LinkMetrics, RedisClient, client, describe, listening_client,
};
use quarry_runtime::retry::Backoff;

/// The flusher waits for a publication.
const PUBLISH_TIMEOUT: Duration = Duration::from_secs(1);
/// The timeout of a subscription, and of a ping on it.
const SUBSCRIBE_TIMEOUT: Duration = Duration::from_secs(3);
/// The interval of pings: a silent subscription may be dead.
const PING_INTERVAL: Duration = Duration::from_secs(10);
const BACKOFF: Backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(2));

/// A feed for all servers on one Redis.
pub struct RedisFeed {
    link: Link,
    client: RedisClient,
    channel: String,
    local: LocalFeed,
    /// The connection of the subscription.
    subscription_metrics: LinkMetrics,
}

impl RedisFeed {
    /// Creates a feed on the channel of a prefix, without connecting; [`Self::run`] subscribes.
    ///
    /// Returns an error only if the address is malformed.
    pub fn open(url: &str, prefix: &str) -> Result<Self, FeedError> {
        Ok(Self {
            link: Link::new(client(url)?, PUBLISH_TIMEOUT),
            client: listening_client(url)?,
            channel: format!("{prefix}:searches"),
            local: LocalFeed::new(),
            subscription_metrics: LinkMetrics::default(),
        })
    }

    /// The metrics of the connections to publish and to subscribe.
    pub fn links(&self) -> [LinkMetrics; 2] {
        [self.link.metrics(), self.subscription_metrics.clone()]
    }

    /// Probes Redis if the last publication failed; [`Self::run`] renews the subscription.
    #[boxed]
    pub async fn look_again(&self) {
        self.link.look_again().await;
    }

    /// Receives the searches of all servers, with reconnects, until `stop` is cancelled.
    #[boxed]
    pub async fn run(&self, stop: CancellationToken) {
        let mut failures = 0;
        while let Some(reason) = stop.run_until_cancelled(self.receive(&mut failures)).await {
            failures += 1;
            self.subscription_metrics.set_down(true);
            // One line per disconnection.
            if failures == 1 {
                warn!(reason, "the subscription to searches of other servers broke: retrying");
            }
            let wait = BACKOFF.delay(failures, &mut rand::rng());
            if stop.run_until_cancelled(tokio::time::sleep(wait)).await.is_none() {
                return;
            }
        }
    }

    /// Receives until the connection breaks, and returns the reason. Resets the failures on success.
    async fn receive(&self, failures: &mut u32) -> String {
        self.subscription_metrics.record_connect();
        let subscription = match timeout(SUBSCRIBE_TIMEOUT, self.subscription()).await {
            Ok(Ok(subscription)) => subscription,
            Ok(Err(error)) => return describe(&error),
            Err(_) => return "the connection attempt timed out".to_owned(),
        };
        self.subscription_metrics.set_down(false);
        if std::mem::take(failures) > 0 {
            info!("the subscription to searches of other servers is back");
        }
        let (mut sink, mut messages) = subscription.split();
        let mut pings = interval(PING_INTERVAL);
        loop {
            tokio::select! {
                message = messages.next() => match message {
                    Some(message) => self.forward(message.get_payload_bytes()),
                    None => return "the connection broke".to_owned(),
                },
                _ = pings.tick() => match timeout(SUBSCRIBE_TIMEOUT, sink.ping::<redis::Value>()).await {
                    Ok(Ok(_)) => {}
                    Ok(Err(error)) => return describe(&error),
                    Err(_) => return "a ping timed out".to_owned(),
                },
            }
        }
    }

    async fn subscription(&self) -> redis::RedisResult<PubSub> {
        let mut subscription = self.client.subscriber().await?;
        subscription.subscribe(&self.channel).await?;
        Ok(subscription)
    }

    fn forward(&self, message: &[u8]) {
        match serde_json::from_slice(message) {
            Ok(search) => self.local.send(search),
            // A server of another version may use another format.
            Err(_) => warn!(bytes = message.len(), "a published search cannot be decoded"),
        }
    }
}

#[async_trait]
impl SearchFeed for RedisFeed {
    async fn publish(&self, searches: &[LoggedSearch]) -> Result<(), FeedError> {
        if searches.is_empty() {
            return Ok(());
        }
        let mut messages = Pipeline::with_capacity(searches.len());
        for search in searches {
            let message = serde_json::to_vec(search)
                .map_err(|_| FeedError::Damaged("a search cannot be encoded".to_owned()))?;
            messages.add_command(cmd("PUBLISH").arg(&self.channel).arg(message).clone());
        }
        for answer in self.link.send(&mut messages, self.link.deadline()).await? {
            answer.map_err(LinkError::from)?;
        }
        Ok(())
    }

    fn subscribe(&self) -> BoxStream<'static, LoggedSearch> {
        self.local.subscribe()
    }
}

impl From<LinkError> for FeedError {
    fn from(error: LinkError) -> Self {
        match error {
            LinkError::Unavailable(reason) => Self::Unavailable(reason),
            LinkError::Refused(reason) => Self::Damaged(reason),
        }
    }
}
