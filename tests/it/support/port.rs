//! Ports of servers that a test stops and starts again.

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

/// The ports that tests of this process use: a server takes a while until it listens on its port.
static USED: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());

/// Returns a free port of a range, each once.
///
/// The range should be below the ephemeral ports, so that the port stays free while its server is stopped.
pub(crate) fn free_port(range: Range<u16>) -> u16 {
    let mut used = USED.lock().unwrap_or_else(PoisonError::into_inner);
    let tried = std::iter::repeat_with(|| rand::random_range(range.clone())).take(1_000);
    let is_free = |port: &u16| !used.contains(port) && TcpListener::bind(("127.0.0.1", *port)).is_ok();
    let port = tried.into_iter().find(is_free).expect("a free port");
    used.insert(port);
    port
}
