//! Files of the pages that are built into the binary.

use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderName, HeaderValue};

/// Browsers revalidate the file each time, so that versions are never mixed.
pub(super) const REVALIDATED: &str = "no-cache";

/// Returns the headers of a file with its validator, caching and content security policy.
pub(super) fn headers(
    name: &str,
    etag: &HeaderValue,
    caching: &'static str,
    policy: &'static str,
) -> [(HeaderName, HeaderValue); 6] {
    let value = HeaderValue::from_static;
    [
        (CONTENT_TYPE, value(content_type(name))),
        (ETAG, etag.clone()),
        (CACHE_CONTROL, value(caching)),
        (CONTENT_SECURITY_POLICY, value(policy)),
        (REFERRER_POLICY, value("no-referrer")),
        (X_CONTENT_TYPE_OPTIONS, value("nosniff")),
    ]
}

/// Returns the media type of a file by its name.
pub(super) fn content_type(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    }
}
