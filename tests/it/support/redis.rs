//! The shared Redis of tests, and one of a single test, which it may stop, kill and pause.

use std::env;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::port::free_port;
use super::wait::TEST_TIMEOUT;

/// Ports for [`free_port`].
pub(super) const PORTS: std::ops::Range<u16> = 12_000..15_000;

/// Returns the URL of the Redis of `tests/services.sh`, which runs throughout.
pub(crate) fn shared_url() -> String {
    env::var("QUARRY_TEST_REDIS_URL").expect(
        "QUARRY_TEST_REDIS_URL is set: run `tests/services.sh start` and `eval \"$(tests/services.sh env)\"`",
    )
}

/// Returns the URL of the Redis Cluster of `tests/services.sh`.
pub(crate) fn cluster_url() -> String {
    env::var("QUARRY_TEST_REDIS_CLUSTER_URL").expect(
        "QUARRY_TEST_REDIS_CLUSTER_URL is set: run `tests/services.sh start` and \
         `eval \"$(tests/services.sh env)\"`",
    )
}

/// Returns the URLs of the nodes of a cluster, or that of the only server.
fn nodes(url: &str) -> Vec<String> {
    match url.strip_prefix("redis+cluster://") {
        Some(nodes) => nodes.split(',').map(|node| format!("redis://{node}/")).collect(),
        None => vec![url.to_owned()],
    }
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
    for node in nodes(url) {
        // The keys of a command must be in one slot.
        for key in keys(&node, prefix) {
            let mut connection = connect(&node).expect("Redis answers");
            redis::cmd("UNLINK").arg(key).exec(&mut connection).expect("deletes");
        }
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
    /// Arguments beside those of every server.
    options: Vec<String>,
    process: Option<Child>,
}

impl OwnRedis {
    /// Creates and starts a server.
    pub(crate) fn start() -> Self {
        Self::start_with(Vec::new())
    }

    /// Creates and starts a server with arguments beside those of every server.
    pub(super) fn start_with(options: Vec<String>) -> Self {
        let mut server = Self::unstarted();
        server.options = options;
        server.resume();
        server
    }

    /// Creates a server without starting it.
    pub(crate) fn unstarted() -> Self {
        let home = TempDir::new().expect("a temporary folder");
        Self { home, port: free_port(PORTS), options: Vec::new(), process: None }
    }

    /// Returns its URL.
    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    /// Lets it follow another server.
    pub(crate) fn replicate(&self, master: &Self) {
        command::<()>(&self.url(), &["REPLICAOF", "127.0.0.1", &master.port.to_string()]);
    }

    /// Starts it again with its data.
    pub(crate) fn resume(&mut self) {
        assert!(self.process.is_none(), "it runs already");
        let mut command = Command::new("redis-server");
        command.args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "yes"]);
        // By default, writes may follow replies by seconds on a busy disk, so that a kill could lose them.
        // Written data survives the process without being synced.
        command.args(["--appendfsync", "no", "--port"]);
        command.arg(self.port.to_string()).arg("--dir").arg(self.home.path()).args(&self.options);
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

/// A persistent Redis Cluster of three nodes, whose other nodes serve while one is away.
pub(crate) struct OwnCluster(pub(crate) [OwnRedis; 3]);

impl OwnCluster {
    /// Starts the nodes and spreads the slots over them.
    pub(crate) fn start() -> Self {
        let options = ["--cluster-enabled", "yes", "--cluster-require-full-coverage", "no"];
        let nodes = [(); 3].map(|()| OwnRedis::start_with(options.map(str::to_owned).to_vec()));
        let ports = [0, 1, 2].map(|node: usize| nodes[node].port);
        Self::of(nodes, ports, &[])
    }

    /// Spreads the slots over nodes at these ports; `options` are those of the client.
    pub(super) fn of(nodes: [OwnRedis; 3], ports: [u16; 3], options: &[String]) -> Self {
        let mut create = Command::new("redis-cli");
        create.args(options).args(["--cluster", "create"]);
        create.args(ports.map(|port| format!("127.0.0.1:{port}"))).arg("--cluster-yes");
        let created = create.output().expect("redis-cli is installed by tests/services.sh");
        assert!(created.status.success(), "{created:?}");
        Self(nodes)
    }

    pub(crate) fn url(&self) -> String {
        let nodes: Vec<String> = self.0.iter().map(|node| format!("127.0.0.1:{}", node.port)).collect();
        format!("redis+cluster://{}", nodes.join(","))
    }

    /// Returns true once all nodes serve.
    pub(crate) fn is_complete(&self) -> bool {
        self.0.iter().all(|node| {
            command::<String>(&node.url(), &["CLUSTER", "INFO"]).contains("cluster_slots_ok:16384")
        })
    }
}

/// A sentinel that watches a master named `main`; killed and deleted when dropped.
pub(crate) struct OwnSentinel {
    _home: TempDir,
    port: u16,
    process: Child,
}

impl OwnSentinel {
    /// Starts a sentinel, which fails over by itself.
    pub(crate) fn start(master: &OwnRedis) -> Self {
        Self::start_with(master.port, &[])
    }

    /// Starts a sentinel of the master on a port, with further arguments.
    pub(super) fn start_with(master: u16, options: &[String]) -> Self {
        let (home, port) = (TempDir::new().expect("a temporary folder"), free_port(PORTS));
        let file = home.path().join("sentinel.conf");
        let settings = format!(
            "port {port}\nbind 127.0.0.1\nsentinel monitor main 127.0.0.1 {master} 1\n\
             sentinel down-after-milliseconds main 300\nsentinel failover-timeout main 2000\n",
        );
        std::fs::write(&file, settings).expect("writes");
        let mut command = Command::new("redis-server");
        command.arg(&file).arg("--sentinel").args(options).stdout(Stdio::null()).stderr(Stdio::null());
        let process = command.spawn().expect("redis-server is installed by tests/services.sh");
        Self { _home: home, port, process }
    }

    /// The address of the master by this sentinel.
    pub(crate) fn url(&self) -> String {
        format!("redis+sentinel://127.0.0.1:{}/main", self.port)
    }

    /// Returns true once the sentinel knows a replica to promote.
    pub(crate) fn knows_a_replica(&self) -> bool {
        let Ok(mut connection) = connect(&format!("redis://127.0.0.1:{}/", self.port)) else { return false };
        let replicas: redis::RedisResult<Vec<redis::Value>> =
            redis::cmd("SENTINEL").arg("REPLICAS").arg("main").query(&mut connection);
        replicas.is_ok_and(|replicas| !replicas.is_empty())
    }
}

impl Drop for OwnSentinel {
    fn drop(&mut self) {
        // It may have ended before.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
