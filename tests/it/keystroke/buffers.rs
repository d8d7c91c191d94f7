//! Buffers of each kind, empty and of one test's own, and what their tests say often.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use quarry::domain::{InputId, Keystroke, SessionId, UserId};
use quarry::keystroke::{
    Appended, BufferLimits, ClaimedRun, KeystrokeBuffer, LocalBuffer, RedisBuffer, Wanted,
};
use tempfile::TempDir;
use uuid::Uuid;

use crate::support::redis::{delete_keys, shared_url};
use crate::support::wait::{TEST_TIMEOUT, until};

/// A buffer that no other test knows; gone with what it holds when dropped.
pub(crate) struct TestBuffer {
    buffer: Arc<dyn KeystrokeBuffer>,
    home: Home,
}

enum Home {
    /// All keys with this prefix, on the Redis of `tests/services.sh`.
    Redis(String),
    /// The folder of its journal.
    Folder { _folder: TempDir },
}

/// The buffer of a server without Redis.
pub(crate) async fn local(limits: BufferLimits) -> TestBuffer {
    let folder = TempDir::new().unwrap();
    let buffer = LocalBuffer::open(folder.path(), limits, Duration::from_secs(1)).unwrap();
    TestBuffer { buffer: Arc::new(buffer), home: Home::Folder { _folder: folder } }
}

/// A buffer in Redis, with time for a machine that is busy.
pub(crate) async fn redis(limits: BufferLimits) -> TestBuffer {
    let prefix = format!("test-{}", Uuid::new_v4().simple());
    let buffer = RedisBuffer::with_patience(&shared_url(), &prefix, limits, TEST_TIMEOUT).unwrap();
    TestBuffer { buffer: Arc::new(buffer), home: Home::Redis(prefix) }
}

/// Makes a test of each named function on every kind of buffer:
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
            }
        )+
    };
}
pub(crate) use on_each_buffer;

impl TestBuffer {
    /// The buffer, for tasks to share.
    pub(crate) fn share(&self) -> Arc<dyn KeystrokeBuffer> {
        self.buffer.clone()
    }

    /// Appends a keystroke that must be accepted.
    pub(crate) async fn accept(&self, keystroke: Keystroke) {
        assert_eq!(self.append_one(keystroke).await, Appended::Accepted);
    }

    /// Appends a keystroke.
    pub(crate) async fn append_one(&self, keystroke: Keystroke) -> Appended {
        let appended = self.append(&[keystroke]).await.unwrap();
        assert_eq!(appended.len(), 1);
        appended[0]
    }

    /// Claims what is due now.
    pub(crate) async fn claim_due(&self) -> Vec<ClaimedRun> {
        self.claim(Wanted::Due, 1_000).await.unwrap()
    }

    /// Claims the one run that is due now.
    pub(crate) async fn claim_one(&self) -> ClaimedRun {
        let mut runs = self.claim_due().await;
        assert_eq!(runs.len(), 1, "{runs:?}");
        runs.remove(0)
    }

    /// Claims until something is due.
    pub(crate) async fn claim_soon(&self) -> Vec<ClaimedRun> {
        until("a run that is due", async || {
            let runs = self.claim_due().await;
            (!runs.is_empty()).then_some(runs)
        })
        .await
    }

    /// Removes claimed runs.
    pub(crate) async fn ack_all(&self, runs: &[ClaimedRun]) {
        let ids: Vec<_> = runs.iter().map(|run| run.id.clone()).collect();
        self.ack(&ids, Default::default()).await.unwrap();
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
            Home::Redis(prefix) => delete_keys(&shared_url(), prefix),
            Home::Folder { .. } => {}
        }
    }
}

/// Limits that nothing reaches within a test: the test lowers what it is about.
pub(crate) fn roomy() -> BufferLimits {
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
    }
}

pub(crate) const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// A keystroke of an anonymous visitor with one search box.
pub(crate) fn stroke(session: &str, text: &str) -> Keystroke {
    Keystroke {
        session: SessionId::parse(session).unwrap(),
        user: None,
        input: InputId::default(),
        text: text.to_owned(),
        sequence: None,
        submitted: false,
        result_count: None,
    }
}

/// The same, in another box.
pub(crate) fn in_box(input: &str, keystroke: Keystroke) -> Keystroke {
    Keystroke { input: InputId::parse(input).unwrap(), ..keystroke }
}

/// The same, of a logged-in visitor.
pub(crate) fn by(user: &str, keystroke: Keystroke) -> Keystroke {
    Keystroke { user: Some(UserId::parse(user).unwrap()), ..keystroke }
}

/// The same, with the client's counter.
pub(crate) fn numbered(sequence: i64, keystroke: Keystroke) -> Keystroke {
    Keystroke { sequence: Some(sequence), ..keystroke }
}

/// The same, with Enter: its run is due at once.
pub(crate) fn entered(keystroke: Keystroke) -> Keystroke {
    Keystroke { submitted: true, ..keystroke }
}

/// The texts of a run, in order.
pub(crate) fn texts(run: &ClaimedRun) -> Vec<&str> {
    run.keystrokes.iter().map(|keystroke| keystroke.text.as_str()).collect()
}

/// The sessions of runs, in order.
pub(crate) fn sessions(runs: &[ClaimedRun]) -> Vec<&str> {
    runs.iter().map(|run| run.session.as_str()).collect()
}
