use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use http::{HeaderMap, HeaderValue};

/// The header to which each proxy appends the address of its peer.
const FORWARDED_FOR: &str = "x-forwarded-for";

/// The client address of a request behind `trusted_proxies` proxies.
///
/// It is the n-th entry from the right, n = `trusted_proxies`, because each proxy appends the address
/// of its peer. Entries further left come from the client and can be forged. With fewer entries, the
/// request bypassed a proxy, and the whole header is ignored.
pub(super) fn client_address(peer: IpAddr, headers: &HeaderMap, trusted_proxies: usize) -> IpAddr {
    let peer = peer.to_canonical();
    if trusted_proxies == 0 {
        return peer;
    }
    // Entries of the client may hold any bytes, and must not hide those of the proxies.
    let lines: Vec<&[u8]> = headers.get_all(FORWARDED_FOR).iter().map(HeaderValue::as_bytes).collect();
    let entry =
        lines.iter().rev().flat_map(|line| line.rsplit(|byte| *byte == b',')).nth(trusted_proxies - 1);
    entry.and_then(|entry| parse(str::from_utf8(entry).ok()?)).map_or(peer, |address| address.to_canonical())
}

/// Parses an entry with or without a port, which some proxies append.
fn parse(entry: &str) -> Option<IpAddr> {
    let entry = entry.trim();
    let bare = entry.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(entry);
    bare.parse().ok().or_else(|| entry.parse::<SocketAddr>().ok().map(|address| address.ip()))
}

/// The rate-limit key of an address: of IPv6 the /64, which one client owns.
pub(super) fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(lines: &[&str], proxies: usize) -> String {
        let lines: Vec<&[u8]> = lines.iter().map(|line| line.as_bytes()).collect();
        resolved_bytes(&lines, proxies)
    }

    fn resolved_bytes(lines: &[&[u8]], proxies: usize) -> String {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(FORWARDED_FOR, HeaderValue::from_bytes(line).unwrap());
        }
        client_address("10.0.0.1".parse().unwrap(), &headers, proxies).to_string()
    }

    #[test]
    fn only_what_trusted_proxies_wrote_is_believed() {
        let line = "6.6.6.6, 1.1.1.1, 2.2.2.2";
        assert_eq!(resolved(&[line], 0), "10.0.0.1");
        assert_eq!(resolved(&[line], 1), "2.2.2.2");
        assert_eq!(resolved(&[line], 2), "1.1.1.1");
        // Bytes that are not UTF-8 hide no entry of a proxy.
        assert_eq!(resolved_bytes(&[b"\xfc, 1.1.1.1, 2.2.2.2"], 1), "2.2.2.2");
        assert_eq!(resolved_bytes(&[b"1.1.1.1, \xfc"], 1), "10.0.0.1");
        // Repeated headers form one list.
        assert_eq!(resolved(&["6.6.6.6, 1.1.1.1", "2.2.2.2"], 1), "2.2.2.2");
        assert_eq!(resolved(&["6.6.6.6, 1.1.1.1", "2.2.2.2"], 2), "1.1.1.1");
        assert_eq!(resolved(&["6.6.6.6, 1.1.1.1", "2.2.2.2"], 3), "6.6.6.6");
        // With too few entries, the header is ignored.
        assert_eq!(resolved(&[line], 4), "10.0.0.1");
        assert_eq!(resolved(&[], 1), "10.0.0.1");
        for nonsense in ["unknown", "", "1.1.1.1, ", "_hidden", "ü"] {
            let mut headers = HeaderMap::new();
            headers.append(FORWARDED_FOR, http::HeaderValue::from_bytes(nonsense.as_bytes()).unwrap());
            let peer = "10.0.0.1".parse().unwrap();
            assert_eq!(client_address(peer, &headers, 1), peer, "{nonsense}");
        }
    }

    #[test]
    fn addresses_are_read_with_and_without_ports() {
        for (entry, address) in [
            ("1.1.1.1:443", "1.1.1.1"),
            ("2001:db8::1", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("[2001:db8::1]:443", "2001:db8::1"),
            ("::ffff:1.1.1.1", "1.1.1.1"),
        ] {
            assert_eq!(resolved(&[entry], 1), address, "{entry}");
        }
    }

    #[test]
    fn a_network_of_ipv6_is_one_client() {
        let network_of = |address: &str| network(address.parse().unwrap()).to_string();
        assert_eq!(network_of("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(network_of("1.2.3.4"), "1.2.3.4");
    }
}
