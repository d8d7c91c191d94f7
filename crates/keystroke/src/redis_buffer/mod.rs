//! The keystroke buffer in Redis: for any number of servers at once.
//!
//! Every decision is taken by a Lua script in Redis, by the clock of Redis, so that servers need
//! agree on nothing but the limits. Sessions are spread over a fixed number of shards; one
//! script works on one shard, and a call makes one round trip for all shards that it concerns
//! (a claim makes two: one finds what has been due longest over all shards, one takes it).
//! Appending has a connection of its own, so that no large answer to the flusher is in its way.
//!
//! The room for keystrokes, by their number and by their bytes, is shared out evenly: a shard that has its share is full, although
//! others may have room. Sessions spread so evenly that this shows in tests only.
//!
//! It deliberately lacks a client for Redis Cluster: the keys are ready for one, the connection
//! is to one node. What Redis accepted survives as much as Redis is told to keep: without its
//! append-only file, a restart of Redis loses the buffer, which is warned of.

mod keys;
mod record;
mod scripts;

use quarry_runtime::boxed;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use redis::{Cmd, FromRedisValue, Value, cmd};
use tracing::{error, warn};
use uuid::Uuid;

use self::keys::{RunName, SHARDS, Shard, shard_of_claim, shard_of_session};
use self::scripts::{Script, Scripts};
use super::echo::text_digest;
use super::{
    Appended, BufferError, BufferHealth, BufferLimits, ClaimId, ClaimedRun, Erased, FlushTally,
    KeystrokeBuffer, Wanted,
};
use quarry_domain::{Keystroke, Searcher};
use quarry_runtime::redis_link::{Link, LinkError, LinkMetrics, client, ms};

/// The longest that appending may take: people wait for it.
const APPEND_PATIENCE: Duration = Duration::from_millis(200);
/// The longest that a step of anything else may take.
const FLUSH_PATIENCE: Duration = Duration::from_secs(3);
/// The most runs that one claim takes.
const CLAIM_RUNS: usize = 10_000;
/// About the most bytes of runs that one claim takes of a shard: one run more can be over it.
const CLAIM_BYTES: usize = 1 << 20;
/// How many runs of a shard are looked at in one step of erasing: Redis does nothing else meanwhile.
const ERASE_STEP: usize = 100;
/// How many waiting runs of a shard are asked for the first keystroke in them, those due first, and how many
/// claimed ones.
const HEALTH_RUNS: usize = 250;

/// The keystroke buffer in Redis. See the module.
pub struct RedisBuffer {
    /// For appending only.
    front: Link,
    /// For everything else.
    back: Link,
    scripts: Scripts,
    shards: Vec<Shard>,
    limits: BufferLimits,
    /// The connection whose Redis was asked whether it keeps what it takes.
    asked: AtomicU64,
}

impl RedisBuffer {
    /// A buffer under the keys that start with `prefix`. Does not connect yet: only an address
    /// that is none, or a prefix with braces (they would be taken for the shard), is an error.
    pub fn open(url: &str, prefix: &str, limits: BufferLimits) -> Result<Self, BufferError> {
        Self::with_waits(url, prefix, limits, [APPEND_PATIENCE, FLUSH_PATIENCE])
    }

    /// The same, with calls that may take so long.
    pub fn with_patience(
        url: &str,
        prefix: &str,
        limits: BufferLimits,
        patience: Duration,
    ) -> Result<Self, BufferError> {
        Self::with_waits(url, prefix, limits, [patience, patience])
    }

    fn with_waits(
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
            front: Link::new(client.clone(), append),
            back: Link::new(client, flush),
            scripts: Scripts::new(),
            shards: Shard::all(prefix),
            limits,
            asked: AtomicU64::new(0),
        })
    }

    /// How its connections stand: the one for appending, and the one for everything else.
    pub fn links(&self) -> [LinkMetrics; 2] {
        [self.front.metrics(), self.back.metrics()]
    }

    /// Finds out whether Redis is back, by each connection whose last call was in vain.
    #[boxed]
    pub async fn look_again(&self) {
        tokio::join!(self.front.look_again(), self.back.look_again());
    }

    /// Whether each shard has runs to claim: since when, the longest first over all shards, at
    /// most `limit`. Runs that come back were due before all others.
    async fn waiting(&self, wanted: Wanted, limit: usize) -> Result<[usize; SHARDS], BufferError> {
        let calls = self.shards.iter().map(|shard| {
            let mut call = self.scripts.peek.call(&[shard.due.clone(), shard.claims.clone()]);
            call.arg(flag(wanted == Wanted::All)).arg(limit);
            call
        });
        let found: Vec<(Vec<i64>, Vec<i64>)> = self.ask(&self.scripts.peek, calls.collect()).await?;
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

    /// Calls a script for everything but appending.
    async fn ask<T: FromRedisValue>(&self, script: &Script, calls: Vec<Cmd>) -> Result<Vec<T>, BufferError> {
        let answers = script.run(&self.back, calls).await?;
        answers.into_iter().map(read).collect()
    }

    /// Says once for every connection if Redis does not keep what it takes.
    async fn check_durability(&self) {
        let generation = self.back.generation();
        if self.asked.swap(generation, Ordering::Relaxed) == generation {
            return;
        }
        let mut questions = redis::Pipeline::new();
        for setting in ["appendonly", "maxmemory-policy"] {
            questions.add_command(cmd("CONFIG").arg("GET").arg(setting).clone());
        }
        // Where settings may not be asked for, nothing is known and nothing is said.
        let Ok(answers) = self.back.send(&mut questions, self.back.deadline()).await else { return };
        let values: Vec<String> = answers
            .into_iter()
            .filter_map(|answer| <Vec<(String, String)>>::from_redis_value(answer.ok()?).ok()?.pop())
            .map(|(_, value)| value)
            .collect();
        if values.iter().any(|value| value == "no") {
            warn!(
                redis.appendonly = "no",
                "redis keeps no append-only file: its restart loses buffered keystrokes"
            );
        }
        if let Some(policy) = values.iter().find(|value| value.starts_with("allkeys-")) {
            warn!(
                redis.maxmemory_policy = policy,
                "redis may evict buffered keystrokes when its memory is full"
            );
        }
    }

    /// What appending is told before the keystrokes.
    fn append_call(&self, shard: usize, keystrokes: &[(&Keystroke, RunName)]) -> Result<Cmd, BufferError> {
        let (limits, shard) = (&self.limits, &self.shards[shard]);
        let mut keys = vec![shard.due.clone(), shard.counts.clone()];
        for (_, name) in keystrokes {
            keys.push(format!("{}r:{}", shard.base, name.run));
            keys.push(format!("{}l:{}", shard.base, name.run));
            keys.push(format!("{}s:{}", shard.base, name.run));
            keys.push(format!("{}f:{}", shard.base, name.session));
        }
        let mut call = self.scripts.append.call(&keys);
        call.arg(ms(limits.window)).arg(limits.run_keystrokes).arg(ms(limits.run_age));
        call.arg(limits.keystrokes.div_ceil(SHARDS as u64));
        call.arg(limits.flood_keystrokes).arg(ms(limits.flood_period));
        call.arg(ms(limits.late_memory)).arg(limits.bytes.div_ceil(SHARDS as u64));
        for (keystroke, name) in keystrokes {
            let content = record::content(keystroke)
                .map_err(|_| BufferError::Damaged("a keystroke cannot be written".to_owned()))?;
            call.arg(&name.run).arg(keystroke.session.as_str()).arg(keystroke.input.as_str());
            call.arg(keystroke.user.as_ref().map_or("", |user| user.as_str()));
            call.arg(record::sequence(keystroke)).arg(flag(keystroke.submitted));
            call.arg(&text_digest(&keystroke.text)).arg(content);
        }
        Ok(call)
    }
}

#[async_trait]
impl KeystrokeBuffer for RedisBuffer {
    async fn append(&self, keystrokes: &[Keystroke]) -> Result<Vec<Appended>, BufferError> {
        let mut parts: [Vec<usize>; SHARDS] = Default::default();
        let mut named: Vec<Vec<(&Keystroke, RunName)>> = Vec::new();
        named.resize_with(SHARDS, Vec::new);
        for (place, keystroke) in keystrokes.iter().enumerate() {
            let name = RunName::of(keystroke.session.as_str(), keystroke.input.as_str());
            parts[name.shard].push(place);
            named[name.shard].push((keystroke, name));
        }
        let concerned: Vec<usize> = (0..SHARDS).filter(|shard| !parts[*shard].is_empty()).collect();
        let calls = concerned.iter().map(|shard| self.append_call(*shard, &named[*shard]));
        let answers = self.scripts.append.run(&self.front, calls.collect::<Result<_, _>>()?).await?;

        let mut appended = vec![Appended::Accepted; keystrokes.len()];
        for (shard, answer) in concerned.into_iter().zip(answers) {
            let letters: Vec<u8> = read(answer)?;
            if letters.len() != parts[shard].len() {
                return Err(unexpected());
            }
            for (place, letter) in parts[shard].iter().zip(letters) {
                appended[*place] = match letter {
                    b'a' => Appended::Accepted,
                    b'l' => Appended::Late,
                    b'f' => Appended::Flooded,
                    b'u' => Appended::Full,
                    _ => return Err(unexpected()),
                };
            }
        }
        Ok(appended)
    }

    async fn claim(&self, wanted: Wanted, limit: usize) -> Result<Vec<ClaimedRun>, BufferError> {
        let limit = limit.min(CLAIM_RUNS);
        if limit == 0 {
            return Ok(Vec::new());
        }
        let counts = self.waiting(wanted, limit).await?;
        self.check_durability().await;
        let (limits, call_id) = (&self.limits, Uuid::new_v4());
        let calls = self.shards.iter().zip(counts).filter(|(_, count)| *count > 0).map(|(shard, count)| {
            let keys = [shard.due.clone(), shard.claims.clone(), shard.counts.clone()];
            let mut call = self.scripts.claim.call(&keys);
            call.arg(&shard.base).arg(flag(wanted == Wanted::All)).arg(count).arg(CLAIM_BYTES);
            call.arg(ms(limits.lease)).arg(ms(limits.late_memory)).arg(ms(limits.run_age));
            call.arg(shard.new_claims(call_id));
            call
        });
        let answers: Vec<Vec<Value>> = self.ask(&self.scripts.claim, calls.collect()).await?;

        let mut claimed = Vec::new();
        for answer in answers {
            let mut values = answer.into_iter();
            let reclaimed: usize = read(values.next().ok_or_else(unexpected)?)?;
            let mut place = 0;
            while let (Some(id), Some(since), Some(run)) = (values.next(), values.next(), values.next()) {
                let (id, since, run): (String, i64, Vec<u8>) = (read(id)?, read(since)?, read(run)?);
                claimed.push((place >= reclaimed, since, id, run));
                place += 1;
            }
        }
        claimed.sort_by_key(|(is_new, since, ..)| (*is_new, *since));
        let runs = claimed.into_iter().filter_map(|(_, _, id, run)| {
            let read = record::claimed_run(id.clone(), &run);
            if read.is_none() {
                // It stays, for somebody to look at, and keeps no other from being stored.
                error!(claim.id = id, "a claimed run cannot be read");
            }
            read
        });
        Ok(runs.collect())
    }

    async fn ack(&self, claims: &[ClaimId], tally: FlushTally) -> Result<(), BufferError> {
        let mut parts: Vec<Vec<&str>> = vec![Vec::new(); SHARDS];
        for id in claims {
            if let Some(shard) = shard_of_claim(&id.0) {
                parts[shard].push(&id.0);
            }
        }
        let mut concerned: Vec<usize> = (0..SHARDS).filter(|shard| !parts[*shard].is_empty()).collect();
        if concerned.is_empty() && tally != FlushTally::default() {
            concerned.push(0);
        }
        let calls = concerned.into_iter().enumerate().map(|(place, number)| {
            let shard = &self.shards[number];
            let mut call = self.scripts.ack.call(&[shard.claims.clone(), shard.counts.clone()]);
            // The first shard counts for all.
            let tally = if place == 0 { tally } else { FlushTally::default() };
            call.arg(&shard.base)
                .arg(tally.searches)
                .arg(tally.duplicates)
                .arg(tally.late)
                .arg(&parts[number]);
            call
        });
        let _: Vec<u64> = self.ask(&self.scripts.ack, calls.collect()).await?;
        Ok(())
    }

    async fn erase(&self, searcher: &Searcher) -> Result<Erased, BufferError> {
        let (kind, id, concerned) = match searcher {
            Searcher::Session(session) => {
                let shard = shard_of_session(session.as_str());
                ("s", session.as_str(), &self.shards[shard..=shard])
            }
            Searcher::User(user) => ("u", user.as_str(), &self.shards[..]),
        };
        let (mut erased, mut last) = (0, 0);
        // Claimed runs last, and the others twice: a run that is closed in between is met again under
        // its new name, one that is claimed among the claimed ones.
        for is_claimed in [false, false, true] {
            let mut places: Vec<(&Shard, u64)> = concerned.iter().map(|shard| (shard, 0)).collect();
            while !places.is_empty() {
                let calls = places.iter().map(|(shard, place)| {
                    let (set, letter) = if is_claimed { (&shard.claims, "c:") } else { (&shard.due, "r:") };
                    let mut call = self.scripts.erase.call(&[set.clone(), shard.counts.clone()]);
                    call.arg(format!("{}{letter}", shard.base)).arg(*place).arg(ERASE_STEP).arg(kind).arg(id);
                    call
                });
                let answers: Vec<(u64, u64, i64)> = self.ask(&self.scripts.erase, calls.collect()).await?;
                for ((_, place), (next, keystrokes, at)) in places.iter_mut().zip(answers) {
                    *place = next;
                    erased += keystrokes;
                    last = last.max(at);
                }
                places.retain(|(_, place)| *place != 0);
            }
        }
        let at = record::time(last).ok_or_else(|| BufferError::Damaged("its clock is off".to_owned()))?;
        Ok(Erased { keystrokes: erased, at })
    }

    async fn health(&self) -> Result<BufferHealth, BufferError> {
        let run_age = ms(self.limits.run_age);
        let calls = self.shards.iter().map(|shard| {
            let keys = [shard.due.clone(), shard.claims.clone(), shard.counts.clone()];
            let mut call = self.scripts.health.call(&keys);
            call.arg(&shard.base).arg(HEALTH_RUNS).arg(run_age);
            call
        });
        let shards: Vec<[i64; 13]> = self.ask(&self.scripts.health, calls.collect()).await?;
        let sum = |field: usize| shards.iter().map(|shard| shard[field].max(0).cast_unsigned()).sum::<u64>();
        let times = |field: usize| shards.iter().map(move |shard| shard[field]).filter(|ms| *ms > 0);
        Ok(BufferHealth {
            runs: sum(0),
            oldest: times(1).min().and_then(record::time),
            settled: shards.iter().map(|shard| shard[2]).min().filter(|ms| *ms > 0).and_then(record::time),
            accepted: sum(3),
            keystrokes: sum(3).saturating_sub(sum(4)),
            late: sum(5),
            flooded: sum(6),
            full: sum(7),
            claimed: sum(8),
            reclaimed: sum(9),
            searches: sum(10),
            duplicates: sum(11),
            last_flush: times(12).max().and_then(record::time),
            last_error: None,
        })
    }
}

impl From<LinkError> for BufferError {
    fn from(error: LinkError) -> Self {
        match error {
            LinkError::Unavailable(said) => Self::Unavailable(said),
            LinkError::Refused(said) => Self::Damaged(said),
        }
    }
}

fn read<T: FromRedisValue>(value: Value) -> Result<T, BufferError> {
    T::from_redis_value(value).map_err(|_| unexpected())
}

fn unexpected() -> BufferError {
    BufferError::Damaged("a script answered what it never should".to_owned())
}

fn flag(is_set: bool) -> u8 {
    u8::from(is_set)
}
