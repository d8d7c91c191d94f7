//! The shared Redis of tests, and one of a single test, which it may stop, kill and pause.

use std::env;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::port::free_port;
use super::wait::TEST_TIMEOUT;

/// Ports for [`free_port`].
const PORTS: std::ops::Range<u16> = 12_000..15_000;

/// Returns the URL of the Redis of `tests/services.sh`, which runs throughout.
pub(crate) fn shared_url() -> String {
    env::var("QUARRY_TEST_REDIS_URL").expect(
        "QUARRY_TEST_REDIS_URL is set: run `tests/services.sh start` and `eval \"$(tests/services.sh env)\"`",
    )
}

/// Returns all keys with a prefix.
pub(crate) fn keys(url: &str, prefix: &str) -> Vec<Vec<u8>> {
    let mut connection = connect(url).expect("Redis answers");
    let (mut found, mut cursor) = (Vec::new(), 0_u64);
    loop {
        let mut scan = redis::cmd("SCAN");
        scan.arg(cursor).arg("MATCH").arg(format!("{prefix}*")).arg("COUNT").arg(1_000);
        let (next, keys): (u64, Vec<Vec<u8>>) = scan.query(&mut connection).expect("scans");
        found.extend(keys);
        cursor = next;
        if cursor == 0 {
            return found;
        }
    }
}

/// Deletes all keys with a prefix.
pub(crate) fn delete_keys(url: &str, prefix: &str) {
    let keys = keys(url, prefix);
    if !keys.is_empty() {
        let mut connection = connect(url).expect("Redis answers");
        redis::cmd("UNLINK").arg(keys).exec(&mut connection).expect("deletes");
    }
}

/// Executes a command.
pub(crate) fn command<T: redis::FromRedisValue>(url: &str, command: &[&str]) -> T {
    let mut connection = connect(url).expect("Redis answers");
    redis::cmd(command[0]).arg(&command[1..]).query(&mut connection).expect("Redis does it")
}

fn connect(url: &str) -> redis::RedisResult<redis::Connection> {
    redis::Client::open(url)?.get_connection_with_timeout(TEST_TIMEOUT)
}

/// A persistent Redis; killed and deleted when dropped.
pub(crate) struct OwnRedis {
    home: TempDir,
    port: u16,
    process: Option<Child>,
}

impl OwnRedis {
    /// Creates and starts a server.
    pub(crate) fn start() -> Self {
        let mut server = Self::unstarted();
        server.resume();
        server
    }

    /// Creates a server without starting it.
    pub(crate) fn unstarted() -> Self {
        Self { home: TempDir::new().expect("a temporary folder"), port: free_port(PORTS), process: None }
    }

    /// Returns its URL.
    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    /// Starts it again with its data.
    pub(crate) fn resume(&mut self) {
        assert!(self.process.is_none(), "it runs already");
        let mut command = Command::new("redis-server");
        command.args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "yes"]);
        // By default, writes may follow replies by seconds on a busy disk, so that a kill could lose them.
        // Written data survives the process without being synced.
        command.args(["--appendfsync", "no", "--port"]);
        command.arg(self.port.to_string()).arg("--dir").arg(self.home.path());
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        self.process = Some(child.expect("redis-server is installed by tests/services.sh"));
        let started = Instant::now();
        let ping = || {
            let mut connection = connect(&self.url())?;
            redis::cmd("PING").exec(&mut connection)
        };
        while let Err(error) = ping() {
            assert!(started.elapsed() < TEST_TIMEOUT, "Redis did not start: {error}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Stops it in order.
    pub(crate) fn stop(&mut self) {
        self.signal("TERM");
        self.process.take().expect("it runs").wait().expect("ends");
    }

    /// Kills it.
    pub(crate) fn kill(&mut self) {
        let mut process = self.process.take().expect("it runs");
        process.kill().expect("can be killed");
        process.wait().expect("ends");
    }

    /// Suspends it with open connections until [`Self::unpause`].
    pub(crate) fn pause(&self) {
        self.signal("STOP");
    }

    /// Resumes it after [`Self::pause`].
    pub(crate) fn unpause(&self) {
        self.signal("CONT");
    }

    fn signal(&self, name: &str) {
        let id = self.process.as_ref().expect("it runs").id().to_string();
        let status = Command::new("kill").args(["-s", name, &id]).status().expect("kill runs");
        assert!(status.success());
    }
}

impl Drop for OwnRedis {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            // It may have ended before.
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}
