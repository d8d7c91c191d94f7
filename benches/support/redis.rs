//! A Redis for the benchmark, with persistence as in a deployment.

use std::process::Command;

use tempfile::TempDir;

use crate::process::{Running, free_address, wait_for};

/// A running Redis; killed and deleted when dropped.
pub(crate) struct OwnRedis {
    process: Running,
    _home: TempDir,
    port: u16,
}

impl OwnRedis {
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    /// Starts it with further arguments.
    pub(crate) fn start_with(arguments: &[&str]) -> Self {
        let home = TempDir::new().unwrap();
        let address = free_address();
        let mut command = Command::new("redis-server");
        command.args([
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--appendonly",
            "yes",
            "--appendfsync",
            "everysec",
        ]);
        command.arg("--port").arg(address.port().to_string()).arg("--dir").arg(home.path()).args(arguments);
        let process = Running::start(&mut command);
        wait_for(address);
        Self { process, _home: home, port: address.port() }
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }

    pub(crate) fn connect(&self) -> redis::Connection {
        redis::Client::open(self.url()).unwrap().get_connection().unwrap()
    }
}
