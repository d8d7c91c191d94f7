//! Buffers for tests, empty and isolated, and constructors of keystrokes.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use quarry::domain::{
    FinalReason, InputId, Keystroke, LoggedSearchId, SearchContext, SearchFact, SessionId, UserId,
};
use quarry::keystroke::{
    AppendOutcome, BufferLimits, ClaimScope, ClaimedRun, FoldedSearch, KeystrokeBuffer, LocalBuffer,
    RedisBuffer, RememberedSearch, SearchTrace, Settlement,
};
use tempfile::TempDir;
use uuid::Uuid;

use crate::support::redis::{cluster_url, delete_keys, shared_url};
use crate::support::wait::{TEST_TIMEOUT, until};

/// A buffer of one test, removed with its contents when dropped.
pub(crate) struct TestBuffer {
    buffer: Arc<dyn KeystrokeBuffer>,
    home: Home,
}

enum Home {
    /// A Redis of `tests/services.sh`, and the prefix of its keys.
    Redis { url: String, prefix: String },
    /// The folder of its journal.
    Folder { _folder: TempDir },
}

/// Creates an embedded buffer.
pub(crate) async fn local(limits: BufferLimits) -> TestBuffer {
    let folder = TempDir::new().unwrap();
    let buffer = LocalBuffer::open(folder.path(), limits, Duration::from_secs(1)).unwrap();
    TestBuffer { buffer: Arc::new(buffer), home: Home::Folder { _folder: folder } }
}

/// Creates a buffer in one Redis.
pub(crate) async fn redis(limits: BufferLimits) -> TestBuffer {
    in_redis(shared_url(), limits)
}

/// Creates a buffer in a Redis Cluster.
pub(crate) async fn cluster(limits: BufferLimits) -> TestBuffer {
    in_redis(cluster_url(), limits)
}

/// Creates a buffer with long timeouts for a busy machine.
fn in_redis(url: String, limits: BufferLimits) -> TestBuffer {
    let prefix = format!("test-{}", Uuid::new_v4().simple());
    let buffer = RedisBuffer::with_timeout(&url, &prefix, limits, TEST_TIMEOUT).unwrap();
    TestBuffer { buffer: Arc::new(buffer), home: Home::Redis { url, prefix } }
}

/// Defines a test of each function for every implementation:
/// `async fn name(open: impl AsyncFn(BufferLimits) -> TestBuffer)`.
macro_rules! on_each_buffer {
    ($($test:ident),+ $(,)?) => {
        $(
            mod $test {
                use crate::keystroke::buffers;

                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn local() {
                    super::$test(buffers::local).await;
                }

                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn redis() {
                    super::$test(buffers::redis).await;
                }

                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn redis_cluster() {
                    super::$test(buffers::cluster).await;
                }
            }
        )+
    };
}
pub(crate) use on_each_buffer;

impl TestBuffer {
    /// Shares the buffer with tasks.
    pub(crate) fn share(&self) -> Arc<dyn KeystrokeBuffer> {
        self.buffer.clone()
    }

    /// Appends a keystroke that must be accepted.
    pub(crate) async fn accept(&self, keystroke: Keystroke) {
        assert_eq!(self.append_one(keystroke).await, AppendOutcome::Accepted);
    }

    /// Appends a keystroke.
    pub(crate) async fn append_one(&self, keystroke: Keystroke) -> AppendOutcome {
        let appended = self.append(&[keystroke]).await.unwrap();
        assert_eq!(appended.len(), 1);
        appended[0]
    }

    /// Claims the due runs.
    pub(crate) async fn claim_due(&self) -> Vec<ClaimedRun> {
        self.claim(ClaimScope::Due, 1_000).await.unwrap()
    }

    /// Claims the only due run.
    pub(crate) async fn claim_one(&self) -> ClaimedRun {
        let mut runs = self.claim_due().await;
        assert_eq!(runs.len(), 1, "{runs:?}");
        runs.remove(0)
    }

    /// Claims until a run is due.
    pub(crate) async fn claim_soon(&self) -> Vec<ClaimedRun> {
        until("a run that is due", async || {
            let runs = self.claim_due().await;
            (!runs.is_empty()).then_some(runs)
        })
        .await
    }

    /// Acknowledges claimed runs.
    pub(crate) async fn ack_all(&self, runs: &[ClaimedRun]) {
        self.ack(&settled(runs), Default::default()).await.unwrap();
    }

    /// Claims and acknowledges until no run is left: those of one input follow each other.
    pub(crate) async fn take(&self, scope: ClaimScope) -> Vec<ClaimedRun> {
        let mut taken = Vec::new();
        loop {
            let runs = self.claim(scope, 1_000).await.unwrap();
            if runs.is_empty() {
                return taken;
            }
            self.ack_all(&runs).await;
            taken.extend(runs);
        }
    }

    /// Claims and acknowledges the only due run.
    pub(crate) async fn take_one(&self) -> ClaimedRun {
        let run = self.claim_one().await;
        self.ack_all(std::slice::from_ref(&run)).await;
        run
    }
}

impl Deref for TestBuffer {
    type Target = dyn KeystrokeBuffer;

    fn deref(&self) -> &Self::Target {
        &*self.buffer
    }
}

impl Drop for TestBuffer {
    fn drop(&mut self) {
        match &self.home {
            Home::Redis { url, prefix } => delete_keys(url, prefix),
            Home::Folder { .. } => {}
        }
    }
}

/// Limits that no test reaches; a test lowers the limits that it verifies.
pub(crate) fn unlimited() -> BufferLimits {
    let ever = Duration::from_secs(3_600);
    BufferLimits {
        window: ever,
        run_keystrokes: 1_000_000,
        run_age: ever,
        keystrokes: 10_000_000,
        bytes: 1 << 40,
        flood_keystrokes: 1_000_000,
        flood_period: ever,
        late_memory: ever,
        lease: ever,
        memory: ever,
    }
}

pub(crate) const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// Creates a keystroke of an anonymous user in the default input.
pub(crate) fn stroke(session: &str, text: &str) -> Keystroke {
    Keystroke {
        session: SessionId::parse(session).unwrap(),
        user: None,
        input: InputId::default(),
        text: text.to_owned(),
        sequence: None,
        submitted: false,
        result_count: None,
        composing: false,
        context: Default::default(),
    }
}

/// Sets the input.
pub(crate) fn in_box(input: &str, keystroke: Keystroke) -> Keystroke {
    Keystroke { input: InputId::parse(input).unwrap(), ..keystroke }
}

/// Sets the user.
pub(crate) fn by(user: &str, keystroke: Keystroke) -> Keystroke {
    Keystroke { user: Some(UserId::parse(user).unwrap()), ..keystroke }
}

/// Sets the sequence.
pub(crate) fn sequenced(sequence: i64, keystroke: Keystroke) -> Keystroke {
    Keystroke { sequence: Some(sequence), ..keystroke }
}

/// Submits the text: its run is due at once.
pub(crate) fn submitted(keystroke: Keystroke) -> Keystroke {
    Keystroke { submitted: true, ..keystroke }
}

/// The context of a request with a tag.
pub(crate) fn arm(value: &str) -> SearchContext {
    SearchContext::of(SearchFact::tag("arm", value).ok())
}

/// A stored search of a run, with the user of its first keystroke.
pub(crate) fn remembered(run: &ClaimedRun, query: &str) -> RememberedSearch {
    let first = &run.keystrokes[0];
    let search = FoldedSearch {
        user: first.user.clone(),
        query: query.to_owned(),
        truncated: false,
        keystrokes: 1,
        result_count: None,
        context: arm("b"),
        reason: FinalReason::Idle,
        started_at: first.at,
        last_keystroke_at: first.at,
    };
    let (id, trace) = (LoggedSearchId(Uuid::nil()), SearchTrace::default());
    RememberedSearch { id, revision: 1, search, trace }
}

/// The acknowledgements of runs that leave nothing to remember.
pub(crate) fn settled(runs: &[ClaimedRun]) -> Vec<Settlement> {
    runs.iter().map(|run| Settlement::of(run, None)).collect()
}

/// The texts of a run, in order.
pub(crate) fn texts(run: &ClaimedRun) -> Vec<&str> {
    run.keystrokes.iter().map(|keystroke| keystroke.text.as_str()).collect()
}

/// The sessions of runs, in order.
pub(crate) fn sessions(runs: &[ClaimedRun]) -> Vec<&str> {
    runs.iter().map(|run| run.session.as_str()).collect()
}
