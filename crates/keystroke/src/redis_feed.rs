//! The feed of all servers, through Redis: each publishes to one channel and hears it by one
//! connection, whatever the number of its own listeners.

use quarry_runtime::boxed;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use redis::aio::PubSub;
use redis::{Client, Pipeline, cmd};
use tokio::time::{interval, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::{FeedError, LocalFeed, SearchFeed};
use quarry_domain::LoggedSearch;
use quarry_runtime::redis_link::{Link, LinkError, LinkMetrics, client, describe, listening_client};
use quarry_runtime::retry::Backoff;

/// The longest that publishing may take: the flusher waits for it.
const PUBLISH_PATIENCE: Duration = Duration::from_secs(1);
/// The longest to wait for a subscription, or for a sign of life of one.
const LISTEN_PATIENCE: Duration = Duration::from_secs(3);
/// How often a silent subscription is asked for a sign of life: it may be dead without one.
const PING_EVERY: Duration = Duration::from_secs(10);
/// Between two attempts to subscribe.
const BACKOFF: Backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(2));

/// Announces searches to all servers on one Redis.
pub struct RedisFeed {
    link: Link,
    listening: Client,
    channel: String,
    heard: LocalFeed,
    /// The connection that it hears by.
    listening_metrics: LinkMetrics,
}

impl RedisFeed {
    /// A feed on the channel of this prefix. Does not connect yet, and hears nothing until
    /// [`Self::run`] does: only an address that is none is an error.
    pub fn open(url: &str, prefix: &str) -> Result<Self, FeedError> {
        Ok(Self {
            link: Link::new(client(url)?, PUBLISH_PATIENCE),
            listening: listening_client(url)?,
            channel: format!("{prefix}:searches"),
            heard: LocalFeed::new(),
            listening_metrics: LinkMetrics::default(),
        })
    }

    /// How the connection stands that it publishes by, and the one that it hears by.
    pub fn links(&self) -> [LinkMetrics; 2] {
        [self.link.metrics(), self.listening_metrics.clone()]
    }

    /// Finds out whether Redis is back, if the last call was in vain. By the other connection,
    /// [`Self::run`] does.
    #[boxed]
    pub async fn look_again(&self) {
        self.link.look_again().await;
    }

    /// Hears what all servers publish, and connects again whenever the connection breaks, until
    /// it is told to stop.
    #[boxed]
    pub async fn run(&self, stop: CancellationToken) {
        let mut failures = 0;
        while let Some(reason) = stop.run_until_cancelled(self.listen(&mut failures)).await {
            failures += 1;
            self.listening_metrics.set_down(true);
            // Once for each time that it breaks off.
            if failures == 1 {
                warn!(reason, "searches of other servers are not heard");
            }
            let wait = BACKOFF.delay(failures, &mut rand::rng());
            if stop.run_until_cancelled(tokio::time::sleep(wait)).await.is_none() {
                return;
            }
        }
    }

    /// Hears until the connection breaks; says why it did. Clears the failures once it hears.
    async fn listen(&self, failures: &mut u32) -> String {
        self.listening_metrics.record_connect();
        let subscription = match timeout(LISTEN_PATIENCE, self.subscription()).await {
            Ok(Ok(subscription)) => subscription,
            Ok(Err(error)) => return describe(&error),
            Err(_) => return "connecting took too long".to_owned(),
        };
        self.listening_metrics.set_down(false);
        if std::mem::take(failures) > 0 {
            info!("searches of other servers are heard again");
        }
        let (mut sink, mut messages) = subscription.split();
        let mut pings = interval(PING_EVERY);
        loop {
            tokio::select! {
                message = messages.next() => match message {
                    Some(message) => self.hear(message.get_payload_bytes()),
                    None => return "the connection broke".to_owned(),
                },
                _ = pings.tick() => match timeout(LISTEN_PATIENCE, sink.ping::<redis::Value>()).await {
                    Ok(Ok(_)) => {}
                    Ok(Err(error)) => return describe(&error),
                    Err(_) => return "there was no sign of life".to_owned(),
                },
            }
        }
    }

    async fn subscription(&self) -> redis::RedisResult<PubSub> {
        let mut subscription = self.listening.get_async_pubsub().await?;
        subscription.subscribe(&self.channel).await?;
        Ok(subscription)
    }

    fn hear(&self, message: &[u8]) {
        match serde_json::from_slice(message) {
            Ok(search) => self.heard.announce(search),
            // A server of another version may say what this one does not know.
            Err(_) => warn!(bytes = message.len(), "an announced search cannot be read"),
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
                .map_err(|_| FeedError::Damaged("a search cannot be written".to_owned()))?;
            messages.add_command(cmd("PUBLISH").arg(&self.channel).arg(message).clone());
        }
        for answer in self.link.send(&mut messages, self.link.deadline()).await? {
            answer.map_err(LinkError::from)?;
        }
        Ok(())
    }

    fn subscribe(&self) -> BoxStream<'static, LoggedSearch> {
        self.heard.subscribe()
    }
}

impl From<LinkError> for FeedError {
    fn from(error: LinkError) -> Self {
        match error {
            LinkError::Unavailable(said) => Self::Unavailable(said),
            LinkError::Refused(said) => Self::Damaged(said),
        }
    }
}
