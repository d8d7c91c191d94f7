use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

/// The maximum length of a client's id, in bytes.
const MAX_BYTES: usize = 64;

/// The id of a request in the log and in responses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(Arc<str>);

impl RequestId {
    /// Creates an id: unique within the process, with a random prefix of the process.
    pub fn fresh() -> Self {
        static PROCESS: OnceLock<u32> = OnceLock::new();
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let process = PROCESS.get_or_init(|| uuid::Uuid::new_v4().as_fields().0);
        Self(format!("{process:08x}-{:x}", NEXT.fetch_add(1, Ordering::Relaxed)).into())
    }

    /// Accepts the id of a client or proxy if it is safe to log.
    pub fn given(id: &str) -> Option<Self> {
        let is_safe = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b':');
        ((1..=MAX_BYTES).contains(&id.len()) && id.bytes().all(is_safe)).then(|| Self(id.into()))
    }

    /// Creates the id of one of several operations of a connection with this id.
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
