//! The hosts that redirects and links to the next page may lead to. Pure.

use std::num::NonZero;

use url::{Host, Url};

use quarry_config::parse_authority;

/// The permitted hosts beside the source's own, with their ports.
pub(super) struct RedirectHosts {
    /// The port of the source, permitted for hosts without a port as well.
    home_port: Option<u16>,
    listed: Vec<(Host, Option<NonZero<u16>>)>,
}

impl RedirectHosts {
    /// Creates the permitted hosts from the settings of a source.
    pub(super) fn of(home: &Url, listed: &[String]) -> Self {
        let listed = listed.iter().filter_map(|text| parse_authority(text)).collect();
        Self { home_port: home.port(), listed }
    }

    /// Returns true if the host of a URL is permitted on its port.
    ///
    /// A host without a port is permitted on the default port of the scheme and on the source's: a name
    /// permits no other service of its machine.
    pub(super) fn permit(&self, url: &Url) -> bool {
        let Some(host) = url.host() else { return false };
        let port = url.port_or_known_default();
        let is_permitted = |listed: &Option<NonZero<u16>>| match listed {
            Some(listed) => port == Some(listed.get()),
            None => url.port().is_none() || url.port() == self.home_port,
        };
        self.listed.iter().any(|(listed, port)| *listed == host && is_permitted(port))
    }
}

/// Returns true if two URLs have the same host and port.
///
/// An upgrade from http to https on their default ports stays on the host.
pub(super) fn is_same_host(home: &Url, other: &Url) -> bool {
    let is_upgrade = home.scheme() == "http" && other.scheme() == "https";
    let is_same_port = home.port_or_known_default() == other.port_or_known_default();
    home.host() == other.host()
        && (is_same_port && !(home.scheme() == "https" && other.scheme() == "http")
            || is_upgrade && home.port().is_none() && other.port().is_none())
}

/// Returns the host of a URL, with its port unless that is the default.
pub(super) fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listed_host_is_permitted_on_its_ports_alone() {
        for (home, listed, target, is_permitted) in [
            ("http://h:9000/", "cdn.example", "https://cdn.example/a", true),
            ("http://h:9000/", "cdn.example", "http://CDN.example/a", true),
            ("http://h:9000/", "cdn.example", "http://cdn.example:9000/a", true),
            ("http://h:9000/", "cdn.example", "http://cdn.example:6379/a", false),
            ("http://h/", "cdn.example", "http://cdn.example:8080/a", false),
            ("http://h/", "cdn.example:8080", "http://cdn.example:8080/a", true),
            ("http://h/", "cdn.example:8080", "http://cdn.example/a", false),
            ("http://h/", "cdn.example:443", "https://cdn.example/a", true),
            ("http://h/", "[::1]", "http://[::1]/a", true),
            ("http://h/", "[::1]:81", "http://[::1]:81/a", true),
            ("http://h/", "[::1]:81", "http://[::1]/a", false),
            ("http://h/", "cdn.example", "http://cdn.example.evil/a", false),
        ] {
            let [home, target] = [home, target].map(|url| Url::parse(url).expect("a URL"));
            let hosts = RedirectHosts::of(&home, &[listed.to_owned()]);
            assert_eq!(hosts.permit(&target), is_permitted, "{listed} to {target}");
        }
    }

    #[test]
    fn another_port_is_another_host_and_https_is_never_downgraded() {
        for (home, other, expected) in [
            ("http://h/a", "http://h/b", true),
            ("http://h:9000/a", "http://h:9000/b", true),
            ("http://h:9000/a", "http://h:9001/b", false),
            ("http://h/a", "https://h/a", true),
            ("http://h:8080/a", "https://h/a", false),
            ("https://h/a", "http://h/a", false),
            ("https://h/a", "http://h:443/a", false),
            ("http://127.0.0.1/a", "http://localhost/a", false),
        ] {
            let [home, other] = [home, other].map(|url| Url::parse(url).expect("a URL"));
            assert_eq!(is_same_host(&home, &other), expected, "{home} {other}");
        }
    }
}
