//! The most memory that a server takes under requests that are made to take it.
//!
//! The bound holds for the whole process, allocator and all, and is far below what each of these took
//! while nothing but the bytes of bodies was counted.

mod requests;
mod responses;
mod sockets;

use crate::support::folder::Folder;
use crate::support::server::Server;

/// The most above an idle server, in bytes.
const BOUND: u64 = 300 << 20;

/// A server, and its memory while idle.
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

    /// The peak so far is within the bound.
    #[expect(clippy::print_stderr, reason = "the figures are of interest where the test is run by hand")]
    fn check(&self, attack: &str) {
        let peak = self.server.process.peak_bytes();
        eprintln!("{attack}: {} MiB, idle {} MiB", peak >> 20, self.idle >> 20);
        assert!(peak - self.idle < BOUND, "{attack}: {} MiB above idle", (peak - self.idle) >> 20);
    }

    /// The peak so far, and that the server still answers.
    async fn end(self, attack: &str) {
        self.check(attack);
        assert_eq!(self.server.endpoint.status("/readyz").await, Some(200));
        self.server.stop().await;
    }
}
