//! Certificates: authorities of the settings, identities of clients, and causes of refused handshakes.

use std::path::Path;
use std::sync::Arc;

use quarry::crawl::HttpUpstream;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::support::authority::Authority;

impl Authority {
    /// Starts a server that answers each request with all items, and returns its address.
    pub(super) async fn serve(&self, name: &str, is_expired: bool, requires_identity: bool) -> String {
        let (certificate, key) = self.issue(name, is_expired);
        let chain = vec![CertificateDer::from(certificate.der().to_vec())];
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let builder = ServerConfig::builder();
        let builder = if requires_identity {
            let mut roots = RootCertStore::empty();
            roots.add(CertificateDer::from(self.issuer.der().to_vec())).expect("a root");
            let verifier = WebPkiClientVerifier::builder(Arc::new(roots)).build().expect("a verifier");
            builder.with_client_cert_verifier(verifier)
        } else {
            builder.with_no_client_auth()
        };
        let acceptor =
            TlsAcceptor::from(Arc::new(builder.with_single_cert(chain, key).expect("a configuration")));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    let Ok(mut stream) = acceptor.accept(stream).await else { return };
                    let mut buffer = [0; 8_192];
                    let _ = stream.read(&mut buffer).await;
                    let request = String::from_utf8_lossy(&buffer);
                    let host = request.lines().find_map(|line| line.strip_prefix("host: "));
                    let next = format!("http://{}/items?page=2", host.unwrap_or_default());
                    let is_first = !request.contains("page=2");
                    let (items, next) =
                        if is_first { (items(ITEMS), json!(next)) } else { (vec![], json!(null)) };
                    let body = json!({"items": items, "next_cursor": next}).to_string();
                    let head = format!(
                        "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
                        body.len()
                    );
                    let _ = stream.write_all(format!("{head}{body}").as_bytes()).await;
                    let _ = stream.shutdown().await;
                });
            }
        });
        format!("https://localhost:{port}/items")
    }
}

const PAGES: &str = "pagination = { kind = \"cursor\", limit = \"\" }";

fn with_ca(file: &Path) -> String {
    format!("ca_file = \"{}\"\n{PAGES}", file.display())
}

#[tokio::test]
async fn an_authority_of_the_settings_is_trusted_and_http_links_are_upgraded() {
    let authority = Authority::new();
    let url = authority.serve("localhost", false, false).await;
    crawl_all(&source(&url, &with_ca(&authority.file("ca.pem")), &[])).await;
    let (_, failures) = crawl_failures(&source(&url, PAGES, &[])).await;
    let expected = "could not connect: the certificate of the server is not trusted: set `ca_file`";
    assert_eq!(failures[0], expected);
}

#[tokio::test]
async fn invalid_certificates_are_told_apart() {
    let authority = Authority::new();
    let settings = with_ca(&authority.file("ca.pem"));
    for (name, is_expired, expected) in [
        (
            "other.example",
            false,
            "the certificate of the server is not valid for the name localhost: check `url`",
        ),
        ("localhost", true, "the certificate of the server has expired"),
    ] {
        let url = authority.serve(name, is_expired, false).await;
        let (_, failures) = crawl_failures(&source(&url, &settings, &[])).await;
        assert_eq!(failures[0], format!("could not connect: {expected}"));
    }
}

#[tokio::test]
async fn a_client_presents_its_certificate() {
    let authority = Authority::new();
    let (cert_file, key_file) = authority.issue_files("crawler");
    let url = authority.serve("localhost", false, true).await;
    let settings = with_ca(&authority.file("ca.pem"));
    let identity = format!(
        "client_cert = \"{}\"\nclient_key = \"{}\"\n{settings}",
        cert_file.display(),
        key_file.display()
    );
    crawl_all(&source(&url, &identity, &[])).await;
    let (_, failures) = crawl_failures(&source(&url, &settings, &[])).await;
    assert!(failures[0].contains("does it expect `client_cert`?"), "{failures:?}");
}

#[tokio::test]
async fn unusable_files_are_named_by_their_setting() {
    let authority = Authority::new();
    let [ca, junk, missing] = ["ca.pem", "junk.pem", "missing.pem"].map(|name| authority.file(name));
    std::fs::write(&junk, "-----BEGIN NOTHING-----").expect("a file");
    let identity = |certificate: &Path, key: &Path| {
        format!("client_cert = \"{}\"\nclient_key = \"{}\"\n{PAGES}", certificate.display(), key.display())
    };
    for (settings, setting, problem) in [
        (with_ca(&missing), "ca_file", "cannot be read"),
        (with_ca(&junk), "ca_file", "contains no certificate in PEM"),
        (identity(&junk, &ca), "client_cert", "contains no certificate in PEM"),
        (identity(&ca, &junk), "client_key", "contains no private key in PEM"),
    ] {
        let error = HttpUpstream::new(&source("https://localhost/", &settings, &[])).err().expect("an error");
        let error = error.to_string();
        assert!(error.starts_with(&format!("`{setting}` of the source is ")), "{error}");
        assert!(error.contains(problem), "{error}");
    }
}
