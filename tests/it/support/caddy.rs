//! The proxy of `docker/`, with the settings that it has there, in front of servers of a test.

use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use super::port::free_port;

/// See [`free_port`].
const PORTS: std::ops::Range<u16> = 15_500..16_300;

/// A running Caddy; ended when dropped.
pub(crate) struct Caddy {
    process: Child,
    port: u16,
    #[expect(dead_code, reason = "held for its destructor")]
    home: TempDir,
}

impl Caddy {
    /// Starts one in front of servers, each `host:port`.
    pub(crate) fn start(servers: &[&str]) -> Self {
        let home = TempDir::new().expect("a temporary folder");
        let port = free_port(PORTS);
        let config = concat!(env!("CARGO_MANIFEST_DIR"), "/docker/Caddyfile");
        let mut command = Command::new("caddy");
        command.args(["run", "--adapter", "caddyfile", "--config", config]);
        command.env("SERVERS", servers.join(" ")).env("PORT", port.to_string());
        command.env("HOME", home.path()).env_remove("XDG_CONFIG_HOME").env_remove("XDG_DATA_HOME");
        let process = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        Self { process: process.expect("caddy is installed by tests/services.sh"), port, home }
    }

    /// `host:port`.
    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }
}

impl Drop for Caddy {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
