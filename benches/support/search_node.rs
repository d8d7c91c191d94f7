//! A node of OpenSearch for the benchmark, with the compiler and the collector of a deployment.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::process::{Running, free_address};

/// The user of `tests/services.sh`, since OpenSearch does not run as root.
const USER: &str = "quarry-opensearch";
const MEMORY: &str = "-Xms1g -Xmx1g";
const START_TIMEOUT: Duration = Duration::from_secs(120);

/// A running node; killed and deleted when dropped.
pub(crate) struct OwnNode {
    _process: Running,
    _home: TempDir,
    pub(crate) url: String,
}

impl OwnNode {
    /// Starts the distribution that `tests/services.sh` has unpacked; `None` without it.
    pub(crate) async fn start(client: &reqwest::Client) -> Option<Self> {
        let distribution = PathBuf::from(std::env::var_os("QUARRY_TEST_OPENSEARCH_DIST")?);
        let jdk = std::env::var_os("QUARRY_TEST_OPENSEARCH_JDK")?;
        let home = TempDir::new().unwrap();
        let [http, transport] = [free_address(), free_address()].map(|address| address.port());
        for name in ["jvm.options", "log4j2.properties"] {
            std::fs::copy(distribution.join("config").join(name), home.path().join(name)).unwrap();
        }
        let path = |name: &str| home.path().join(name).display().to_string();
        let settings = [
            format!("network.host: 127.0.0.1\nhttp.port: {http}\ntransport.port: {transport}"),
            format!("path.data: {}\npath.logs: {}", path("data"), path("logs")),
            "discovery.type: single-node".to_owned(),
            "cluster.routing.allocation.disk.threshold_enabled: false".to_owned(),
        ];
        std::fs::write(home.path().join("opensearch.yml"), settings.join("\n")).unwrap();
        let mut command = Command::new(distribution.join("bin/opensearch"));
        if is_root() {
            run(Command::new("chown").args(["-R", USER]).arg(home.path()));
            command = Command::new("setpriv");
            command.args(["--reuid", USER, "--regid", USER, "--clear-groups"]);
            command.arg(distribution.join("bin/opensearch"));
        }
        command.env_clear().env("PATH", "/usr/bin:/bin").env("HOME", home.path()).current_dir(home.path());
        command.env("OPENSEARCH_JAVA_HOME", jdk).env("OPENSEARCH_JAVA_OPTS", MEMORY);
        command.env("OPENSEARCH_PATH_CONF", home.path());
        let process = Running::start(&mut command);
        let node = Self { _process: process, _home: home, url: format!("http://127.0.0.1:{http}") };
        let started = Instant::now();
        while !node.is_ready(client).await {
            assert!(started.elapsed() < START_TIMEOUT, "OpenSearch does not start");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Some(node)
    }

    async fn is_ready(&self, client: &reqwest::Client) -> bool {
        let health = client.get(format!("{}/_cluster/health", self.url)).send().await;
        health.is_ok_and(|health| health.status().is_success())
    }

    /// Returns the bytes of the indexes whose names begin with a prefix.
    pub(crate) async fn index_bytes(&self, client: &reqwest::Client, prefix: &str) -> u64 {
        let url = format!("{}/_cat/indices/{prefix}-*?h=store.size&bytes=b", self.url);
        let sizes = client.get(url).send().await.unwrap().text().await.unwrap();
        sizes.lines().map(|size| size.trim().parse::<u64>().unwrap()).sum()
    }
}

fn is_root() -> bool {
    Path::new("/proc/self").exists()
        && Command::new("id").arg("-u").output().unwrap().stdout.starts_with(b"0")
}

fn run(command: &mut Command) {
    assert!(command.status().unwrap().success(), "{command:?}");
}
