use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

/// The longest id that is taken from a client, in bytes.
const MAX_BYTES: usize = 64;

/// Names a request in the log and in the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(Arc<str>);

impl RequestId {
    /// A new id: unique within the process, and told from other processes by a random start.
    pub fn fresh() -> Self {
        static PROCESS: OnceLock<u32> = OnceLock::new();
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let process = PROCESS.get_or_init(|| uuid::Uuid::new_v4().as_fields().0);
        Self(format!("{process:08x}-{:x}", NEXT.fetch_add(1, Ordering::Relaxed)).into())
    }

    /// The id that a client or a proxy sent, if it can be logged and sent back as it is.
    pub fn given(id: &str) -> Option<Self> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b':');
        ((1..=MAX_BYTES).contains(&id.len()) && id.bytes().all(plain)).then(|| Self(id.into()))
    }

    /// Names one of several operations of a connection that has this id.
    pub fn part(&self, number: u64) -> Self {
        Self(format!("{self}.{number}").into())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
