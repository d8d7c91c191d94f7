//! The keystroke buffer in Redis, for any number of servers.
//!
//! Lua scripts make every decision, by the clock of Redis: servers agree on nothing but the limits. They
//! implement the state machine of `local_buffer/runs.rs` under the same names. Sessions are spread over a fixed
//! number of shards; a script works on one shard, and a call makes one round trip for all of its shards (a
//! claim makes two: the first finds the runs with the earliest due times, the second takes them). Appends share
//! round trips, on a connection of their own, which large replies to the flusher do not delay.
//!
//! Each shard has an equal share of the limits on keystrokes and bytes, and is full once it holds its share.
//! Sessions spread so evenly that this is noticeable in tests only.
//!
//! Durability is that of Redis: without its append-only file, a restart of Redis loses the buffer, and a
//! warning is logged.

mod append_only_file;
mod append_queue;
mod keys;
mod record;
mod scripts;

use quarry_runtime::boxed;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use redis::{Cmd, FromRedisValue, Value};
use tracing::error;
use uuid::Uuid;

use self::append_queue::AppendQueues;
use self::keys::{RunName, SHARDS, Shard, shard_of_claim, shard_of_session};
use self::scripts::{LuaScript, Scripts, append_script};
use super::{
    AppendOutcome, BufferError, BufferHealth, BufferLimits, ClaimScope, ClaimedRun, Erasure, FlushCounts,
    KeystrokeBuffer, Settlement,
};
use quarry_domain::{Keystroke, Searcher};
use quarry_runtime::redis_link::{Link, LinkError, LinkMetrics, client, ms};

/// Clients wait for an append.
const APPEND_TIMEOUT: Duration = Duration::from_millis(200);
/// The timeout of each other call.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(3);
/// The maximum number of runs per claim.
const CLAIM_RUNS: usize = 10_000;
/// The approximate maximum of bytes that one claim takes from a shard; the last run may exceed it.
const CLAIM_BYTES: usize = 1 << 20;
/// The runs of a shard per step of an erasure, which blocks Redis.
const ERASE_STEP: usize = 100;
/// Divides the limit of bytes: the number of remembered searches, at about half a kilobyte each.
const MEMORIES_SHARE: u64 = 4 * 512;
/// The maximum numbers of unclaimed and of claimed runs that the health inspects per shard.
const HEALTH_RUNS: usize = 250;

/// A keystroke buffer in Redis. See the module.
pub struct RedisBuffer {
    /// Appends, with a connection of its own.
    appends: AppendQueues,
    /// The connection for everything else.
    flushing: Link,
    scripts: Scripts,
    shards: Vec<Shard>,
    limits: BufferLimits,
    /// The generation of the connection whose durability was checked.
    checked: AtomicU64,
}

/// A set of a shard that an erasure scans.
#[derive(Clone, Copy)]
enum RunSet {
    Due,
    Claims,
    Memories,
}

impl RedisBuffer {
    /// Creates a buffer under the keys with a prefix, without connecting.
    ///
    /// Returns an error for a malformed address, or a prefix with braces, which delimit hash tags.
    pub fn open(url: &str, prefix: &str, limits: BufferLimits) -> Result<Self, BufferError> {
        Self::with_timeouts(url, prefix, limits, [APPEND_TIMEOUT, FLUSH_TIMEOUT])
    }

    /// Creates a buffer with one timeout for all calls.
    pub fn with_timeout(
        url: &str,
        prefix: &str,
        limits: BufferLimits,
        timeout: Duration,
    ) -> Result<Self, BufferError> {
        Self::with_timeouts(url, prefix, limits, [timeout, timeout])
    }

    fn with_timeouts(
        url: &str,
        prefix: &str,
        limits: BufferLimits,
        [append, flush]: [Duration; 2],
    ) -> Result<Self, BufferError> {
        let client = client(url)?;
        if prefix.contains(['{', '}']) {
            return Err(BufferError::Unavailable("the key prefix contains braces: remove them".to_owned()));
        }
        Ok(Self {
            appends: AppendQueues::new(Link::new(client.clone(), append), append_script(), prefix, limits),
            flushing: Link::new(client, flush),
            scripts: Scripts::new(),
            shards: Shard::all(prefix),
            limits,
            checked: AtomicU64::new(0),
        })
    }

    /// The metrics of the connections for appending and for everything else.
    pub fn links(&self) -> [LinkMetrics; 2] {
        [self.appends.link().metrics(), self.flushing.metrics()]
    }

    /// Probes Redis by each connection whose last call failed.
    #[boxed]
    pub async fn look_again(&self) {
        tokio::join!(self.appends.link().look_again(), self.flushing.look_again());
    }

    /// The number of claimable runs per shard: up to `limit` by due time, with repeated claims first.
    async fn claimable(&self, scope: ClaimScope, limit: usize) -> Result<[usize; SHARDS], BufferError> {
        let calls = self.shards.iter().map(|shard| {
            let mut call = self.scripts.peek.call(&[shard.due.clone(), shard.claims.clone()]);
            call.arg(&shard.base).arg(flag(scope == ClaimScope::All)).arg(limit);
            call
        });
        let found: Vec<(Vec<i64>, Vec<i64>)> = self.run(&self.scripts.peek, calls.collect()).await?;
        let mut times = Vec::new();
        for (shard, (ended, due)) in found.into_iter().enumerate() {
            times.extend(ended.into_iter().map(|since| (false, since, shard)));
            times.extend(due.into_iter().map(|since| (true, since, shard)));
        }
        times.sort_unstable();
        let mut counts = [0; SHARDS];
        for (_, _, shard) in times.into_iter().take(limit) {
            counts[shard] += 1;
        }
        Ok(counts)
    }

    /// Runs a script on the connection for flushing.
    async fn run<T: FromRedisValue>(
        &self,
        script: &LuaScript,
        calls: Vec<Cmd>,
    ) -> Result<Vec<T>, BufferError> {
        let answers = script.run(&self.flushing, calls).await?;
        answers.into_iter().map(read).collect()
    }

    /// Logs once per connection if Redis may lose keystrokes.
    async fn check_durability(&self) {
        let generation = self.flushing.generation();
        if self.checked.swap(generation, Ordering::Relaxed) == generation {
            return;
        }
        append_only_file::check(&self.flushing).await;
    }
}

#[async_trait]
impl KeystrokeBuffer for RedisBuffer {
    async fn append(&self, keystrokes: &[Keystroke]) -> Result<Vec<AppendOutcome>, BufferError> {
        self.appends.append(keystrokes).await
    }

    async fn claim(&self, scope: ClaimScope, limit: usize) -> Result<Vec<ClaimedRun>, BufferError> {
        let limit = limit.min(CLAIM_RUNS);
        if limit == 0 {
            return Ok(Vec::new());
        }
        let counts = self.claimable(scope, limit).await?;
        self.check_durability().await;
        let (limits, call_id) = (&self.limits, Uuid::new_v4());
        let calls = self.shards.iter().zip(counts).filter(|(_, count)| *count > 0).map(|(shard, count)| {
            let keys = [shard.due.clone(), shard.claims.clone(), shard.counts.clone()];
            let mut call = self.scripts.claim.call(&keys);
            call.arg(&shard.base).arg(flag(scope == ClaimScope::All)).arg(count).arg(CLAIM_BYTES);
            call.arg(ms(limits.lease)).arg(ms(limits.late_memory)).arg(ms(limits.run_age));
            call.arg(shard.claim_prefix(call_id));
            call.arg(ms(limits.memory.max(limits.late_memory))).arg(memory_ms(limits));
            call
        });
        let answers: Vec<Vec<Value>> = self.run(&self.scripts.claim, calls.collect()).await?;

        let mut claimed = Vec::new();
        for answer in answers {
            let mut values = answer.into_iter();
            let reclaimed: usize = read(values.next().ok_or_else(unexpected)?)?;
            let mut index = 0;
            while let (Some(id), Some(since), Some(run), Some(remembered)) =
                (values.next(), values.next(), values.next(), values.next())
            {
                let (id, since): (String, i64) = (read(id)?, read(since)?);
                let run: (Vec<u8>, Vec<u8>) = (read(run)?, read(remembered)?);
                claimed.push((index >= reclaimed, since, id, run));
                index += 1;
            }
        }
        claimed.sort_by_key(|(is_new, since, ..)| (*is_new, *since));
        let runs = claimed.into_iter().filter_map(|(_, _, id, (run, remembered))| {
            let decoded = record::claimed_run(id.clone(), &run, &remembered);
            if decoded.is_none() {
                // It remains for inspection, and does not block other runs.
                error!(claim.id = id, "a claimed run cannot be decoded");
            }
            decoded
        });
        Ok(runs.collect())
    }

    async fn ack(&self, settled: &[Settlement], counts: FlushCounts) -> Result<(), BufferError> {
        let mut parts: Vec<Vec<&Settlement>> = vec![Vec::new(); SHARDS];
        for settlement in settled {
            if let Some(shard) = shard_of_claim(&settlement.claim.0) {
                parts[shard].push(settlement);
            }
        }
        let mut concerned: Vec<usize> = (0..SHARDS).filter(|shard| !parts[*shard].is_empty()).collect();
        if concerned.is_empty() && counts != FlushCounts::default() {
            concerned.push(0);
        }
        let calls = concerned.into_iter().enumerate().map(|(index, number)| {
            let shard = &self.shards[number];
            let keys = [shard.claims.clone(), shard.counts.clone(), shard.memories.clone()];
            let mut call = self.scripts.ack.call(&keys);
            // The first shard takes the counts for all.
            let counts = if index == 0 { counts } else { FlushCounts::default() };
            call.arg(&shard.base).arg(counts.searches).arg(counts.duplicates).arg(counts.late);
            call.arg(memory_ms(&self.limits)).arg(self.limits.bytes / MEMORIES_SHARE / SHARDS as u64);
            for settlement in &parts[number] {
                let name = RunName::of(settlement.session.as_str(), settlement.input.as_str());
                let remember = settlement.remember.as_ref().map(record::remembered).transpose();
                let remember =
                    remember.map_err(|_| BufferError::Damaged("a search cannot be encoded".to_owned()))?;
                call.arg(&settlement.claim.0).arg(&name.run).arg(remember.unwrap_or_default());
            }
            Ok(call)
        });
        let calls: Vec<Cmd> = calls.collect::<Result<_, BufferError>>()?;
        let _: Vec<u64> = self.run(&self.scripts.ack, calls).await?;
        Ok(())
    }

    async fn erase(&self, searcher: &Searcher) -> Result<Erasure, BufferError> {
        let (kind, id, concerned) = match searcher {
            Searcher::Session(session) => {
                let shard = shard_of_session(session.as_str());
                ("s", session.as_str(), &self.shards[shard..=shard])
            }
            Searcher::User(user) => ("u", user.as_str(), &self.shards[..]),
        };
        let session = RunName::of(id, "").session;
        let (mut erased, mut last) = (0, 0);
        // Scans unclaimed runs twice, then claimed ones: a run that is closed during a scan is found under
        // its new name, and one that is claimed among the claims. Remembered searches follow the claims, whose
        // acknowledgement creates them.
        for set in [RunSet::Due, RunSet::Due, RunSet::Claims, RunSet::Memories] {
            let mut cursors: Vec<(&Shard, u64)> = concerned.iter().map(|shard| (shard, 0)).collect();
            while !cursors.is_empty() {
                let calls = cursors.iter().map(|(shard, cursor)| {
                    let (key, letter, memories) = match set {
                        RunSet::Due => (&shard.due, "r:", None),
                        RunSet::Claims => (&shard.claims, "c:", Some("p:")),
                        RunSet::Memories => (&shard.memories, "m:", Some("m:")),
                    };
                    let mut call = self.scripts.erase.call(&[key.clone(), shard.counts.clone()]);
                    call.arg(format!("{}{letter}", shard.base))
                        .arg(*cursor)
                        .arg(ERASE_STEP)
                        .arg(kind)
                        .arg(id);
                    let memories = memories.map(|letter| format!("{}{letter}", shard.base));
                    call.arg(memories.unwrap_or_default()).arg(&session);
                    call
                });
                let answers: Vec<(u64, u64, i64)> = self.run(&self.scripts.erase, calls.collect()).await?;
                for ((_, cursor), (next, keystrokes, at)) in cursors.iter_mut().zip(answers) {
                    *cursor = next;
                    erased += keystrokes;
                    last = last.max(at);
                }
                cursors.retain(|(_, cursor)| *cursor != 0);
            }
        }
        let at = record::timestamp(last)
            .ok_or_else(|| BufferError::Damaged("its clock is out of range".to_owned()))?;
        Ok(Erasure { keystrokes: erased, at })
    }

    async fn scrub(&self) {
        append_only_file::rewrite(&self.flushing).await;
    }

    async fn health(&self) -> Result<BufferHealth, BufferError> {
        let run_age = ms(self.limits.run_age);
        let calls = self.shards.iter().map(|shard| {
            let keys = [shard.due.clone(), shard.claims.clone(), shard.counts.clone()];
            let mut call = self.scripts.health.call(&keys);
            call.arg(&shard.base).arg(HEALTH_RUNS).arg(run_age);
            call
        });
        let shards: Vec<[i64; 13]> = self.run(&self.scripts.health, calls.collect()).await?;
        let sum = |field: usize| shards.iter().map(|shard| shard[field].max(0).cast_unsigned()).sum::<u64>();
        let times = |field: usize| shards.iter().map(move |shard| shard[field]).filter(|ms| *ms > 0);
        Ok(BufferHealth {
            runs: sum(0),
            oldest: times(1).min().and_then(record::timestamp),
            settled: shards
                .iter()
                .map(|shard| shard[2])
                .min()
                .filter(|ms| *ms > 0)
                .and_then(record::timestamp),
            accepted: sum(3),
            keystrokes: sum(3).saturating_sub(sum(4)),
            late: sum(5),
            flooded: sum(6),
            full: sum(7),
            claimed: sum(8),
            reclaimed: sum(9),
            searches: sum(10),
            duplicates: sum(11),
            last_flush: times(12).max().and_then(record::timestamp),
            last_error: self.appends.last_error(),
        })
    }
}

impl RedisBuffer {
    /// The error that prevents it from accepting keystrokes: Redis may answer, but refuse to write.
    pub fn last_error(&self) -> Option<&'static str> {
        self.appends.last_error()
    }
}

impl From<LinkError> for BufferError {
    fn from(error: LinkError) -> Self {
        match error {
            LinkError::Unavailable(reason) => Self::Unavailable(reason),
            LinkError::Refused(reason) => Self::Damaged(reason),
        }
    }
}

fn read<T: FromRedisValue>(value: Value) -> Result<T, BufferError> {
    T::from_redis_value(value).map_err(|_| unexpected())
}

fn unexpected() -> BufferError {
    BufferError::Damaged("a script returned an unexpected reply".to_owned())
}

/// Zero if nothing is remembered.
fn memory_ms(limits: &BufferLimits) -> u64 {
    if limits.memory.is_zero() { 0 } else { ms(limits.memory) }
}

fn flag(is_set: bool) -> u8 {
    u8::from(is_set)
}
