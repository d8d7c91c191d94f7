//! Redis, a cluster and a sentinel that accept encrypted connections, and plain ones of the test itself.

use super::authority::Authority;
use super::port::free_port;
use super::redis::{OwnCluster, OwnRedis, OwnSentinel, PORTS};

/// The address that certificates are for.
const HOST: &str = "127.0.0.1";

/// Servers with a certificate of one authority.
pub(crate) struct EncryptedRedis<S> {
    pub(crate) server: S,
    authority: Authority,
    /// The address for encrypted connections, without the authority.
    address: String,
}

impl<S> EncryptedRedis<S> {
    /// Returns the URL with the file of the authority.
    pub(crate) fn url(&self) -> String {
        self.url_trusting(&self.authority)
    }

    /// Returns the URL with the file of an authority.
    pub(crate) fn url_trusting(&self, authority: &Authority) -> String {
        format!("{}?ca_file={}", self.address, authority.file("ca.pem").display())
    }
}

impl EncryptedRedis<OwnRedis> {
    pub(crate) fn node() -> Self {
        let (authority, port) = (Authority::new(), free_port(PORTS));
        let server = OwnRedis::start_with(options(&authority, port));
        Self { server, authority, address: format!("rediss://{HOST}:{port}/") }
    }
}

impl EncryptedRedis<OwnCluster> {
    pub(crate) fn cluster() -> Self {
        let authority = Authority::new();
        let ports = [(); 3].map(|()| free_port(PORTS));
        let nodes = ports.map(|port| {
            let mut options = options(&authority, port);
            options.extend(["--cluster-enabled", "yes", "--tls-cluster", "yes"].map(str::to_owned));
            OwnRedis::start_with(options)
        });
        let ca = authority.file("ca.pem").display().to_string();
        let server = OwnCluster::of(nodes, ports, &["--tls".to_owned(), "--cacert".to_owned(), ca]);
        let hosts = ports.map(|port| format!("{HOST}:{port}")).join(",");
        Self { server, authority, address: format!("rediss+cluster://{hosts}/") }
    }
}

impl EncryptedRedis<(OwnRedis, OwnSentinel)> {
    pub(crate) fn sentinel() -> Self {
        let (authority, [port, of_sentinel]) = (Authority::new(), [(); 2].map(|()| free_port(PORTS)));
        let with_replication = |port| {
            let mut options = options(&authority, port);
            options.extend(["--tls-replication", "yes"].map(str::to_owned));
            options
        };
        let master = OwnRedis::start_with(with_replication(port));
        let sentinel = OwnSentinel::start_with(port, &with_replication(of_sentinel));
        let address = format!("rediss+sentinel://{HOST}:{of_sentinel}/main");
        Self { server: (master, sentinel), authority, address }
    }
}

/// Returns the arguments of a server that accepts encrypted connections on a port.
fn options(authority: &Authority, port: u16) -> Vec<String> {
    let (certificate, key) = authority.issue_files(HOST);
    let ca = authority.file("ca.pem");
    let of_files = [("cert", &certificate), ("key", &key), ("ca-cert", &ca)];
    let files = of_files.map(|(name, path)| [format!("--tls-{name}-file"), path.display().to_string()]);
    let port = ["--tls-port".to_owned(), port.to_string()];
    let clients = ["--tls-auth-clients", "no"].map(str::to_owned);
    files.into_iter().flatten().chain(port).chain(clients).collect()
}
