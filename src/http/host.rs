//! The host that a request names, and the names that the server answers under.
//!
//! A page whose own name was made to point here (DNS rebinding) is no other site to the browser: it is
//! known by the name that it asks for. Where keys are required it has none, so any name will do.
//! Probes and metrics answer under every name: orchestrators and Prometheus ask for them by address,
//! and they hold counts only.

use http::header::HOST;
use http::uri::{Authority, Scheme};
use http::{HeaderValue, Request, Version};
use url::Host;

use super::problem::Problem;
use crate::config::allows_every;

/// The names that the server answers under, besides loopback ones.
#[derive(Debug)]
pub(super) enum Names {
    Every,
    Listed(Vec<Host>),
}

impl Names {
    /// The names that a setting lists.
    pub(super) fn of(listed: &[String]) -> Self {
        if allows_every(listed) {
            return Self::Every;
        }
        Self::Listed(listed.iter().filter_map(|name| Host::parse(name).ok()).collect())
    }

    /// Recognizes a request for one of the names.
    pub(super) fn hold<B>(&self, request: &Request<B>, requires_keys: bool) -> bool {
        let Self::Listed(listed) = self else { return true };
        if listed.is_empty() && requires_keys {
            return true;
        }
        // A request of HTTP/1.0 may name none, and no browser sends such.
        let Some(named) = named_host(request) else { return true };
        match Authority::try_from(named).ok().and_then(|named| Host::parse(named.host()).ok()) {
            Some(host) => is_loopback(&host) || listed.contains(&host),
            None => false,
        }
    }
}

fn is_loopback(host: &Host) -> bool {
    match host {
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.to_canonical().is_loopback(),
        Host::Domain(name) => name == "localhost" || name.ends_with(".localhost"),
    }
}

/// The host that a request asks for, with its port where it has one.
pub(super) fn named_host<B>(request: &Request<B>) -> Option<&str> {
    let target = request.uri().authority().map(Authority::as_str);
    target.or_else(|| request.headers().get(HOST)?.to_str().ok())
}

/// Refuses a request that names no host, several, or none that can be one (RFC 9112, 3.2). Proxies and
/// caches on the way may have read another one of them than this server would.
pub(super) fn check<B>(request: &Request<B>) -> Result<(), Problem> {
    let mut headers = request.headers().get_all(HOST).iter();
    let (header, target) = (headers.next(), request.uri().authority());
    if headers.next().is_some() {
        return Err(Problem::bad_request("The request has several Host headers. Send one."));
    }
    let Some(header) = header else {
        return if request.version() == Version::HTTP_11 {
            Err(Problem::bad_request("The request has no Host header, which HTTP/1.1 requires. Send one."))
        } else {
            Ok(())
        };
    };
    let Some(host) = parse(header) else {
        return Err(Problem::bad_request(
            "The Host header is not a host name, alone or with a port. Send it as localhost:8000, for example.",
        ));
    };
    let default_port = if request.uri().scheme() == Some(&Scheme::HTTPS) { 443 } else { 80 };
    let port_of = |authority: &Authority| authority.port_u16().unwrap_or(default_port);
    let is_same = |target: &Authority| {
        target.host().eq_ignore_ascii_case(host.host()) && port_of(target) == port_of(&host)
    };
    if target.is_some_and(|target| !is_same(target)) {
        return Err(Problem::bad_request(
            "The request target and the Host header name different hosts. Send the same in both.",
        ));
    }
    Ok(())
}

fn parse(header: &HeaderValue) -> Option<Authority> {
    let authority = Authority::try_from(header.as_bytes()).ok()?;
    let text = authority.as_str();
    let port = text.rsplit_once(':').map(|(_, port)| port).filter(|port| !port.ends_with(']'));
    let is_port = port.is_none_or(|port| port.is_empty() || authority.port_u16().is_some());
    (is_port && !authority.host().is_empty() && !text.contains('@')).then_some(authority)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(target: &str, hosts: &[&str], version: Version) -> Request<()> {
        let request = Request::get(target).version(version);
        hosts.iter().fold(request, |request, host| request.header(HOST, *host)).body(()).unwrap()
    }

    #[test]
    fn a_request_names_one_host() {
        for (target, hosts, version, is_taken) in [
            ("/", &["localhost:8000"][..], Version::HTTP_11, true),
            ("/", &["[::1]:8000"], Version::HTTP_11, true),
            ("/", &["[::1]"], Version::HTTP_11, true),
            ("/", &["server-1:8000"], Version::HTTP_11, true),
            ("/", &["localhost:"], Version::HTTP_11, true),
            ("/", &[], Version::HTTP_10, true),
            ("/", &[], Version::HTTP_11, false),
            ("http://localhost/", &[], Version::HTTP_11, false),
            ("/", &["localhost", "localhost"], Version::HTTP_11, false),
            ("/", &["localhost", "evil.example"], Version::HTTP_10, false),
            ("/", &["a b"], Version::HTTP_11, false),
            ("/", &["me@localhost"], Version::HTTP_11, false),
            ("/", &["localhost:x"], Version::HTTP_11, false),
            ("/", &["localhost:99999"], Version::HTTP_11, false),
            ("/", &[""], Version::HTTP_11, false),
            ("http://localhost:8000/", &["localhost:8000"], Version::HTTP_11, true),
            ("http://LOCALHOST/", &["localhost:80"], Version::HTTP_11, true),
            ("https://localhost/", &["localhost:443"], Version::HTTP_2, true),
            ("http://localhost/", &[], Version::HTTP_2, true),
            ("http://evil.example/", &["localhost"], Version::HTTP_11, false),
            ("http://localhost:1/", &["localhost:2"], Version::HTTP_11, false),
            ("http://evil.example/", &["localhost"], Version::HTTP_2, false),
        ] {
            let request = asked(target, hosts, version);
            assert_eq!(check(&request).is_ok(), is_taken, "{target} {hosts:?} {version:?}");
        }
    }

    #[test]
    fn names_that_point_here_are_answered_only_if_they_are_known() {
        let asked = |host: &str| asked("/graphql", &[host], Version::HTTP_11);
        let names = Names::of(&["api.example".to_owned(), "10.0.0.8".to_owned()]);
        for host in [
            "127.0.0.1:8000",
            "127.1.2.3",
            "[::1]:8000",
            "[::ffff:127.0.0.1]",
            "localhost",
            "app.localhost:80",
            "API.example:8000",
            "LOCALHOST:1",
            "10.0.0.8:8000",
        ] {
            for requires_keys in [true, false] {
                assert!(names.hold(&asked(host), requires_keys), "{host}");
            }
        }
        for host in ["evil.example:8000", "10.0.0.7", "localhost.evil.example", "api.example.evil", "0.0.0.0"]
        {
            for requires_keys in [true, false] {
                assert!(!names.hold(&asked(host), requires_keys), "{host}");
            }
        }
        let unset = Names::of(&[]);
        for host in ["evil.example", "10.0.0.7:8000", "server-1"] {
            assert!(!unset.hold(&asked(host), false), "{host} without keys");
            assert!(unset.hold(&asked(host), true), "{host} with keys");
            assert!(Names::of(&["*".to_owned()]).hold(&asked(host), false), "{host} where any is allowed");
        }
        assert!(unset.hold(&asked("localhost"), false));
    }
}
