//! A cluster of OpenSearch of a single test, whose nodes it may kill.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use super::folder::Folder;
use super::port::free_port;
use super::postgres::{give_to, is_root};
use super::server::client;
use super::wait::until;

/// Ports for [`free_port`].
const PORTS: std::ops::Range<u16> = 15_600..16_300;
/// The user of `tests/services.sh`, since OpenSearch does not run as root.
const USER: &str = "quarry-opensearch";
const NODES: usize = 3;
const MEMORY: &str =
    "-Xms384m -Xmx384m -XX:TieredStopAtLevel=1 -XX:-UseG1GC -XX:+UseSerialGC -XX:-AlwaysPreTouch";

/// The programs that `tests/services.sh` has unpacked.
struct Distribution {
    home: PathBuf,
    jdk: String,
}

/// A cluster of three nodes; killed and deleted when dropped.
pub(crate) struct OwnNodes {
    home: TempDir,
    distribution: Distribution,
    /// The ports for HTTP and for other nodes.
    ports: Vec<[u16; 2]>,
    processes: Vec<Option<Child>>,
}

impl OwnNodes {
    /// Starts the nodes; `None` without OpenSearch, which `tests/services.sh` reports.
    pub(crate) async fn start() -> Option<Self> {
        let home = env::var("QUARRY_TEST_OPENSEARCH_DIST").ok()?.into();
        let distribution = Distribution { home, jdk: env::var("QUARRY_TEST_OPENSEARCH_JDK").ok()? };
        let home = TempDir::new().expect("a temporary folder");
        give_to(home.path(), USER);
        let ports = (0..NODES).map(|_| [free_port(PORTS), free_port(PORTS)]).collect();
        let mut cluster = Self { home, distribution, ports, processes: (0..NODES).map(|_| None).collect() };
        for node in 0..NODES {
            cluster.configure(node);
            cluster.resume(node);
        }
        cluster.wait_for(NODES).await;
        Some(cluster)
    }

    /// Returns a folder for a server on all nodes whose answers are not cached, with more settings.
    pub(crate) fn folder_with(&self, settings: &str) -> Folder {
        let urls: Vec<String> = (0..NODES).map(|node| format!("\"{}\"", self.url(node))).collect();
        Folder::new(&format!(
            "[search]\nengine = \"opensearch\"\n[opensearch]\nurls = [{}]\ncache_ttl = \"0s\"\n{settings}",
            urls.join(", ")
        ))
    }

    /// Returns the URL of a node.
    pub(crate) fn url(&self, node: usize) -> String {
        format!("http://127.0.0.1:{}", self.ports[node][0])
    }

    /// Waits until the cluster has this number of nodes and all copies of its data.
    pub(crate) async fn wait_for(&self, nodes: usize) {
        let path = format!("_cluster/health?wait_for_nodes={nodes}&wait_for_status=green&timeout=1s");
        until("a green cluster", async || {
            let node = self.processes.iter().position(Option::is_some)?;
            let answer = client().get(format!("{}/{path}", self.url(node))).send().await.ok()?;
            answer.status().is_success().then_some(())
        })
        .await;
    }

    /// Returns the node that manages the cluster.
    pub(crate) async fn manager(&self) -> usize {
        until("a manager", async || {
            let node = self.processes.iter().position(Option::is_some)?;
            let url = format!("{}/_cat/cluster_manager?format=json", self.url(node));
            let answer = client().get(url).send().await.ok()?.text().await.ok()?;
            let answer: Value = serde_json::from_str(&answer).ok()?;
            answer[0]["node"].as_str()?.strip_prefix("node-")?.parse().ok()
        })
        .await
    }

    /// Kills a node with SIGKILL.
    pub(crate) fn kill(&mut self, node: usize) {
        let mut process = self.processes[node].take().expect("it runs");
        process.kill().expect("can be killed");
        process.wait().expect("ends");
    }

    /// Starts a node with its data.
    pub(crate) fn resume(&mut self, node: usize) {
        let Distribution { home, jdk } = &self.distribution;
        let mut command = if is_root() {
            // Unlike other programs for this, it replaces itself, so that the child is the node.
            let mut command = Command::new("setpriv");
            command.args(["--reuid", USER, "--regid", USER, "--clear-groups"]);
            command.arg(home.join("bin/opensearch"));
            command
        } else {
            Command::new(home.join("bin/opensearch"))
        };
        command.env_clear().env("PATH", "/usr/bin:/bin").env("HOME", self.home.path());
        command.env("OPENSEARCH_JAVA_HOME", jdk).env("OPENSEARCH_JAVA_OPTS", MEMORY);
        command.env("OPENSEARCH_PATH_CONF", self.folder(node)).current_dir(self.home.path());
        let log = fs::File::create(self.folder(node).join("output")).expect("a file");
        command.stdin(Stdio::null()).stdout(log.try_clone().expect("a file")).stderr(log);
        self.processes[node] = Some(command.spawn().expect("OpenSearch starts"));
    }

    /// Writes the settings of a node.
    fn configure(&self, node: usize) {
        let folder = self.folder(node);
        fs::create_dir(&folder).expect("a folder");
        for name in ["jvm.options", "log4j2.properties"] {
            fs::copy(self.distribution.home.join("config").join(name), folder.join(name)).expect("copies");
        }
        let path = |name: &str| folder.join(name).display().to_string();
        let seeds: Vec<String> =
            self.ports.iter().map(|ports| format!("\"127.0.0.1:{}\"", ports[1])).collect();
        let names: Vec<String> = (0..NODES).map(|node| format!("node-{node}")).collect();
        let [http, transport] = self.ports[node];
        let settings = [
            format!("cluster.name: quarry-{}", self.ports[0][0]),
            format!("node.name: node-{node}"),
            "network.host: 127.0.0.1".to_owned(),
            format!("http.port: {http}"),
            format!("transport.port: {transport}"),
            format!("discovery.seed_hosts: [{}]", seeds.join(", ")),
            format!("cluster.initial_cluster_manager_nodes: [{}]", names.join(", ")),
            format!("path.data: {}", path("data")),
            format!("path.logs: {}", path("logs")),
            "cluster.routing.allocation.disk.threshold_enabled: false".to_owned(),
        ];
        fs::write(folder.join("opensearch.yml"), settings.join("\n")).expect("writes");
        give_to(&folder, USER);
        for name in ["jvm.options", "log4j2.properties", "opensearch.yml"] {
            give_to(&folder.join(name), USER);
        }
    }

    fn folder(&self, node: usize) -> PathBuf {
        self.home.path().join(format!("node-{node}"))
    }
}

impl Drop for OwnNodes {
    fn drop(&mut self) {
        for process in self.processes.iter_mut().flatten() {
            // It may have ended before.
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}
