//! Causes of failed requests, from the chains of their errors, each with its remedy. Free of secrets.
//!
//! The chain contains types of several crates, of which only those of rustls and the standard library are
//! public; others are recognized by their messages.

use std::error::Error;
use std::io::{self, ErrorKind};

use rustls::{CertificateError, Error as TlsError};
use url::Url;

use super::encoding::ACCEPTED_ENCODINGS;

/// Returns the cause of a request without a response.
pub(super) fn connection_cause(error: &reqwest::Error, url: &Url) -> String {
    if error.is_timeout() {
        return "timed out".to_owned();
    }
    let prefix = if error.is_connect() { "could not connect" } else { "connection broke off" };
    match reason(error, url) {
        Some(reason) => format!("{prefix}: {reason}"),
        None => prefix.to_owned(),
    }
}

/// The reason of a port on which no server listens.
pub(crate) const CONNECTION_REFUSED: &str = "connection refused";
/// The cause of a body that ended early.
pub(super) const CUT_OFF: &str = "body cut off";
/// The cause of a body that cannot be decompressed.
pub(super) const WRONG_ENCODING: &str = "the body is not in the format of its Content-Encoding";

/// Returns the cause of a body in a coding that is not decoded.
pub(super) fn unrequested_coding(coding: &str) -> String {
    format!("the body is in the coding {coding}, although the request accepts {ACCEPTED_ENCODINGS} only")
}

/// Returns the cause of a body that cannot be read to its end.
pub(super) fn body_cause(error: &reqwest::Error) -> &'static str {
    if error.is_timeout() { "timed out" } else { CUT_OFF }
}

/// Returns all causes of an error in one line, for errors of settings.
pub(super) fn describe_chain(error: &(dyn Error + 'static)) -> String {
    let mut texts: Vec<String> = Vec::new();
    for error in chain(error) {
        let text = error.to_string();
        if texts.last() != Some(&text) {
            texts.push(text);
        }
    }
    texts.join(": ")
}

fn reason(error: &reqwest::Error, url: &Url) -> Option<String> {
    let host = url.host_str().unwrap_or_default();
    if let Some(tls) = chain(error).find_map(|error| error.downcast_ref::<TlsError>()) {
        return Some(tls_reason(tls, host));
    }
    if chain(error).any(|error| is_about(error, &["dns error", "failed to lookup address"])) {
        return Some(format!("the name {host} cannot be resolved: check `url`, or the DNS of this machine"));
    }
    if chain(error).any(|error| is_about(error, &["tunnel error"])) {
        let is_refused = chain(error).any(|error| is_about(error, &["authorization", "unsuccessful"]));
        let problem = if is_refused { "the proxy refused it" } else { "the proxy could not be reached" };
        return Some(format!("{problem}: check HTTPS_PROXY, ALL_PROXY and NO_PROXY"));
    }
    let kinds = chain(error).filter_map(|error| Some(error.downcast_ref::<io::Error>()?.kind()));
    let kind = kinds.filter(|kind| *kind != ErrorKind::Other).last();
    if url.scheme() == "http" && chain(error).any(|error| is_about(error, &["invalid http version"])) {
        return Some("the response is not HTTP: does the port expect https?".to_owned());
    }
    Some(match kind? {
        ErrorKind::ConnectionRefused => {
            let port = url.port_or_known_default().unwrap_or_default();
            format!("{CONNECTION_REFUSED}: no server listens on port {port} of {host}")
        }
        ErrorKind::ConnectionReset | ErrorKind::BrokenPipe | ErrorKind::ConnectionAborted => {
            "connection reset by the server".to_owned()
        }
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => {
            format!("no route to {host}: check the network of this machine")
        }
        ErrorKind::UnexpectedEof if url.scheme() == "https" => {
            "the server closed the connection within the TLS handshake: does the port expect http?".to_owned()
        }
        _ => return None,
    })
}

fn tls_reason(error: &TlsError, host: &str) -> String {
    match error {
        TlsError::InvalidCertificate(error) => match error {
            CertificateError::UnknownIssuer | CertificateError::BadSignature => {
                "the certificate of the server is not trusted: set `ca_file`".to_owned()
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                format!("the certificate of the server is not valid for the name {host}: check `url`")
            }
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                "the certificate of the server has expired".to_owned()
            }
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                "the certificate of the server is not valid yet: check the clock of this machine".to_owned()
            }
            CertificateError::Revoked => "the certificate of the server is revoked".to_owned(),
            // An authority in the place of a server's certificate, as tools for tests make them.
            error => {
                let text = error.to_string();
                if text.contains("CaUsedAsEndEntity") {
                    "the certificate of the server is that of an authority: set `ca_file`".to_owned()
                } else {
                    "the certificate of the server is not valid".to_owned()
                }
            }
        },
        TlsError::InvalidMessage(_) => "the server does not speak TLS: does the port expect http?".to_owned(),
        TlsError::AlertReceived(alert) => {
            let name = alert.as_str().unwrap_or("unknown");
            format!("the server ended the TLS handshake ({name}): does it expect `client_cert`?")
        }
        TlsError::PeerIncompatible(_) => "the server supports neither TLS 1.2 nor 1.3".to_owned(),
        _ => "the TLS handshake failed".to_owned(),
    }
}

/// Returns an error and its causes; an I/O error is followed by the error that it wraps.
fn chain<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error: &&'e (dyn Error + 'static)| {
        let error: &'e (dyn Error + 'static) = *error;
        let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        wrapped.map(|error| error as &(dyn Error + 'static)).or_else(|| error.source())
    })
}

fn is_about(error: &(dyn Error + 'static), words: &[&str]) -> bool {
    let text = error.to_string().to_lowercase();
    words.iter().any(|word| text.contains(word))
}
