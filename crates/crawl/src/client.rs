//! The HTTP adapter of an upstream, over reqwest.
//!
//! It follows redirects itself, because each hop decides if the host may receive the source's headers.
//! The timeout and the size limit cover the whole request: redirects, decompression and the last byte.
//! Deliberately without retries, on which [`Crawler`](super::Crawler) decides.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use http::StatusCode;
use http::header::{ACCEPT, HeaderMap, HeaderName, HeaderValue, LINK, LOCATION, RETRY_AFTER};
use reqwest::{Client, ClientBuilder, Response, redirect::Policy};
use url::{Host, Url};

use super::link_header::next_target;
use super::page_body::BodyShape;
use super::pagination::{paging_params, retain_params};
use super::redirect::{RedirectHosts, authority, is_same_host};
use super::upstream::{FetchError, FetchedPage, NextPage, Stated, Upstream, UpstreamRequest};
use quarry_config::{Pagination, SourceConfig};

/// The header for the total of an upstream with `Link` headers.
///
/// The body of such an upstream is often a bare array.
const TOTAL_HEADER: HeaderName = HeaderName::from_static("x-total-count");

/// An invalid HTTP upstream.
#[derive(Debug, thiserror::Error)]
pub enum HttpUpstreamError {
    /// A configured header is invalid.
    #[error("the header {0:?} of the source cannot be sent: its name or value is not valid in HTTP")]
    Header(String),
    /// The client cannot be built.
    #[error("no HTTP client could be built: {0}")]
    Client(#[source] reqwest::Error),
}

/// A successful response as it arrived.
#[derive(Clone, Debug)]
pub struct RawResponse {
    /// The URL after redirects.
    pub url: Url,
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The decompressed body.
    pub body: Vec<u8>,
}

/// An upstream over HTTP.
pub struct HttpUpstream {
    client: Client,
    config: SourceConfig,
    headers: HeaderMap,
    shape: BodyShape,
    redirect_hosts: RedirectHosts,
}

impl HttpUpstream {
    /// Creates the client of a source without connecting yet.
    pub fn new(config: &SourceConfig) -> Result<Self, HttpUpstreamError> {
        // An error means that the process has a provider already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Ok(Self {
            client: build_client(&config.url).map_err(HttpUpstreamError::Client)?,
            config: config.clone(),
            headers: parse_headers(config)?,
            shape: BodyShape::of(config),
            redirect_hosts: RedirectHosts::of(&config.url, &config.redirect_hosts),
        })
    }

    fn is_link_paged(&self) -> bool {
        matches!(self.config.pagination, Pagination::Link { .. })
    }

    /// Requests a URL for an inspection: any body of a successful response, without the settings of pages.
    pub async fn fetch_raw(&self, url: &Url) -> Result<RawResponse, FetchError> {
        let fetch = async {
            let (url, response) = self.follow(url.clone()).await?;
            let status = response.status();
            if !status.is_success() {
                return Err(status_error(status, response.headers()));
            }
            let headers = response.headers().clone();
            Ok(RawResponse { url, status: status.as_u16(), headers, body: self.read_body(response).await? })
        };
        tokio::time::timeout(self.config.timeout, fetch)
            .await
            .unwrap_or_else(|_| Err(FetchError::transient("timed out", None)))
    }

    async fn fetch(&self, url: Url) -> Result<FetchedPage, FetchError> {
        let (url, response) = self.follow(url).await?;
        self.read_page(url, response).await
    }

    /// Sends a request, and follows its redirects to the last response.
    async fn follow(&self, mut url: Url) -> Result<(Url, Response), FetchError> {
        let mut redirects = 0;
        loop {
            let response = self.send(&url).await?;
            let status = response.status();
            if !is_redirect(status) {
                return Ok((url, response));
            }
            redirects += 1;
            if redirects > self.config.max_redirects {
                let cause = format!("more than {} redirects", self.config.max_redirects);
                return Err(FetchError::refused(cause, Some(status.as_u16())));
            }
            url = self.redirect_target(&url, &response)?;
        }
    }

    async fn send(&self, url: &Url) -> Result<Response, FetchError> {
        let mut request = self.client.get(url.clone()).header(ACCEPT, "application/json");
        // Headers may be secrets: only the source's own host receives them.
        if is_same_host(&self.config.url, url) {
            request = request.headers(self.headers.clone());
        }
        request.send().await.map_err(|error| FetchError::transient(connection_cause(&error), None))
    }

    fn redirect_target(&self, from: &Url, response: &Response) -> Result<Url, FetchError> {
        let status = response.status();
        let location = response.headers().get(LOCATION).and_then(|value| str_of(value));
        let Some(mut target) = location.and_then(|location| from.join(location).ok()) else {
            let cause = format!("{} without a usable Location", reason(status));
            return Err(FetchError::transient(cause, Some(status.as_u16())));
        };
        // `/messages` → `/messages/`: the target must return the requested page.
        if target.query().is_none() {
            if is_same_host(from, &target) {
                target.set_query(from.query());
            } else {
                // The source's own parameters may be secrets: no other host receives them.
                retain_params(from, &mut target, |name| self.is_paging_param(name));
            }
        }
        self.check_target("a redirect", from, &target, status)?;
        Ok(target)
    }

    /// Returns true for a parameter that selects a page.
    ///
    /// Links use any names: there, it is a parameter that the settings lack.
    fn is_paging_param(&self, name: &str) -> bool {
        let is_own = || self.config.url.query_pairs().any(|(own, _)| own == name);
        paging_params(&self.config.pagination).any(|paging| paging == name)
            || (self.is_link_paged() && !is_own())
    }

    /// Refuses hosts that the settings do not permit, and downgrades from https to http.
    fn check_target(&self, origin: &str, from: &Url, to: &Url, status: StatusCode) -> Result<(), FetchError> {
        let refuse = |cause: String| Err(FetchError::refused(cause, Some(status.as_u16())));
        if !matches!(to.scheme(), "http" | "https") {
            return refuse(format!("{origin} leads to a URL that is not HTTP"));
        }
        if from.scheme() == "https" && to.scheme() == "http" {
            return refuse(format!("{origin} leads from https to http"));
        }
        if !is_same_host(&self.config.url, to) && !self.redirect_hosts.permit(to) {
            let host = authority(to);
            return refuse(format!("{origin} leads to another host: {host} is not in redirect_hosts"));
        }
        Ok(())
    }

    async fn read_page(&self, url: Url, response: Response) -> Result<FetchedPage, FetchError> {
        let status = response.status();
        if !status.is_success() {
            return Err(status_error(status, response.headers()));
        }
        let code = Some(status.as_u16());
        let (link, header_total) = if self.is_link_paged() {
            let lines = response.headers().get_all(LINK);
            let link = next_target(lines.iter().filter_map(str_of)).map(|target| url.join(target));
            (link, response.headers().get(TOTAL_HEADER).and_then(parse_total))
        } else {
            (None, None)
        };
        let body = self.read_body(response).await?;
        let page = self.shape.read(&body).map_err(|cause| FetchError::transient(cause, code))?;
        let next = match link {
            Some(Ok(link)) => Stated::Value(NextPage::Link(link)),
            Some(Err(_)) => return Err(FetchError::transient("the next link is not a valid URL", code)),
            None => page.next,
        };
        if let Stated::Value(NextPage::Link(link)) = &next {
            self.check_target("the next link", &url, link, status)?;
        }
        let total = header_total.filter(|_| page.total == Stated::Absent).map_or(page.total, Stated::Value);
        Ok(FetchedPage { status: status.as_u16(), items: page.items, total, next, ..FetchedPage::default() })
    }

    /// Reads the decompressed body up to the limit.
    async fn read_body(&self, mut response: Response) -> Result<Vec<u8>, FetchError> {
        let status = Some(response.status().as_u16());
        let mut body = Vec::new();
        loop {
            let chunk = response.chunk().await;
            let Some(chunk) = chunk.map_err(|error| FetchError::transient(body_cause(&error), status))?
            else {
                return Ok(body);
            };
            if (body.len() + chunk.len()) as u64 > self.config.max_body_bytes {
                let cause = format!("body larger than {} bytes", self.config.max_body_bytes);
                return Err(FetchError::refused(cause, status));
            }
            body.extend_from_slice(&chunk);
        }
    }
}

#[async_trait]
impl Upstream for HttpUpstream {
    async fn fetch_page(&self, request: &UpstreamRequest) -> Result<FetchedPage, FetchError> {
        tokio::time::timeout(self.config.timeout, self.fetch(request.url.clone()))
            .await
            .unwrap_or_else(|_| Err(FetchError::transient("timed out", None)))
    }
}

fn build_client(home: &Url) -> reqwest::Result<Client> {
    let builder = || {
        let agent = concat!("quarry/", env!("CARGO_PKG_VERSION"));
        let builder = Client::builder().redirect(Policy::none()).user_agent(agent);
        if is_loopback(home) { builder.no_proxy() } else { builder }
    };
    match builder().build() {
        // A machine without root certificates can still crawl plain HTTP.
        Err(_) if home.scheme() == "http" => ClientBuilder::tls_certs_only(builder(), []).build(),
        built => built,
    }
}

fn parse_headers(config: &SourceConfig) -> Result<HeaderMap, HttpUpstreamError> {
    let mut headers = HeaderMap::new();
    for (name, secret) in &config.headers {
        let invalid = || HttpUpstreamError::Header(name.clone());
        let parsed_name: HeaderName = name.parse().map_err(|_| invalid())?;
        let mut value: HeaderValue = secret.expose().parse().map_err(|_| invalid())?;
        value.set_sensitive(true);
        headers.append(parsed_name, value);
    }
    Ok(headers)
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

fn status_error(status: StatusCode, headers: &HeaderMap) -> FetchError {
    let retry_after =
        headers.get(RETRY_AFTER).and_then(str_of).and_then(|v| parse_retry_after(v, Utc::now()));
    let is_retryable = matches!(status.as_u16(), 408 | 425 | 429);
    FetchError {
        cause: reason(status),
        status: Some(status.as_u16()),
        is_refusal: status.is_client_error() && !is_retryable,
        retry_after,
    }
}

fn parse_total(value: &HeaderValue) -> Option<i64> {
    str_of(value)?.trim().parse().ok().filter(|total| *total >= 0)
}

/// Parses `Retry-After` in seconds or as a date; a past date is zero.
fn parse_retry_after(value: &str, now: DateTime<Utc>) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let date = DateTime::<Utc>::from(httpdate::parse_http_date(value).ok()?);
    Some((date - now).to_std().unwrap_or_default())
}

fn reason(status: StatusCode) -> String {
    match status.canonical_reason() {
        Some(reason) => format!("{} {reason}", status.as_u16()),
        None => status.as_u16().to_string(),
    }
}

/// Returns the text of a header, in UTF-8, which some servers use in links.
fn str_of(value: &HeaderValue) -> Option<&str> {
    std::str::from_utf8(value.as_bytes()).ok()
}

fn connection_cause(error: &reqwest::Error) -> &'static str {
    if error.is_timeout() {
        "timed out"
    } else if error.is_connect() {
        "could not connect"
    } else {
        "connection broke off"
    }
}

fn body_cause(error: &reqwest::Error) -> &'static str {
    if error.is_timeout() { "timed out" } else { "body cut off" }
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;

    use super::*;

    #[test]
    fn retry_after_is_parsed_in_seconds_and_as_a_date() {
        let now = Utc.with_ymd_and_hms(2026, 11, 20, 12, 0, 0).single().expect("a time");
        for (value, expected) in [
            ("3", Some(3)),
            (" 0 ", Some(0)),
            ("Fri, 20 Nov 2026 12:00:30 GMT", Some(30)),
            ("Fri, 20 Nov 2026 11:59:30 GMT", Some(0)),
            ("soon", None),
            ("-1", None),
            ("1.5", None),
        ] {
            assert_eq!(parse_retry_after(value, now).map(|wait| wait.as_secs()), expected, "{value}");
        }
    }
}
