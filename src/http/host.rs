//! The host that a request names, and the host names that the server answers under.
//!
//! To a browser, a page whose host name resolves to this server (DNS rebinding) has the same origin: only
//! the name reveals it. Where keys are required, such a page has none, so any name is allowed. Probes and
//! metrics answer under every name: orchestrators and Prometheus use addresses, and the responses hold
//! counts only.

use http::header::HOST;
use http::uri::{Authority, Scheme};
use http::{HeaderValue, Request, Version};
use url::Host;

use super::http_error::HttpError;
use crate::config::allows_every;

/// The values that a list in the settings allows.
#[derive(Debug)]
pub(super) enum Allowed<T> {
    Any,
    Listed(Vec<T>),
}

impl<T> Allowed<T> {
    /// Parses a list; `*` allows any value.
    pub(super) fn parse(values: &[String], parse: impl Fn(&str) -> Option<T>) -> Self {
        if allows_every(values) {
            return Self::Any;
        }
        Self::Listed(values.iter().filter_map(|value| parse(value)).collect())
    }
}

/// The host names that the server answers under, besides loopback ones.
pub(super) type AllowedHosts = Allowed<Host>;

impl AllowedHosts {
    pub(super) fn of(names: &[String]) -> Self {
        Self::parse(names, |name| Host::parse(name).ok())
    }

    /// Returns true if the server answers a request for this host.
    pub(super) fn allow(&self, requested: &RequestHost, requires_keys: bool) -> bool {
        let Self::Listed(listed) = self else { return true };
        if listed.is_empty() && requires_keys {
            return true;
        }
        // Only HTTP/1.0 may omit the host, and no browser sends such a request.
        requested.authority().is_none()
            || requested.name().is_some_and(|host| is_loopback(&host) || listed.contains(&host))
    }
}

fn is_loopback(host: &Host) -> bool {
    match host {
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.to_canonical().is_loopback(),
        Host::Domain(name) => name == "localhost" || name.ends_with(".localhost"),
    }
}

/// The host of a request, with its port if there is one; none in HTTP/1.0.
#[derive(Clone, Debug)]
pub(super) struct RequestHost(Option<Authority>);

impl RequestHost {
    /// Parses the one host of a request (RFC 9112, 3.2).
    ///
    /// Proxies and caches on the way may choose another one of several hosts than this server.
    pub(super) fn of<B>(request: &Request<B>) -> Result<Self, HttpError> {
        let mut headers = request.headers().get_all(HOST).iter();
        let (header, target) = (headers.next(), request.uri().authority());
        if headers.next().is_some() {
            return Err(HttpError::bad_request("The request has several Host headers. Send one."));
        }
        let Some(header) = header else {
            return if request.version() == Version::HTTP_11 {
                Err(HttpError::bad_request(
                    "The request has no Host header, which HTTP/1.1 requires. Send one.",
                ))
            } else {
                Ok(Self(target.cloned()))
            };
        };
        let Some(host) = parse(header) else {
            return Err(HttpError::bad_request(
                "The Host header is not a host name, alone or with a port. Send it as localhost:8000, for example.",
            ));
        };
        let default_port = if request.uri().scheme() == Some(&Scheme::HTTPS) { 443 } else { 80 };
        let port_of = |authority: &Authority| authority.port_u16().unwrap_or(default_port);
        let is_same = |target: &Authority| {
            target.host().eq_ignore_ascii_case(host.host()) && port_of(target) == port_of(&host)
        };
        if target.is_some_and(|target| !is_same(target)) {
            return Err(HttpError::bad_request(
                "The request target and the Host header name different hosts. Send the same in both.",
            ));
        }
        Ok(Self(Some(host)))
    }

    /// The host and its port.
    pub(super) fn authority(&self) -> Option<&Authority> {
        self.0.as_ref()
    }

    /// The host without its port, in normal form.
    pub(super) fn name(&self) -> Option<Host> {
        Host::parse(self.authority()?.host()).ok()
    }
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

    fn host(target: &str, hosts: &[&str], version: Version) -> Result<RequestHost, HttpError> {
        let request = Request::get(target).version(version);
        let request = hosts.iter().fold(request, |request, host| request.header(HOST, *host));
        RequestHost::of(&request.body(()).unwrap())
    }

    #[test]
    fn a_request_has_one_host() {
        for (target, hosts, version, is_valid) in [
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
            assert_eq!(host(target, hosts, version).is_ok(), is_valid, "{target} {hosts:?} {version:?}");
        }
    }

    #[test]
    fn only_known_names_are_allowed() {
        let requested = |name: &str| host("/graphql", &[name], Version::HTTP_11).unwrap();
        let names = AllowedHosts::of(&["api.example".to_owned(), "10.0.0.8".to_owned()]);
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
                assert!(names.allow(&requested(host), requires_keys), "{host}");
            }
        }
        for host in ["evil.example:8000", "10.0.0.7", "localhost.evil.example", "api.example.evil", "0.0.0.0"]
        {
            for requires_keys in [true, false] {
                assert!(!names.allow(&requested(host), requires_keys), "{host}");
            }
        }
        let unset = AllowedHosts::of(&[]);
        for host in ["evil.example", "10.0.0.7:8000", "server-1"] {
            assert!(!unset.allow(&requested(host), false), "{host} without keys");
            assert!(unset.allow(&requested(host), true), "{host} with keys");
            assert!(
                AllowedHosts::of(&["*".to_owned()]).allow(&requested(host), false),
                "{host} where any is allowed"
            );
        }
        assert!(unset.allow(&requested("localhost"), false));
    }
}
