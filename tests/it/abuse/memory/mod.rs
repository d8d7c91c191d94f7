//! Peak memory under requests that are designed to exhaust it.
//!
//! The bound holds for the whole process with its allocator. Each attack exceeded it by far while only
//! the bytes of bodies were counted.

mod requests;
mod responses;
mod sockets;

use crate::support::folder::Folder;
use crate::support::server::Server;

/// The most memory above that of an idle server, in bytes.
const MAX_BYTES: u64 = 300 << 20;

/// A server and its memory while idle.
struct Measured {
    server: Server,
    idle: u64,
}

impl Measured {
    async fn start(folder: &Folder) -> Self {
        let server = Server::start(folder).await;
        server.ready().await;
        let idle = server.process.peak_bytes();
        Self { server, idle }
    }

    /// Checks that the peak so far is within the bound.
    #[expect(clippy::print_stderr, reason = "the peaks are the result of a run by hand")]
    fn check(&self, attack: &str) {
        let peak = self.server.process.peak_bytes();
        eprintln!("{attack}: {} MiB, idle {} MiB", peak >> 20, self.idle >> 20);
        assert!(peak - self.idle < MAX_BYTES, "{attack}: {} MiB above idle", (peak - self.idle) >> 20);
    }

    /// Checks the peak so far and that the server still responds.
    async fn end(self, attack: &str) {
        self.check(attack);
        assert_eq!(self.server.endpoint.status("/readyz").await, Some(200));
        self.server.stop().await;
    }
}
