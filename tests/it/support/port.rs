//! Ports of servers that a test stops and starts again.

use std::net::TcpListener;
use std::ops::Range;

/// Returns a free port of a range.
///
/// The range should be below the ephemeral ports, so that the port stays free while its server is stopped.
pub(crate) fn free_port(range: Range<u16>) -> u16 {
    let tried = std::iter::repeat_with(|| rand::random_range(range.clone())).take(100);
    let is_free = |port: &u16| TcpListener::bind(("127.0.0.1", *port)).is_ok();
    tried.into_iter().find(is_free).expect("a free port")
}
