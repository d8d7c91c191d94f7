//! Group commit: concurrent interactions share a transaction.

use quarry_runtime::boxed;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use quarry_domain::Interaction;
use quarry_store::{RecordOutcome, Store, StoreError};

/// The capacity of the queue: a few seconds' worth, and a few megabytes.
const QUEUE_CAPACITY: usize = 10_000;
/// The largest transaction.
const MAX_BATCH: usize = 1_000;

/// An interaction that was not recorded.
#[derive(Clone, Debug, thiserror::Error)]
pub enum RecordError {
    /// The queue is full; a retry may succeed.
    #[error("the queue of interactions is full: retry later")]
    Full,
    /// The server is stopping; a retry reaches another one.
    #[error("this server is stopping: retry")]
    Stopping,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

type RecordResult = Result<RecordOutcome, RecordError>;

struct QueuedInteraction {
    interaction: Interaction,
    reply: oneshot::Sender<RecordResult>,
}

/// The queue in front of the writer. Clones share it.
#[derive(Clone, Debug)]
pub struct Interactions {
    queue: mpsc::Sender<QueuedInteraction>,
}

impl Interactions {
    /// Creates a queue and its writer; the caller runs the writer.
    pub fn new(store: Store) -> (Self, InteractionWriter) {
        let (sender, queue) = mpsc::channel(QUEUE_CAPACITY);
        (Self { queue: sender }, InteractionWriter { store, queue })
    }

    /// Records an interaction, and returns the outcome after the commit.
    ///
    /// Once queued, the interaction is recorded even if the caller goes away.
    #[boxed]
    pub async fn record(&self, interaction: Interaction) -> Result<RecordOutcome, RecordError> {
        let (reply, result) = oneshot::channel();
        self.queue.try_send(QueuedInteraction { interaction, reply }).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => RecordError::Full,
            mpsc::error::TrySendError::Closed(_) => RecordError::Stopping,
        })?;
        result.await.unwrap_or(Err(RecordError::Stopping))
    }
}

/// The writer at the end of the queue: one transaction after another.
pub struct InteractionWriter {
    store: Store,
    queue: mpsc::Receiver<QueuedInteraction>,
}

impl InteractionWriter {
    /// Writes until `stop` is cancelled; then closes the queue and writes the rest.
    #[boxed]
    pub async fn run(mut self, stop: CancellationToken) {
        loop {
            // A commit is not cancelled: its callers would not learn the outcome.
            let batch = tokio::select! {
                batch = self.next_batch() => batch,
                () = stop.cancelled() => break,
            };
            if batch.is_empty() {
                return;
            }
            self.commit(batch).await;
        }
        self.queue.close();
        while self.step().await > 0 {}
    }

    /// Commits the next batch, and returns its size: 0 once the queue is closed and empty.
    #[boxed]
    pub async fn step(&mut self) -> usize {
        let batch = self.next_batch().await;
        let count = batch.len();
        self.commit(batch).await;
        count
    }

    async fn next_batch(&mut self) -> Vec<QueuedInteraction> {
        let mut batch = Vec::new();
        self.queue.recv_many(&mut batch, MAX_BATCH).await;
        batch
    }

    async fn commit(&mut self, batch: Vec<QueuedInteraction>) {
        let (interactions, replies): (Vec<_>, Vec<_>) =
            batch.into_iter().map(|queued| (queued.interaction, queued.reply)).unzip();
        match self.store.record_interactions(&interactions).await {
            Ok(outcomes) => {
                for (outcome, reply) in outcomes.into_iter().zip(replies) {
                    send(reply, Ok(outcome));
                }
            }
            // A single interaction may be at fault; it must not fail the others.
            Err(StoreError::Refused(_)) if interactions.len() > 1 => {
                self.commit_each(interactions, replies).await;
            }
            Err(error) => self.fail(replies, &error),
        }
    }

    async fn commit_each(
        &mut self,
        interactions: Vec<Interaction>,
        replies: Vec<oneshot::Sender<RecordResult>>,
    ) {
        let mut replies = replies.into_iter();
        for interaction in &interactions {
            let Some(reply) = replies.next() else { return };
            match self.store.record_interactions(std::slice::from_ref(interaction)).await {
                Ok(outcomes) => send(reply, Ok(outcomes[0])),
                Err(error @ StoreError::Unavailable(_)) => {
                    self.fail([reply].into_iter().chain(replies), &error);
                    return;
                }
                Err(error) => self.fail([reply], &error),
            }
        }
    }

    /// Replies with an error; if the store is unavailable, to all queued callers as well.
    ///
    /// They would otherwise wait for another timeout only to receive the same error.
    fn fail(&mut self, replies: impl IntoIterator<Item = oneshot::Sender<RecordResult>>, error: &StoreError) {
        let mut failed = 0;
        let mut fail = |reply| {
            failed += 1;
            send(reply, Err(error.clone().into()));
        };
        replies.into_iter().for_each(&mut fail);
        if matches!(error, StoreError::Unavailable(_)) {
            while let Ok(queued) = self.queue.try_recv() {
                fail(queued.reply);
            }
        }
        warn!(error = %error, interactions = failed, "interactions were not stored");
    }
}

/// Replies to a caller, unless it went away.
fn send(reply: oneshot::Sender<RecordResult>, result: RecordResult) {
    let _ = reply.send(result);
}
