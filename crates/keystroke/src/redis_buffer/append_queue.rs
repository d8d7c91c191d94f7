//! Appends in batches: keystrokes that arrive while a batch is on its way form the next one.
//!
//! Under load, one round trip carries many keystrokes, for which Redis reads, answers and writes its
//! append-only file once. Without load, a batch is one append, and nothing waits.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use futures_util::TryFutureExt;
use futures_util::future::try_join_all;
use redis::{Cmd, Value};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout_at;

use super::keys::{RunName, SHARDS, Shard};
use super::scripts::LuaScript;
use super::{flag, read, record, unexpected};
use crate::digest::{DeliveryDigest, Digest, delivery, text_digest};
use crate::{AppendOutcome, BufferError, BufferLimits};
use quarry_domain::Keystroke;
use quarry_runtime::redis_link::{Link, ms};

/// The appends of a batch, whose scripts block Redis.
const BATCH_APPENDS: usize = 128;
/// The appends that wait for a batch; more wait for a place.
const QUEUED_APPENDS: usize = 4 * BATCH_APPENDS;
/// The time for which a failed append counts as an error, unless another one succeeds.
const REFUSAL_MEMORY: Duration = Duration::from_secs(60);
const REFUSING: &str = "Redis refuses keystrokes: see the log.";

/// The letters of a shard's keystrokes.
type Letters = std::vec::IntoIter<u8>;

/// Collects appends for batches.
pub(super) struct AppendQueues {
    appender: Arc<Appender>,
    /// One for a server. For a cluster, one per shard: a node that is away must not delay the others.
    queues: Vec<AppendQueue>,
}

/// The appends that wait for the task that sends them; without one until the first append.
type AppendQueue = OnceLock<mpsc::Sender<Append>>;

/// Sends batches.
struct Appender {
    link: Link,
    script: LuaScript,
    shards: Vec<Shard>,
    limits: BufferLimits,
    /// The time of the last append, if it failed.
    refused: Mutex<Option<Instant>>,
}

/// An append that waits for its batch.
struct Append {
    keystrokes: Vec<EncodedKeystroke>,
    outcomes: oneshot::Sender<Result<Vec<AppendOutcome>, BufferError>>,
}

/// The arguments of a keystroke.
struct EncodedKeystroke {
    name: RunName,
    session: String,
    input: String,
    user: String,
    sequence: String,
    submitted: bool,
    digest: Digest,
    /// Without a sequence, none.
    delivery: Option<DeliveryDigest>,
    content: Vec<u8>,
}

impl EncodedKeystroke {
    fn of(keystroke: &Keystroke) -> Result<Self, BufferError> {
        let content = record::content(keystroke)
            .map_err(|_| BufferError::Damaged("a keystroke cannot be encoded".to_owned()))?;
        Ok(Self {
            name: RunName::of(keystroke.session.as_str(), keystroke.input.as_str()),
            session: keystroke.session.as_str().to_owned(),
            input: keystroke.input.as_str().to_owned(),
            user: keystroke.user.as_ref().map_or("", |user| user.as_str()).to_owned(),
            sequence: record::sequence(keystroke),
            submitted: keystroke.submitted,
            digest: text_digest(&keystroke.text),
            delivery: keystroke
                .sequence
                .map(|sequence| delivery(&keystroke.session, sequence, keystroke.submitted, &keystroke.text)),
            content,
        })
    }
}

impl AppendQueues {
    pub(super) fn new(link: Link, script: LuaScript, prefix: &str, limits: BufferLimits) -> Self {
        let queues = if link.is_cluster() { SHARDS } else { 1 };
        let shards = Shard::all(prefix);
        let appender = Appender { link, script, shards, limits, refused: Mutex::default() };
        Self { appender: Arc::new(appender), queues: (0..queues).map(|_| AppendQueue::new()).collect() }
    }

    pub(super) fn link(&self) -> &Link {
        &self.appender.link
    }

    /// Appends keystrokes in order, within the timeout of the link.
    pub(super) async fn append(&self, keystrokes: &[Keystroke]) -> Result<Vec<AppendOutcome>, BufferError> {
        let mut parts: Vec<(Vec<usize>, Vec<EncodedKeystroke>)> = Vec::new();
        parts.resize_with(self.queues.len(), Default::default);
        for (index, keystroke) in keystrokes.iter().enumerate() {
            let encoded = EncodedKeystroke::of(keystroke)?;
            let (indexes, part) = &mut parts[encoded.name.shard % self.queues.len()];
            indexes.push(index);
            part.push(encoded);
        }
        let parts = self.queues.iter().zip(parts).filter(|(_, (indexes, _))| !indexes.is_empty());
        let answers = parts.map(|(queue, (indexes, part))| {
            self.append_to(queue, part).map_ok(|outcomes| indexes.into_iter().zip(outcomes))
        });
        let mut outcomes = vec![AppendOutcome::Accepted; keystrokes.len()];
        for (index, outcome) in try_join_all(answers).await?.into_iter().flatten() {
            outcomes[index] = outcome;
        }
        Ok(outcomes)
    }

    async fn append_to(
        &self,
        queue: &AppendQueue,
        keystrokes: Vec<EncodedKeystroke>,
    ) -> Result<Vec<AppendOutcome>, BufferError> {
        let (outcomes, answer) = oneshot::channel();
        let queue = queue.get_or_init(|| {
            let (queue, waiting) = mpsc::channel(QUEUED_APPENDS);
            tokio::spawn(send_batches(self.appender.clone(), waiting));
            queue
        });
        let link = &self.appender.link;
        let answer = timeout_at(link.deadline(), async {
            queue.send(Append { keystrokes, outcomes }).await.ok()?;
            answer.await.ok()
        });
        match answer.await {
            Ok(Some(outcomes)) => outcomes,
            Ok(None) => Err(BufferError::Unavailable("the task that appends has ended".to_owned())),
            Err(_) => Err(link.late().into()),
        }
    }

    /// The error that prevents it from accepting keystrokes: Redis may answer, but refuse to write.
    pub(super) fn last_error(&self) -> Option<&'static str> {
        let refused = *self.appender.refused.lock().unwrap_or_else(PoisonError::into_inner);
        refused.filter(|at| at.elapsed() < REFUSAL_MEMORY).map(|_| REFUSING)
    }
}

/// Sends batches until the queue is dropped.
async fn send_batches(appender: Arc<Appender>, mut waiting: mpsc::Receiver<Append>) {
    let mut batch = Vec::new();
    while waiting.recv_many(&mut batch, BATCH_APPENDS).await > 0 {
        // An append that took too long has failed already.
        batch.retain(|append| !append.outcomes.is_closed());
        if !batch.is_empty() {
            appender.send(std::mem::take(&mut batch)).await;
        }
    }
}

impl Appender {
    /// Sends a batch and answers its appends.
    async fn send(&self, batch: Vec<Append>) {
        let mut parts: Vec<Vec<EncodedKeystroke>> = Vec::new();
        parts.resize_with(SHARDS, Vec::new);
        let mut waiting: Vec<(Vec<usize>, _)> = Vec::with_capacity(batch.len());
        for Append { keystrokes, outcomes } in batch {
            waiting.push((keystrokes.iter().map(|keystroke| keystroke.name.shard).collect(), outcomes));
            for keystroke in keystrokes {
                parts[keystroke.name.shard].push(keystroke);
            }
        }
        let mut answers = self.answers(&parts).await;
        for (shards, outcomes) in waiting {
            let of_append = shards.into_iter().map(|shard| next_outcome(&mut answers[shard]));
            // A client that has gone does not wait for its answer.
            let _ = outcomes.send(of_append.collect());
        }
    }

    /// Appends the keystrokes of each shard with one call, and returns their letters.
    async fn answers(&self, parts: &[Vec<EncodedKeystroke>]) -> Vec<Result<Letters, BufferError>> {
        let concerned: Vec<usize> = (0..SHARDS).filter(|shard| !parts[*shard].is_empty()).collect();
        let calls = concerned.iter().map(|shard| self.call(*shard, &parts[*shard])).collect();
        let replies = match self.script.answers(&self.link, calls).await {
            Ok(replies) => replies,
            Err(error) => concerned.iter().map(|_| Err(error.clone())).collect(),
        };
        let refused = replies.iter().any(Result::is_err).then(Instant::now);
        *self.refused.lock().unwrap_or_else(PoisonError::into_inner) = refused;
        let mut answers: Vec<_> = (0..SHARDS).map(|_| Ok(Letters::default())).collect();
        for (shard, reply) in concerned.into_iter().zip(replies) {
            answers[shard] =
                reply.map_err(BufferError::from).and_then(|reply| letters(reply, parts[shard].len()));
        }
        answers
    }

    fn call(&self, shard: usize, keystrokes: &[EncodedKeystroke]) -> Cmd {
        let (limits, shard) = (&self.limits, &self.shards[shard]);
        let mut keys = vec![shard.due.clone(), shard.counts.clone()];
        for EncodedKeystroke { name, .. } in keystrokes {
            keys.push(format!("{}r:{}", shard.base, name.run));
            keys.push(format!("{}l:{}", shard.base, name.run));
            keys.push(format!("{}s:{}", shard.base, name.run));
            keys.push(format!("{}f:{}", shard.base, name.session));
        }
        let mut call = self.script.call(&keys);
        call.arg(ms(limits.window)).arg(limits.run_keystrokes).arg(ms(limits.run_age));
        call.arg(limits.keystrokes.div_ceil(SHARDS as u64));
        call.arg(limits.flood_keystrokes).arg(ms(limits.flood_period));
        call.arg(ms(limits.late_memory)).arg(limits.bytes.div_ceil(SHARDS as u64));
        for keystroke in keystrokes {
            call.arg(&keystroke.name.run).arg(&keystroke.session).arg(&keystroke.input).arg(&keystroke.user);
            call.arg(&keystroke.sequence).arg(flag(keystroke.submitted));
            let delivery = keystroke.delivery.as_ref().map_or(&[][..], |delivery| &delivery[..]);
            call.arg(&keystroke.digest).arg(delivery).arg(&keystroke.content);
        }
        call
    }
}

/// Returns the letter of each keystroke of a call.
fn letters(reply: Value, keystrokes: usize) -> Result<Letters, BufferError> {
    let letters: Vec<u8> = read(reply)?;
    if letters.len() == keystrokes { Ok(letters.into_iter()) } else { Err(unexpected()) }
}

/// Returns the outcome of the next keystroke of a shard.
fn next_outcome(answer: &mut Result<Letters, BufferError>) -> Result<AppendOutcome, BufferError> {
    match answer.as_mut().map_err(|error| error.clone())?.next() {
        Some(b'a') => Ok(AppendOutcome::Accepted),
        Some(b'l') => Ok(AppendOutcome::Late),
        Some(b'f') => Ok(AppendOutcome::Flooded),
        Some(b'u') => Ok(AppendOutcome::Full),
        _ => Err(unexpected()),
    }
}
