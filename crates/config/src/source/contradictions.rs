//! Settings of a source's requests that contradict each other.

use super::body::BodyContent;
use super::{RequestMethod, SourceConfig, UpstreamAuth};

impl SourceConfig {
    /// The contradictions, each with the setting to change.
    pub(crate) fn contradictions(&self) -> Vec<(&'static str, String)> {
        let mut found = Vec::new();
        let mut note = |key, text: &str| found.push((key, text.to_owned()));
        let is_post = self.method == RequestMethod::Post;
        if self.backoff > self.max_backoff {
            let (backoff, most) = (self.backoff, self.max_backoff);
            note(
                "backoff",
                &format!("is {backoff:?}, but must be at most its `max_backoff`, which is {most:?}"),
            );
        }
        if self.schedule.is_some() && self.refresh.is_some() {
            note(
                "schedule",
                "and `refresh` are both set: a source is crawled at times of the clock, or after a pause",
            );
        }
        if self.body.is_some() && !is_post {
            note("body", "is sent with `method = \"POST\"` only: set that too");
        }
        let is_invalid = |name: &&str| {
            let header = name.strip_prefix("header:");
            header.is_some_and(|name| http::HeaderName::from_bytes(name.as_bytes()).is_err())
        };
        if let Some(name) = self.pagination.params().find(is_invalid) {
            note("pagination", &format!("has {name:?}, which is not the name of a header"));
        }
        if let Some(name) = self.pagination.params().find(|name| name.starts_with('/')) {
            let is_text =
                self.body.as_ref().is_some_and(|body| matches!(body.expose(), BodyContent::Text(_)));
            if !is_post {
                note(
                    "pagination",
                    &format!(
                        "has {name:?}, a pointer into the body, but `method` is \"GET\": set `method = \"POST\"`"
                    ),
                );
            } else if is_text {
                note(
                    "pagination",
                    &format!("has {name:?}, a pointer into the body, so `body` must be a table, not text"),
                );
            }
        }
        if self.client_cert.is_some() != self.client_key.is_some() {
            let (set, missing) = if self.client_cert.is_some() {
                ("client_cert", "client_key")
            } else {
                ("client_key", "client_cert")
            };
            note(set, &format!("needs `{missing}` beside it"));
        }
        if let Some(auth) = &self.auth {
            let header = auth.header();
            if self.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(header)) {
                note(
                    "auth",
                    &format!("sets the header `{header}`, which is in `headers` too: remove one of them"),
                );
            }
            if header.eq_ignore_ascii_case("authorization") && !self.url.username().is_empty() {
                note("auth", "contradicts the user in `url`: remove one of them");
            }
            if let UpstreamAuth::TokenRequest { method: RequestMethod::Get, body: Some(_), .. } = auth {
                note("auth.body", "is sent with `method = \"POST\"` only: set that too");
            }
        }
        found
    }
}

impl UpstreamAuth {
    /// The header that holds the credentials.
    fn header(&self) -> &str {
        match self {
            Self::TokenRequest { header, .. } => header,
            Self::Basic { .. } | Self::Bearer { .. } | Self::Oauth2 { .. } => "authorization",
        }
    }
}
