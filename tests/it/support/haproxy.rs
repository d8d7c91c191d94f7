//! The proxy of `docker/`, with its settings there, in front of a test's servers.

use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use super::port::free_port;

/// Ports for [`free_port`].
const PORTS: std::ops::Range<u16> = 15_500..16_300;

/// A running HAProxy; killed when dropped.
pub(crate) struct HaProxy {
    process: Child,
    port: u16,
    home: TempDir,
}

impl HaProxy {
    /// Starts a proxy of two servers, each `host:port`.
    pub(crate) fn start(servers: [&str; 2]) -> Self {
        Self::start_behind("", servers)
    }

    /// Starts a proxy that trusts forwarded addresses from proxies in these networks.
    pub(crate) fn start_behind(front_proxies: &str, servers: [&str; 2]) -> Self {
        let home = TempDir::new().expect("a temporary folder");
        let port = free_port(PORTS);
        let config = concat!(env!("CARGO_MANIFEST_DIR"), "/docker/haproxy.cfg");
        let log = || File::options().create(true).append(true).open(log_path(&home)).expect("a file");
        let mut command = Command::new("haproxy");
        command.args(["-db", "-f", config]).env_clear();
        command.env("ADDRESS", "127.0.0.1").env("PORT", port.to_string());
        command.env("SERVER_1", servers[0]).env("SERVER_2", servers[1]);
        command.env("FRONT_PROXIES", front_proxies);
        // Debian installs it in a folder that is on the PATH of root only.
        command.env("PATH", "/usr/local/sbin:/usr/sbin:/usr/local/bin:/usr/bin");
        let process = command.stdin(Stdio::null()).stdout(log()).stderr(log()).spawn();
        Self { process: process.expect("haproxy is installed by tests/services.sh"), port, home }
    }

    /// Returns its `host:port`.
    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Returns its output so far.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(log_path(&self.home)).expect("can be read")
    }
}

fn log_path(home: &TempDir) -> PathBuf {
    home.path().join("log")
}

impl Drop for HaProxy {
    #[expect(clippy::print_stderr, reason = "a failed test shows its output")]
    fn drop(&mut self) {
        // It may have ended before.
        let _ = self.process.kill();
        let _ = self.process.wait();
        if std::thread::panicking() {
            eprintln!("haproxy wrote:\n{}", self.log());
        }
    }
}
