//! Values that are sent but never shown.

use std::fmt;

use serde::{Serialize, Serializer};

/// The replacement of a secret in an address.
pub(crate) const HIDDEN: &str = "redacted";
/// Parts of the names of parameters whose values are secrets.
const SECRET_NAMES: &[&str] =
    &["pass", "pwd", "token", "key", "secret", "signature", "sig", "auth", "credential"];
/// Names of parameters that contain one of these parts, but whose values are no secrets.
const UNSUSPICIOUS_NAMES: &[&str] = &["author", "author_id", "authors", "keyword", "keywords"];

/// Names of parameters and members whose values are no secrets.
const HARMLESS_NAMES: &[&str] = &[
    "count",
    "created_after",
    "created_at_min",
    "created_since",
    "direction",
    "embed",
    "expand",
    "fields",
    "first",
    "format",
    "include",
    "items",
    "lang",
    "language",
    "last",
    "limit",
    "locale",
    "offset",
    "operationname",
    "order",
    "orderby",
    "order_by",
    "page",
    "page_size",
    "pagesize",
    "per_page",
    "perpage",
    "rows",
    "select",
    "since",
    "size",
    "skip",
    "sort",
    "sort_by",
    "sortby",
    "start",
    "state",
    "status",
    "tag",
    "top",
    "type",
    "updated_after",
    "updated_at_min",
    "updated_since",
    "version",
];

/// A value that is sent but never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The replacement in output.
    pub const REDACTED: &'static str = "[redacted]";

    /// Hides a value.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value, for the one place that sends it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::REDACTED)
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(Self::REDACTED)
    }
}

/// Hides the password of an address, and parameters that look like secrets.
///
/// It works on the text, so that it also hides them in an invalid address.
pub(crate) fn redact_url(url: &str) -> String {
    let Some((address, query)) = url.split_once('?') else { return redact_password(url) };
    if let Some((scheme, host)) = address.split_once("://")
        && !host.contains('/')
        && query.contains('@')
    {
        // The query may be a part of an unencoded password.
        return format!("{scheme}://{HIDDEN}");
    }
    let pairs: Vec<String> = query.split('&').map(redact_parameter).collect();
    format!("{}?{}", redact_password(address), pairs.join("&"))
}

/// Hides the credentials of a source's address, and every parameter that may be one.
///
/// The address is as written, with `${NAME}` for variables.
pub(crate) fn redact_source_url(url: &str) -> String {
    hide_params(url, is_harmless)
}

/// Hides the credentials of an address, and the parameters whose names `is_shown` rejects.
pub fn hide_params(url: &str, is_shown: impl Fn(&str) -> bool) -> String {
    let (address, query) = url.split_once('?').map_or((url, None), |(address, query)| (address, Some(query)));
    let redact = |pair: &str| match pair.split_once('=') {
        Some((name, _)) if !is_shown(name) => format!("{name}={HIDDEN}"),
        None if !is_shown(pair) && !pair.is_empty() => HIDDEN.to_owned(),
        _ => pair.to_owned(),
    };
    let query = query.map(|query| query.split('&').map(redact).collect::<Vec<_>>().join("&"));
    let address = redact_credentials(address);
    query.map_or(address.clone(), |query| format!("{address}?{query}"))
}

/// Recognizes the name of a parameter whose value is likely a secret.
pub fn looks_secret(name: &str) -> bool {
    let name = name.to_lowercase();
    !UNSUSPICIOUS_NAMES.contains(&&*name) && SECRET_NAMES.iter().any(|secret| name.contains(secret))
}

/// Recognizes the name of a parameter or member that holds no secret; `fields[a]` counts as `fields`.
pub fn is_harmless(name: &str) -> bool {
    let name = name.split(['[', '%']).next().unwrap_or_default().trim_start_matches('$');
    HARMLESS_NAMES.contains(&&*name.to_lowercase())
}

/// Hides the password of an address, and the user if it has no password: it is a key then.
fn redact_credentials(address: &str) -> String {
    let (Some(start), Some(end)) = (address.find("://").map(|at| at + 3), address.rfind('@')) else {
        return address.to_owned();
    };
    match address.get(start..end) {
        Some(user) if user.split_once(':').is_none_or(|(_, password)| password.is_empty()) => {
            format!("{}{HIDDEN}{}", &address[..start], &address[end..])
        }
        _ => redact_password(address),
    }
}

fn redact_password(address: &str) -> String {
    // A password that should have been escaped may contain anything, so it ends at the last `@`.
    let (Some(start), Some(end)) = (address.find("://").map(|at| at + 3), address.rfind('@')) else {
        return address.to_owned();
    };
    match address.get(start..end).and_then(|user| user.split_once(':')) {
        Some((user, _)) => format!("{}{user}:{HIDDEN}{}", &address[..start], &address[end..]),
        None => address.to_owned(),
    }
}

fn redact_parameter(pair: &str) -> String {
    match pair.split_once('=') {
        Some((name, _)) if SECRET_NAMES.iter().any(|secret| name.to_lowercase().contains(secret)) => {
            format!("{name}={HIDDEN}")
        }
        _ => pair.to_owned(),
    }
}
