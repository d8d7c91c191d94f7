//! Group commit: many callers, one transaction.

use quarry_runtime::boxed;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use quarry_domain::Interaction;
use quarry_store::{RecordOutcome, Store, StoreError};

/// Interactions that may wait for a transaction: a few seconds' worth, and a few megabytes.
const QUEUE_CAPACITY: usize = 10_000;
/// The most in one transaction.
const MAX_BATCH: usize = 1_000;

/// Why an interaction was not recorded.
#[derive(Clone, Debug, thiserror::Error)]
pub enum RecordError {
    /// Too many wait already; the same call may work soon.
    #[error("too many interactions are waiting to be stored")]
    Full,
    /// This server is stopping.
    #[error("this server is stopping")]
    Stopping,
    /// The store did not take it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

type RecordResult = Result<RecordOutcome, RecordError>;

struct QueuedInteraction {
    interaction: Interaction,
    caller: oneshot::Sender<RecordResult>,
}

/// The way in. Clones lead to the same writer.
#[derive(Clone, Debug)]
pub struct Interactions {
    queue: mpsc::Sender<QueuedInteraction>,
}

impl Interactions {
    /// A way into the store, and the writer at its end, which somebody has to run.
    pub fn new(store: Store) -> (Self, InteractionWriter) {
        let (sender, queue) = mpsc::channel(QUEUE_CAPACITY);
        (Self { queue: sender }, InteractionWriter { store, queue })
    }

    /// Records an interaction, and says what became of it once that is committed.
    ///
    /// One that was handed over is recorded even if the caller goes away.
    #[boxed]
    pub async fn record(&self, interaction: Interaction) -> Result<RecordOutcome, RecordError> {
        let (caller, answer) = oneshot::channel();
        self.queue.try_send(QueuedInteraction { interaction, caller }).map_err(
            |rejected| match rejected {
                mpsc::error::TrySendError::Full(_) => RecordError::Full,
                mpsc::error::TrySendError::Closed(_) => RecordError::Stopping,
            },
        )?;
        answer.await.unwrap_or(Err(RecordError::Stopping))
    }
}

/// Writes what callers bring, one transaction after another.
pub struct InteractionWriter {
    store: Store,
    queue: mpsc::Receiver<QueuedInteraction>,
}

impl InteractionWriter {
    /// Writes until it is told to stop; then refuses what comes, and writes what is there.
    #[boxed]
    pub async fn run(mut self, stop: CancellationToken) {
        loop {
            // What is being written is not to be broken off: its callers would not hear of it.
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

    /// Waits for interactions, stores what has gathered, answers the callers, and returns how many
    /// they were: none when no more can come.
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

    async fn commit(&mut self, waiting: Vec<QueuedInteraction>) {
        let (interactions, callers): (Vec<_>, Vec<_>) =
            waiting.into_iter().map(|waiting| (waiting.interaction, waiting.caller)).unzip();
        match self.store.record_interactions(&interactions).await {
            Ok(outcomes) => {
                for (outcome, caller) in outcomes.into_iter().zip(callers) {
                    reply(caller, Ok(outcome));
                }
            }
            // One of them may be at fault: the others must not suffer from it.
            Err(StoreError::Refused(_)) if interactions.len() > 1 => {
                self.commit_each(interactions, callers).await;
            }
            Err(error) => self.reject(callers, &error),
        }
    }

    async fn commit_each(
        &mut self,
        interactions: Vec<Interaction>,
        callers: Vec<oneshot::Sender<RecordResult>>,
    ) {
        let mut callers = callers.into_iter();
        for interaction in &interactions {
            let Some(caller) = callers.next() else { return };
            match self.store.record_interactions(std::slice::from_ref(interaction)).await {
                Ok(outcomes) => reply(caller, Ok(outcomes[0])),
                Err(error @ StoreError::Unavailable(_)) => {
                    self.reject([caller].into_iter().chain(callers), &error);
                    return;
                }
                Err(error) => self.reject([caller], &error),
            }
        }
    }

    /// Tells callers of an error; where the store is away, all who wait by now: they would wait as
    /// long again, only to hear the same.
    fn reject(
        &mut self,
        callers: impl IntoIterator<Item = oneshot::Sender<RecordResult>>,
        error: &StoreError,
    ) {
        let mut rejected = 0;
        let mut reject = |caller| {
            rejected += 1;
            reply(caller, Err(error.clone().into()));
        };
        callers.into_iter().for_each(&mut reject);
        if matches!(error, StoreError::Unavailable(_)) {
            while let Ok(waiting) = self.queue.try_recv() {
                reject(waiting.caller);
            }
        }
        warn!(error = %error, interactions = rejected, "interactions were not stored");
    }
}

/// Answers a caller, who may be gone.
fn reply(caller: oneshot::Sender<RecordResult>, result: RecordResult) {
    let _ = caller.send(result);
}
