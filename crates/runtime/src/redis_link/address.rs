//! The addresses of Redis: one server, several sentinels, or nodes of a cluster.

/// The parameter that names a file of certificates.
const CA_FILE: &str = "ca_file";
/// The parameters with the credentials for sentinels.
const SENTINEL_USER: &str = "sentinel_user";
const SENTINEL_PASSWORD: &str = "sentinel_pass";
const SENTINEL_PORT: u16 = 26_379;
const REDIS_PORT: u16 = 6_379;

/// A parsed address.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct RedisAddress {
    pub(super) topology: Topology,
    pub(super) ca_file: Option<String>,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Topology {
    /// The URL of the only server.
    Node(String),
    Sentinel(SentinelAddress),
    /// The URLs of some nodes.
    Cluster(Vec<String>),
}

/// The sentinels, and the master that they name.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct SentinelAddress {
    /// The URLs of the sentinels, without credentials.
    pub(super) sentinels: Vec<String>,
    pub(super) master: String,
    /// A URL with the credentials and the database of the master, but not with its host.
    pub(super) redis: String,
    pub(super) has_tls: bool,
    /// A URL with the credentials for the sentinels, which have users of their own.
    pub(super) credentials: String,
}

impl RedisAddress {
    /// Parses `redis://…`, `redis+sentinel://[user:password@]host[:port],…/master[/db]` or
    /// `redis+cluster://[user:password@]host[:port],…`, each with `rediss` for TLS.
    pub(super) fn parse(url: &str) -> Option<Self> {
        let (rest, parameters) = url.split_once('?').unwrap_or((url, ""));
        let mut others = Vec::new();
        let (mut ca_file, mut user, mut password) = (None, "", "");
        for pair in parameters.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=') {
                Some((CA_FILE, path)) => ca_file = Some(path.to_owned()),
                Some((SENTINEL_USER, value)) => user = value,
                Some((SENTINEL_PASSWORD, value)) => password = value,
                _ => others.push(pair),
            }
        }
        let query = if others.is_empty() { String::new() } else { format!("?{}", others.join("&")) };
        let (scheme, address) = rest.split_once("://")?;
        let (scheme, kind) = scheme.split_once('+').unwrap_or((scheme, ""));
        let several = |default_port| Hosts::parse(address, default_port);
        let topology = match kind {
            "sentinel" => {
                let Hosts { credentials, hosts, path } = several(SENTINEL_PORT)?;
                let (master, db) = path.split_once('/').unwrap_or((&path, ""));
                if master.is_empty() {
                    return None;
                }
                Topology::Sentinel(SentinelAddress {
                    sentinels: hosts.iter().map(|host| format!("{scheme}://{host}/")).collect(),
                    master: master.to_owned(),
                    redis: format!("{scheme}://{credentials}localhost/{db}{query}"),
                    has_tls: scheme == "rediss",
                    credentials: format!("redis://{user}:{password}@localhost/"),
                })
            }
            "cluster" => {
                let Hosts { credentials, hosts, path } = several(REDIS_PORT)?;
                if !path.is_empty() {
                    // A cluster has one database.
                    return None;
                }
                Topology::Cluster(
                    hosts.iter().map(|host| format!("{scheme}://{credentials}{host}/{query}")).collect(),
                )
            }
            _ => Topology::Node(format!("{rest}{query}")),
        };
        Some(Self { topology, ca_file })
    }
}

/// The parts of an address with several hosts.
struct Hosts {
    /// The user and the password with the `@` after them, if any.
    credentials: String,
    /// The hosts with their ports.
    hosts: Vec<String>,
    path: String,
}

impl Hosts {
    fn parse(address: &str, default_port: u16) -> Option<Self> {
        // A password that should have been escaped may contain anything but a later `@`.
        let (credentials, rest) = match address.rfind('@') {
            Some(end) => address.split_at(end + 1),
            None => ("", address),
        };
        let (hosts, path) = rest.split_once('/').unwrap_or((rest, ""));
        let hosts: Vec<String> =
            hosts.split(',').map(|host| with_port(host.trim(), default_port)).collect::<Option<_>>()?;
        Some(Self { credentials: credentials.to_owned(), hosts, path: path.trim_end_matches('/').to_owned() })
    }
}

fn with_port(host: &str, default_port: u16) -> Option<String> {
    let has_port = host.rsplit_once(':').is_some_and(|(_, port)| !port.ends_with(']'));
    match host {
        "" => None,
        _ if has_port => Some(host.to_owned()),
        _ => Some(format!("{host}:{default_port}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(url: &str) -> RedisAddress {
        RedisAddress::parse(url).unwrap_or_else(|| panic!("{url}"))
    }

    #[test]
    fn the_file_of_certificates_is_split_off_a_url() {
        for (url, address, file) in [
            ("rediss://h/0", "rediss://h/0", None),
            ("rediss://h/0?ca_file=/a/b.pem", "rediss://h/0", Some("/a/b.pem")),
            ("rediss://h/?protocol=resp3&ca_file=/c", "rediss://h/?protocol=resp3", Some("/c")),
            ("redis+unix:///r.sock?db=1", "redis+unix:///r.sock?db=1", None),
        ] {
            let expected = RedisAddress {
                topology: Topology::Node(address.to_owned()),
                ca_file: file.map(str::to_owned),
            };
            assert_eq!(parsed(url), expected, "{url}");
        }
    }

    #[test]
    fn an_address_names_several_sentinels_and_their_master() {
        let Topology::Sentinel(address) =
            parsed("redis+sentinel://u:p%40@a,b:1,[::1]/main/3?sentinel_pass=s%2F&sentinel_user=w").topology
        else {
            panic!()
        };
        assert_eq!(address.sentinels, ["redis://a:26379/", "redis://b:1/", "redis://[::1]:26379/"]);
        assert_eq!((address.master.as_str(), address.redis.as_str()), ("main", "redis://u:p%40@localhost/3"));
        assert_eq!(address.credentials, "redis://w:s%2F@localhost/");
        assert!(!address.has_tls);
        let Topology::Sentinel(address) = parsed("rediss+sentinel://a/main").topology else { panic!() };
        assert_eq!((address.redis.as_str(), address.has_tls), ("rediss://localhost/", true));
        assert_eq!(address.sentinels, ["rediss://a:26379/"]);
        for url in
            ["redis+sentinel://a", "redis+sentinel://a/", "redis+sentinel:///main", "redis+sentinel://a,,b/m"]
        {
            assert_eq!(RedisAddress::parse(url), None, "{url}");
        }
    }

    #[test]
    fn an_address_names_several_nodes_of_a_cluster() {
        let urls = |url| match parsed(url).topology {
            Topology::Cluster(urls) => urls,
            other => panic!("{other:?}"),
        };
        assert_eq!(urls("redis+cluster://a,b:7"), ["redis://a:6379/", "redis://b:7/"]);
        assert_eq!(urls("rediss+cluster://u:p@a:1/"), ["rediss://u:p@a:1/"]);
        assert_eq!(RedisAddress::parse("redis+cluster://a/1"), None);
    }
}
