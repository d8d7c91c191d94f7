//! The case of header names in the response that upgrades a connection to a WebSocket.
//!
//! Names are case-insensitive, but some clients look for `Sec-WebSocket-Protocol` as the RFC spells it,
//! such as Python's gql with `WebsocketsTransport`. hyper writes lower case, or `Sec-Websocket-Protocol`.

/// Spells the header names of a response's head as RFC 6455 does, in place.
pub(super) fn restore(head: &mut [u8]) {
    for line in head.split_mut(|byte| *byte == b'\n').skip(1) {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let name = &mut line[..colon];
        for at in 0..name.len() {
            if at == 0 || name[at - 1] == b'-' {
                name[at].make_ascii_uppercase();
            }
        }
        if name.starts_with(b"Sec-Websocket") {
            name[b"Sec-Web".len()].make_ascii_uppercase();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_spelled_as_in_the_rfc_and_values_stay() {
        let mut head = b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nsec-websocket-protocol: \
                         graphql-transport-ws\r\nx-request-id: a-b\r\n\r\n"
            .to_vec();
        restore(&mut head);
        let head = String::from_utf8(head).unwrap();
        assert_eq!(
            head,
            "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nSec-WebSocket-Protocol: \
             graphql-transport-ws\r\nX-Request-Id: a-b\r\n\r\n"
        );
    }
}
