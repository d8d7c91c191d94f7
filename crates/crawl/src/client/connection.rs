//! The HTTP client of a source: its roots of trust, its identity and its proxy.

use std::path::{Path, PathBuf};

use reqwest::{Certificate, Client, ClientBuilder, Identity, redirect::Policy};
use url::{Host, Url};

use super::causes::describe_chain;
use quarry_config::SourceConfig;

/// An invalid HTTP upstream.
#[derive(Debug, thiserror::Error)]
pub enum HttpUpstreamError {
    /// A configured header is invalid.
    #[error("the header {0:?} of the source cannot be sent: its name or value is not valid in HTTP")]
    Header(String),
    /// A configured file cannot be used.
    #[error("`{setting}` of the source is {}, which {problem}", path.display())]
    File {
        /// The setting that names the file.
        setting: &'static str,
        /// The file.
        path: PathBuf,
        /// The problem with it.
        problem: String,
    },
    /// The client cannot be built.
    #[error("no HTTP client could be built: {0}")]
    Client(String),
}

/// Creates the client of a source without connecting yet.
pub(super) fn build_client(config: &SourceConfig) -> Result<Client, HttpUpstreamError> {
    let roots = config.ca_file.as_deref().map(read_roots).transpose()?.unwrap_or_default();
    let identity = match (&config.client_cert, &config.client_key) {
        (Some(certificate), Some(key)) => Some(read_identity(certificate, key)?),
        _ => None,
    };
    let builder = || {
        let agent = concat!("quarry/", env!("CARGO_PKG_VERSION"));
        let mut builder = Client::builder().redirect(Policy::none()).user_agent(agent);
        // `BodyDecoder` knows more spellings.
        builder = builder.no_gzip().no_deflate();
        if is_loopback(&config.url) {
            builder = builder.no_proxy();
        }
        if let Some(identity) = identity.clone() {
            builder = builder.identity(identity);
        }
        builder
    };
    let built = match builder().tls_certs_merge(roots.clone()).build() {
        // A machine without root certificates can still crawl plain HTTP.
        Err(_) if config.url.scheme() == "http" => {
            ClientBuilder::tls_certs_only(builder(), roots.clone()).build()
        }
        built => built,
    };
    built.map_err(|error| {
        let problem = describe_chain(&error);
        match (&config.ca_file, &config.client_cert) {
            (Some(path), None) => invalid("ca_file", path, &format!("cannot be used: {problem}")),
            (None, Some(path)) => invalid("client_cert", path, &format!("cannot be used: {problem}")),
            _ => HttpUpstreamError::Client(problem),
        }
    })
}

fn read_roots(path: &Path) -> Result<Vec<Certificate>, HttpUpstreamError> {
    let pem = read("ca_file", path)?;
    match Certificate::from_pem_bundle(&pem) {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        _ => Err(invalid("ca_file", path, "contains no certificate in PEM")),
    }
}

fn read_identity(certificate: &Path, key: &Path) -> Result<Identity, HttpUpstreamError> {
    let mut pem = read("client_cert", certificate)?;
    if !matches!(Certificate::from_pem_bundle(&pem), Ok(certificates) if !certificates.is_empty()) {
        return Err(invalid("client_cert", certificate, "contains no certificate in PEM"));
    }
    pem.push(b'\n');
    pem.extend(read("client_key", key)?);
    Identity::from_pem(&pem).map_err(|_| {
        invalid(
            "client_key",
            key,
            "contains no private key in PEM without a password (PKCS #8, PKCS #1 or SEC1)",
        )
    })
}

fn read(setting: &'static str, path: &Path) -> Result<Vec<u8>, HttpUpstreamError> {
    std::fs::read(path).map_err(|error| invalid(setting, path, &format!("cannot be read: {error}")))
}

fn invalid(setting: &'static str, path: &Path, problem: &str) -> HttpUpstreamError {
    HttpUpstreamError::File { setting, path: path.to_owned(), problem: problem.to_owned() }
}

/// Returns true for a host of this machine, which no proxy reaches.
fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
