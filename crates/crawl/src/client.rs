//! The HTTP adapter of an upstream, over reqwest.
//!
//! It follows redirects itself, because each hop decides if the host may receive the source's credentials.
//! The timeout and the size limit cover the whole request: redirects, decompression and the last byte.
//! Deliberately without retries, on which [`Crawler`](super::Crawler) decides; a rejected token alone is
//! replaced here.

mod causes;
mod connection;
mod encoding;
mod link_header;
mod next_page;
mod own_params;
mod payload;
mod raw;
mod redirect;
mod refusal;
mod statements;
mod token;
mod waits;

use async_trait::async_trait;
use chrono::Utc;
use http::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE, ETAG, HeaderMap, HeaderName, HeaderValue,
    IF_NONE_MATCH, LOCATION,
};
use http::{Method, StatusCode};
use reqwest::{Client, Response};
use url::Url;

pub(super) use self::causes::CONNECTION_REFUSED;
use self::causes::connection_cause;
pub use self::connection::HttpUpstreamError;
use self::connection::build_client;
use self::encoding::ACCEPTED_ENCODINGS;
use self::own_params::{OwnParams, add_missing};
use self::payload::{parse_headers, read_body, secret_value, set_content_type};
pub(super) use self::raw::RawResponse;
use self::redirect::{RedirectHosts, authority, is_same_host};
use self::refusal::{SentSecrets, reason, refusal};
use self::statements::{HeaderStatements, str_of};
pub(super) use self::token::NO_TOKEN;
use self::token::TokenSource;
use self::waits::requested_wait;
use super::page_body::{BodyShape, EMPTY_BODY, PageBody};
use super::pagination::retain_params;
use super::upstream::{FetchError, FetchedPage, NextPage, Stated, Upstream, UpstreamRequest};
use quarry_config::{Locator, NextKind, Pagination, RequestMethod, Secret, SourceConfig, UpstreamAuth};

/// An upstream over HTTP.
pub struct HttpUpstream {
    client: Client,
    config: SourceConfig,
    /// The headers of requests to the source's own host.
    headers: HeaderMap,
    /// The user and the password of basic authentication by the settings.
    basic: Option<(Secret, Secret)>,
    tokens: Option<TokenSource>,
    own_params: OwnParams,
    shape: BodyShape,
    redirect_hosts: RedirectHosts,
    secrets: SentSecrets,
}

/// A request on its way: the first one, or that of a redirect.
struct Hop {
    method: Method,
    url: Url,
    body: Option<Secret>,
    headers: Vec<(String, String)>,
    etag: Option<String>,
    /// The parameters of the list of a parent.
    params: Vec<(String, String)>,
}

impl HttpUpstream {
    /// Creates the client of a source without connecting yet.
    pub fn new(config: &SourceConfig) -> Result<Self, HttpUpstreamError> {
        // An error means that the process has a provider already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut headers = parse_headers(&config.headers)?;
        if let Some(body) = &config.body {
            set_content_type(&mut headers, body);
        }
        let (mut basic, mut tokens) = (None, None);
        match &config.auth {
            Some(UpstreamAuth::Basic { user, password }) => basic = Some((user.clone(), password.clone())),
            Some(UpstreamAuth::Bearer { token }) => {
                let value = secret_value(&format!("Bearer {}", token.expose()));
                let invalid = || HttpUpstreamError::Header(AUTHORIZATION.to_string());
                headers.insert(AUTHORIZATION, value.ok_or_else(invalid)?);
            }
            Some(auth) => tokens = TokenSource::of(auth, config.timeout)?,
            None => {}
        }
        Ok(Self {
            client: build_client(config)?,
            config: config.clone(),
            headers,
            basic,
            tokens,
            own_params: OwnParams::of(config),
            shape: BodyShape::of(config),
            redirect_hosts: RedirectHosts::of(&config.url, &config.redirect_hosts),
            secrets: SentSecrets::of(config),
        })
    }

    /// Requests a page, with a valid token and within the timeout.
    async fn fetch(&self, request: &UpstreamRequest) -> Result<FetchedPage, FetchError> {
        let token = self.token().await?;
        self.within_timeout(async {
            let (url, response) = self.follow(self.first_hop(request), token.as_ref()).await?;
            let status = response.status();
            if request.etag.is_some() && status == StatusCode::NOT_MODIFIED {
                return Ok(FetchedPage { status: status.as_u16(), ..FetchedPage::default() });
            }
            if !status.is_success() {
                return Err(self.refusal(response, token.as_ref()).await);
            }
            self.read_page(url, response).await
        })
        .await
    }

    /// Requests any body for an inspection, without the settings of pages.
    pub(super) async fn fetch_raw(&self, request: &UpstreamRequest) -> Result<RawResponse, FetchError> {
        let token = self.token().await?;
        self.within_timeout(async {
            let (url, response) = self.follow(self.first_hop(request), token.as_ref()).await?;
            let status = response.status();
            if !status.is_success() {
                return Err(self.refusal(response, token.as_ref()).await);
            }
            let headers = response.headers().clone();
            let body = read_body(response, self.config.max_body_bytes).await?;
            Ok(RawResponse { url, headers, body })
        })
        .await
    }

    async fn refusal(&self, response: Response, token: Option<&(HeaderName, HeaderValue)>) -> FetchError {
        refusal(response, &self.secrets, token.map(|(_, value)| value)).await
    }

    async fn token(&self) -> Result<Option<(HeaderName, HeaderValue)>, FetchError> {
        match &self.tokens {
            Some(tokens) => tokens.header(&self.client).await.map(Some),
            None => Ok(None),
        }
    }

    async fn within_timeout<T>(
        &self,
        fetch: impl Future<Output = Result<T, FetchError>>,
    ) -> Result<T, FetchError> {
        tokio::time::timeout(self.config.timeout, fetch)
            .await
            .unwrap_or_else(|_| Err(FetchError::transient("timed out", None)))
    }

    fn first_hop(&self, request: &UpstreamRequest) -> Hop {
        let mut url = request.url.clone();
        if is_same_host(&self.config.url, &url) {
            self.own_params.add_to(&mut url);
            add_missing(&mut url, &request.params);
        }
        let method = match self.config.method {
            RequestMethod::Get => Method::GET,
            RequestMethod::Post => Method::POST,
        };
        let UpstreamRequest { body, headers, etag, params, .. } = request.clone();
        Hop { method, url, body, headers, etag, params }
    }

    /// Sends a request, and follows its redirects to the last response.
    async fn follow(
        &self,
        mut hop: Hop,
        token: Option<&(HeaderName, HeaderValue)>,
    ) -> Result<(Url, Response), FetchError> {
        let mut redirects = 0;
        loop {
            let response = self.send(&hop, token).await?;
            let status = response.status();
            if !is_redirect(status) {
                return Ok((hop.url, response));
            }
            redirects += 1;
            if redirects > self.config.max_redirects {
                let cause = format!("more than {} redirects", self.config.max_redirects);
                return Err(FetchError::refused(cause, Some(status.as_u16())));
            }
            hop = self.redirected(hop, &response)?;
        }
    }

    async fn send(
        &self,
        hop: &Hop,
        token: Option<&(HeaderName, HeaderValue)>,
    ) -> Result<Response, FetchError> {
        let mut url = hop.url.clone();
        let is_own = is_same_host(&self.config.url, &url);
        if is_own {
            // The adapter sends them as basic authentication. Both setters fail for URLs without a host only.
            let _ = url.set_username(self.config.url.username());
            let _ = url.set_password(self.config.url.password());
        } else {
            self.withhold_secrets(&mut url);
        }
        let mut request = self.client.request(hop.method.clone(), url).header(ACCEPT, "application/json");
        request = request.header(ACCEPT_ENCODING, ACCEPTED_ENCODINGS);
        if let Some(etag) = &hop.etag {
            request = request.header(IF_NONE_MATCH, etag);
        }
        // Credentials are secrets: only the source's own host receives them.
        if is_own {
            request = request.headers(self.headers.clone());
            for (name, value) in &hop.headers {
                request = request.header(name, value);
            }
            if let Some((user, password)) = &self.basic {
                request = request.basic_auth(user.expose(), Some(password.expose()));
            }
            if let Some((name, value)) = token {
                request = request.header(name, value);
            }
            if let Some(body) = &hop.body {
                request = request.body(body.expose().to_owned());
            }
        }
        let sent = request.send().await;
        sent.map_err(|error| FetchError::transient(connection_cause(&error, &hop.url), None))
    }

    /// Returns the request to the target of a redirect.
    ///
    /// The method stays, as most APIs expect; 303 (See Other) alone means `GET`.
    fn redirected(&self, hop: Hop, response: &Response) -> Result<Hop, FetchError> {
        let status = response.status();
        let from = &hop.url;
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
        let is_own = is_same_host(&self.config.url, &target);
        if is_own {
            self.own_params.add_listed_to(&mut target);
            add_missing(&mut target, &hop.params);
        }
        if status == StatusCode::SEE_OTHER {
            return Ok(Hop { method: Method::GET, url: target, body: None, ..hop });
        }
        if !is_own && hop.method != Method::GET {
            let host = authority(&target);
            let cause = format!("a redirect leads to {host}, which may not receive the body: check `url`");
            return Err(FetchError::refused(cause, Some(status.as_u16())));
        }
        Ok(Hop { url: target, ..hop })
    }

    /// Returns true for a parameter that selects a page.
    ///
    /// Links use any names: there, it is a parameter that the settings lack.
    fn is_paging_param(&self, name: &str) -> bool {
        let is_own = || {
            self.config.url.query_pairs().any(|(own, _)| own == name)
                || self.config.params.iter().any(|(own, _)| own == name)
        };
        let is_link_paged = matches!(self.config.pagination, Pagination::Link { .. });
        self.config.pagination.params().any(|paging| paging == name) || (is_link_paged && !is_own())
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
            return refuse(format!(
                "{origin} leads to another host: {host} is not in redirect_hosts; add it if it may be trusted"
            ));
        }
        Ok(())
    }

    async fn read_page(&self, url: Url, response: Response) -> Result<FetchedPage, FetchError> {
        let status = response.status();
        let code = status.as_u16();
        let now = Utc::now();
        let wait = requested_wait(code, response.headers(), now);
        let transient = |cause: String| FetchError::transient(cause, Some(code));
        let etag = response.headers().get(ETAG).and_then(str_of).map(str::to_owned);
        let stated = HeaderStatements::read(response.headers(), &self.config, &url).map_err(transient)?;
        let page = if status == StatusCode::NO_CONTENT {
            PageBody::default()
        } else {
            let content_type = response.headers().get(CONTENT_TYPE).cloned();
            let body = read_body(response, self.config.max_body_bytes).await?;
            self.shape.read(&body, content_type.as_ref().and_then(str_of), now).map_err(|cause| {
                let is_empty = cause == EMPTY_BODY;
                FetchError { is_empty, retry_after: wait, ..transient(cause) }
            })?
        };
        let next = match stated.next {
            Stated::Absent => self.resolve(page.next, &url).map_err(transient)?,
            next => next,
        };
        let next = match next {
            Stated::Value(NextPage::Link(mut link)) => {
                self.check_target("the next link", &url, &link, status)?;
                self.remove_secrets(&mut link);
                Stated::Value(NextPage::Link(link))
            }
            next => next,
        };
        let total = if page.total == Stated::Absent { stated.total } else { page.total };
        let pages = stated.pages.value().or(page.pages.value());
        let has_more = page.has_more.or(stated.has_more);
        let PageBody { items, error, frame, pause, .. } = page;
        let wait = wait.or(pause);
        Ok(FetchedPage { status: code, items, total, next, pages, wait, has_more, error, frame, etag })
    }

    /// Tells links in the body from cursors.
    fn resolve(&self, next: Stated<NextPage>, base: &Url) -> Result<Stated<NextPage>, String> {
        let kind = match &self.config.pagination {
            // The id of an item may look like a link.
            Pagination::Cursor { next: Locator::LastItem(_), next_is: NextKind::Auto, .. } => {
                NextKind::Cursor
            }
            Pagination::Cursor { next_is, .. } => *next_is,
            _ => NextKind::Auto,
        };
        let text = match next {
            Stated::Value(NextPage::Cursor(text)) => text,
            Stated::Value(NextPage::Link(url)) => url.into(),
            next @ (Stated::Value(NextPage::Json(_)) | Stated::Absent | Stated::Empty) => return Ok(next),
        };
        next_page::resolve(&text, base, kind).map(Stated::Value).ok_or_else(|| INVALID_LINK.to_owned())
    }

    /// Removes credentials from a link, since the store keeps it.
    fn remove_secrets(&self, link: &mut Url) {
        if is_same_host(&self.config.url, link) {
            let _ = link.set_username("");
            let _ = link.set_password(None);
            self.own_params.remove_from(link);
        } else {
            self.withhold_secrets(link);
        }
    }

    /// Removes credentials that the upstream repeats in the address of another host.
    fn withhold_secrets(&self, url: &mut Url) {
        if [url.username(), url.password().unwrap_or_default()]
            .iter()
            .any(|part| self.is_own_credential(part))
        {
            let _ = url.set_username("");
            let _ = url.set_password(None);
        }
        self.own_params.withhold_from(url, |value| self.secrets.contain(value));
    }

    fn is_own_credential(&self, part: &str) -> bool {
        let own = [self.config.url.username(), self.config.url.password().unwrap_or_default()];
        !part.is_empty() && (own.contains(&part) || self.secrets.contain(part))
    }
}

/// The cause of a page whose next link cannot be requested.
const INVALID_LINK: &str = "the next link is not a valid URL";

#[async_trait]
impl Upstream for HttpUpstream {
    async fn fetch_page(&self, request: &UpstreamRequest) -> Result<FetchedPage, FetchError> {
        match (self.fetch(request).await, &self.tokens) {
            // The token may have been revoked, or have expired earlier than stated.
            (Err(error), Some(tokens)) if error.status == Some(401) => {
                tokens.discard().await;
                self.fetch(request).await
            }
            (outcome, _) => outcome,
        }
    }
}

fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}
