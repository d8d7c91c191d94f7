//! The cache of a fleet, in Redis.
//!
//! A lookup is one round trip: it reads the generation and the entry. Each entry starts with its
//! generation, so that one from before a clear is never returned. A sorted set of entries by expiry and
//! a hash of their sizes bound the cache and let a clear delete the entries. If Redis loses either of
//! them, entries still expire; if it loses the generation key, the next lookup begins a generation. All
//! keys are in one slot of Redis Cluster.
//!
//! Deliberately not here: protection against a Redis that restarts without its last writes. If these
//! include a clear, entries from before it may be returned until they expire.

use quarry_runtime::boxed;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use redis::{Cmd, FromRedisValue, Pipeline, Value, cmd};
use uuid::Uuid;

use super::{Cache, CacheError, CacheGeneration, CacheLimits, CacheLookup, LockToken};
use quarry_runtime::redis_link::{Link, LinkError, LinkMetrics, client, ms};

/// The default time limit of a command: users wait for it.
const REDIS_TIMEOUT: Duration = Duration::from_millis(500);
/// The version in the names of all keys. Increment it when the meaning of a key or value changes:
/// servers of two versions may share one Redis.
const LAYOUT: u32 = 1;
/// The length of the generation at the start of an entry.
const GENERATION_BYTES: usize = 16;

/// A cache in Redis that evicts the entries that expire first.
pub struct RedisCache {
    link: Link,
    /// The prefix of all keys, with the hash tag.
    base: String,
    generation_key: String,
    limits: CacheLimits,
}

impl RedisCache {
    /// Creates a cache whose keys start with `prefix`, without connecting yet.
    ///
    /// Returns an error for an invalid URL, and for a prefix with braces: they would change the hash tag.
    pub fn open(url: &str, prefix: &str, limits: CacheLimits) -> Result<Self, CacheError> {
        Self::with_timeout(url, prefix, limits, REDIS_TIMEOUT)
    }

    /// Creates a cache with the given time limit per command.
    pub fn with_timeout(
        url: &str,
        prefix: &str,
        limits: CacheLimits,
        timeout: Duration,
    ) -> Result<Self, CacheError> {
        let client = client(url)?;
        if prefix.contains(['{', '}']) {
            return Err(CacheError::Unavailable("the key prefix contains braces: remove them".to_owned()));
        }
        let base = format!("{prefix}:{{cache-{LAYOUT}}}:");
        Ok(Self {
            link: Link::new(client, timeout),
            generation_key: format!("{base}generation"),
            base,
            limits,
        })
    }

    /// Returns the state of the connection.
    pub fn link(&self) -> LinkMetrics {
        self.link.metrics()
    }

    /// Pings Redis if the last command failed, to learn the state of an idle connection.
    #[boxed]
    pub async fn look_again(&self) {
        self.link.look_again().await;
    }

    fn entry_key(&self, key: &str) -> String {
        format!("{}e:{key}", self.base)
    }

    fn lock_key(&self, key: &str) -> String {
        format!("{}l:{key}", self.base)
    }

    /// Creates a call of a script with the three keys that such scripts share.
    fn script(&self, script: &str, more_keys: &[&str]) -> Cmd {
        let mut call = cmd("EVAL");
        call.arg(script).arg(3 + more_keys.len()).arg(&self.generation_key);
        call.arg(format!("{}ends", self.base)).arg(format!("{}sizes", self.base)).arg(more_keys);
        call
    }

    /// Sends commands in one round trip.
    async fn send<const N: usize>(&self, commands: [Cmd; N]) -> Result<[Value; N], CacheError> {
        let mut pipeline = Pipeline::with_capacity(N);
        for command in commands {
            pipeline.add_command(command);
        }
        let replies = self.link.send(&mut pipeline, self.link.deadline()).await?;
        let values = replies.into_iter().collect::<Result<Vec<_>, _>>().map_err(LinkError::from)?;
        values.try_into().map_err(|_| unexpected_reply())
    }

    /// Begins a generation unless there is one, and returns the current one.
    async fn begin_generation(&self) -> Result<CacheGeneration, CacheError> {
        let mut set = cmd("SET");
        set.arg(&self.generation_key).arg(&encode(CacheGeneration::new())[..]).arg("NX");
        let mut get = cmd("GET");
        get.arg(&self.generation_key);
        self.send([set]).await?;
        let [current] = self.send([get]).await?;
        match current {
            Value::BulkString(bytes) => decode(&bytes),
            _ => Err(unexpected_reply()),
        }
    }
}

#[async_trait]
impl Cache for RedisCache {
    fn is_shared(&self) -> bool {
        true
    }

    async fn get(&self, key: &str) -> Result<CacheLookup, CacheError> {
        let mut get = cmd("MGET");
        get.arg(&self.generation_key).arg(self.entry_key(key));
        let [reply] = self.send([get]).await?;
        let (current, entry): (Option<Vec<u8>>, Value) = parse(reply)?;
        let Some(current) = current else {
            return Ok(CacheLookup { generation: self.begin_generation().await?, value: None });
        };
        let generation = decode(&current)?;
        let value = match entry {
            Value::BulkString(entry) if entry.starts_with(&encode(generation)) => {
                Some(Bytes::from(entry).slice(GENERATION_BYTES..))
            }
            // No entry, one of an old generation, or data of another program.
            _ => None,
        };
        Ok(CacheLookup { generation, value })
    }

    async fn put(
        &self,
        key: &str,
        value: Bytes,
        generation: CacheGeneration,
        ttl: Duration,
    ) -> Result<bool, CacheError> {
        let (value, weight) = if self.limits.admits(key, &value) {
            let weight = CacheLimits::weight(key, &value);
            (value, weight)
        } else {
            (Bytes::new(), 0)
        };
        let mut put = self.script(include_str!("scripts/put.lua"), &[&self.entry_key(key)]);
        put.arg(&encode(generation)[..]).arg(&value[..]).arg(ms(ttl)).arg(weight).arg(self.limits.bytes);
        let [is_stored] = self.send([put]).await?;
        parse(is_stored)
    }

    async fn clear(&self) -> Result<(), CacheError> {
        let mut clear = self.script(include_str!("scripts/clear.lua"), &[]);
        clear.arg(&encode(CacheGeneration::new())[..]);
        self.send([clear]).await.map(|_| ())
    }

    async fn lock(&self, key: &str, lease: Duration) -> Result<Option<LockToken>, CacheError> {
        let token = LockToken::new();
        let mut set = cmd("SET");
        set.arg(self.lock_key(key)).arg(&token.0.as_bytes()[..]).arg("NX").arg("PX").arg(ms(lease));
        let [reply] = self.send([set]).await?;
        Ok((reply != Value::Nil).then_some(token))
    }

    async fn unlock(&self, key: &str, token: LockToken) -> Result<(), CacheError> {
        let mut unlock = cmd("EVAL");
        unlock.arg(include_str!("scripts/unlock.lua")).arg(1).arg(self.lock_key(key));
        unlock.arg(&token.0.as_bytes()[..]);
        self.send([unlock]).await.map(|_| ())
    }
}

impl From<LinkError> for CacheError {
    fn from(error: LinkError) -> Self {
        match error {
            LinkError::Unavailable(problem) => Self::Unavailable(problem),
            LinkError::Refused(problem) => Self::Damaged(problem),
        }
    }
}

fn encode(generation: CacheGeneration) -> [u8; GENERATION_BYTES] {
    generation.0.into_bytes()
}

fn decode(generation: &[u8]) -> Result<CacheGeneration, CacheError> {
    Uuid::from_slice(generation).map(CacheGeneration).map_err(|_| unexpected_reply())
}

fn parse<T: FromRedisValue>(reply: Value) -> Result<T, CacheError> {
    T::from_redis_value(reply).map_err(|_| unexpected_reply())
}

fn unexpected_reply() -> CacheError {
    CacheError::Damaged(
        "unexpected reply from Redis: make sure that no other program uses the same key prefix".to_owned(),
    )
}
