//! Values that are sent but never shown.

use std::fmt;

use serde::{Serialize, Serializer};

/// The replacement of a secret in an address.
const HIDDEN: &str = "redacted";
/// Parts of the names of parameters whose values are secrets.
const SECRET_NAMES: &[&str] =
    &["password", "passwd", "pwd", "token", "key", "secret", "signature", "sig", "auth", "credential"];

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
pub fn redact_url(url: &str) -> String {
    let Some((address, query)) = url.split_once('?') else { return redact_password(url) };
    let pairs: Vec<String> = query.split('&').map(redact_parameter).collect();
    format!("{}?{}", redact_password(address), pairs.join("&"))
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
