//! The cache of a fleet, in Redis.
//!
//! A look is one round trip: it reads the generation beside the entry, and an entry begins with the
//! generation that it was made in, so that what an old one left behind is never answered. A list of
//! the entries, by when they end, and their sizes keep all within the limit and let them be deleted;
//! whatever of it Redis loses, entries end by themselves. A lost generation key is another
//! generation. All keys are in one slot of a cluster.
//!
//! It deliberately lacks protection against a Redis that forgets what it answered: where one comes
//! back without the clearing of its last second, entries from before may be answered until they end.

use quarry_runtime::boxed;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use redis::{Cmd, FromRedisValue, Pipeline, Value, cmd};
use uuid::Uuid;

use super::{Cache, CacheError, CacheLimits, Generation, LockToken, Lookup};
use quarry_runtime::redis_link::{Link, LinkError, LinkFigures, client, ms};

/// The longest that a call may take unless told: people wait for it.
const PATIENCE: Duration = Duration::from_millis(500);
/// Goes up when the meaning of a key or value changes: servers of two versions share one Redis.
const LAYOUT: u32 = 1;
/// The bytes of a generation at the start of an entry.
const STAMP: usize = 16;

/// Keeps bytes in Redis. What ends first makes room.
pub struct RedisCache {
    link: Link,
    /// What the names of all keys begin with.
    base: String,
    generation_key: String,
    limits: CacheLimits,
}

impl RedisCache {
    /// A cache under the keys that start with `prefix`. Does not connect yet: only an address
    /// that is none, or a prefix with braces (they would be taken for the slot), is an error.
    pub fn open(url: &str, prefix: &str, limits: CacheLimits) -> Result<Self, CacheError> {
        Self::with_timeout(url, prefix, limits, PATIENCE)
    }

    /// The same, with calls that may take so long.
    pub fn with_timeout(
        url: &str,
        prefix: &str,
        limits: CacheLimits,
        patience: Duration,
    ) -> Result<Self, CacheError> {
        let client = client(url)
            .ok_or_else(|| CacheError::Unavailable("the address is not one of a Redis".to_owned()))?;
        if prefix.contains(['{', '}']) {
            return Err(CacheError::Unavailable("the prefix of its keys has braces in it".to_owned()));
        }
        let base = format!("{prefix}:{{cache-{LAYOUT}}}:");
        Ok(Self {
            link: Link::new(client, patience),
            generation_key: format!("{base}generation"),
            base,
            limits,
        })
    }

    /// How its connection stands.
    pub fn link(&self) -> LinkFigures {
        self.link.figures()
    }

    /// Finds out whether Redis is back, if the last call was in vain.
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

    /// A call of a script with the keys that those that write entries share, then others.
    fn call(&self, script: &str, others: &[&str]) -> Cmd {
        let mut call = cmd("EVAL");
        call.arg(script).arg(3 + others.len()).arg(&self.generation_key);
        call.arg(format!("{}ends", self.base)).arg(format!("{}sizes", self.base)).arg(others);
        call
    }

    /// Makes calls in one round trip.
    async fn ask<const CALLS: usize>(&self, calls: [Cmd; CALLS]) -> Result<[Value; CALLS], CacheError> {
        let mut pipeline = Pipeline::with_capacity(CALLS);
        for call in calls {
            pipeline.add_command(call);
        }
        let answers = self.link.send(&mut pipeline, self.link.deadline()).await?;
        let values = answers.into_iter().collect::<Result<Vec<_>, _>>().map_err(LinkError::from)?;
        values.try_into().map_err(|_| unexpected())
    }

    /// Begins a generation unless there is one; says which there is.
    async fn begin_generation(&self) -> Result<Generation, CacheError> {
        let mut set = cmd("SET");
        set.arg(&self.generation_key).arg(&stamp(Generation::new())[..]).arg("NX");
        let mut get = cmd("GET");
        get.arg(&self.generation_key);
        let [_, current] = self.ask([set, get]).await?;
        match current {
            Value::BulkString(bytes) => generation(&bytes).ok_or_else(unexpected),
            _ => Err(unexpected()),
        }
    }
}

#[async_trait]
impl Cache for RedisCache {
    fn is_shared(&self) -> bool {
        true
    }

    async fn get(&self, key: &str) -> Result<Lookup, CacheError> {
        let mut look = cmd("MGET");
        look.arg(&self.generation_key).arg(self.entry_key(key));
        let [answer] = self.ask([look]).await?;
        let (current, entry): (Option<Vec<u8>>, Value) = read(answer)?;
        let Some(current) = current else {
            return Ok(Lookup { generation: self.begin_generation().await?, value: None });
        };
        let current = generation(&current).ok_or_else(unexpected)?;
        let value = match entry {
            Value::BulkString(entry) if entry.starts_with(&stamp(current)) => {
                Some(Bytes::from(entry).slice(STAMP..))
            }
            // Nothing, or of an old generation, or no entry at all.
            _ => None,
        };
        Ok(Lookup { generation: current, value })
    }

    async fn put(
        &self,
        key: &str,
        value: Bytes,
        generation: Generation,
        keep: Duration,
    ) -> Result<bool, CacheError> {
        let (value, weight) = if self.limits.admits(key, &value) {
            let weight = CacheLimits::weight(key, &value);
            (value, weight)
        } else {
            (Bytes::new(), 0)
        };
        let mut call = self.call(include_str!("scripts/put.lua"), &[&self.entry_key(key)]);
        call.arg(&stamp(generation)[..]).arg(&value[..]).arg(ms(keep)).arg(weight).arg(self.limits.bytes);
        let [kept] = self.ask([call]).await?;
        read(kept)
    }

    async fn clear(&self) -> Result<(), CacheError> {
        let mut call = self.call(include_str!("scripts/clear.lua"), &[]);
        call.arg(&stamp(Generation::new())[..]);
        self.ask([call]).await.map(|_| ())
    }

    async fn lock(&self, key: &str, lease: Duration) -> Result<Option<LockToken>, CacheError> {
        let token = LockToken::new();
        let mut set = cmd("SET");
        set.arg(self.lock_key(key)).arg(&token.0.as_bytes()[..]).arg("NX").arg("PX").arg(ms(lease));
        let [answer] = self.ask([set]).await?;
        Ok((answer != Value::Nil).then_some(token))
    }

    async fn unlock(&self, key: &str, token: LockToken) -> Result<(), CacheError> {
        let mut call = cmd("EVAL");
        call.arg(include_str!("scripts/unlock.lua"))
            .arg(1)
            .arg(self.lock_key(key))
            .arg(&token.0.as_bytes()[..]);
        self.ask([call]).await.map(|_| ())
    }
}

impl From<LinkError> for CacheError {
    fn from(error: LinkError) -> Self {
        match error {
            LinkError::Unavailable(said) => Self::Unavailable(said),
            LinkError::Refused(said) => Self::Damaged(said),
        }
    }
}

fn stamp(generation: Generation) -> [u8; STAMP] {
    generation.0.into_bytes()
}

fn generation(stamp: &[u8]) -> Option<Generation> {
    Uuid::from_slice(stamp).ok().map(Generation)
}

fn read<T: FromRedisValue>(value: Value) -> Result<T, CacheError> {
    T::from_redis_value(value).map_err(|_| unexpected())
}

fn unexpected() -> CacheError {
    CacheError::Damaged("it answered what it never should".to_owned())
}
