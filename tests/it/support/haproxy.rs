//! The proxy of `docker/`, with the settings that it has there, in front of servers of a test.

use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use super::port::free_port;

/// See [`free_port`].
const PORTS: std::ops::Range<u16> = 15_500..16_300;

/// A running HAProxy; ended when dropped.
pub(crate) struct HaProxy {
    process: Child,
    port: u16,
    home: TempDir,
}

impl HaProxy {
    /// Starts one in front of two servers, each `host:port`.
    pub(crate) fn start(servers: [&str; 2]) -> Self {
        Self::start_behind("", servers)
    }

    /// Starts one that believes proxies in these networks when they say who asked them.
    pub(crate) fn start_behind(front_proxies: &str, servers: [&str; 2]) -> Self {
        let home = TempDir::new().expect("a temporary folder");
        let port = free_port(PORTS);
        let config = concat!(env!("CARGO_MANIFEST_DIR"), "/docker/haproxy.cfg");
        let said = || File::options().create(true).append(true).open(said(&home)).expect("a file");
        let mut command = Command::new("haproxy");
        command.args(["-db", "-f", config]).env_clear();
        command.env("ADDRESS", "127.0.0.1").env("PORT", port.to_string());
        command.env("SERVER_1", servers[0]).env("SERVER_2", servers[1]);
        command.env("FRONT_PROXIES", front_proxies);
        // Debian keeps it where only root looks.
        command.env("PATH", "/usr/local/sbin:/usr/sbin:/usr/local/bin:/usr/bin");
        let process = command.stdin(Stdio::null()).stdout(said()).stderr(said()).spawn();
        Self { process: process.expect("haproxy is installed by tests/services.sh"), port, home }
    }

    /// `host:port`.
    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// What it has written so far.
    pub(crate) fn said(&self) -> String {
        std::fs::read_to_string(said(&self.home)).expect("can be read")
    }
}

fn said(home: &TempDir) -> PathBuf {
    home.path().join("said")
}

impl Drop for HaProxy {
    #[expect(clippy::print_stderr, reason = "it is shown where a test failed, and only there")]
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
        if std::thread::panicking() {
            eprintln!("haproxy wrote:\n{}", self.said());
        }
    }
}
