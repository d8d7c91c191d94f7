//! The real messages, and the part of `quarry.toml` that crawls them.

use std::path::PathBuf;

use serde_json::Value;

/// How many there are.
pub(crate) const MESSAGES: usize = 3_349;

/// Pages by offset, as the upstream that quarry was built for has them.
pub(crate) const BY_OFFSET: &str = r#"{ kind = "offset", offset = "skip", limit = "limit", size = 100 }"#;

/// The file that holds them.
pub(crate) fn file() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/data/messages.json")
}

/// All of them, as the upstream has them.
pub(crate) fn messages() -> Vec<Value> {
    let file = file();
    let text = std::fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    serde_json::from_slice(&text).expect("an array of objects")
}

/// A source called `messages` at this address, paced for a test.
pub(crate) fn source(url: &str, pagination: &str, pace: &str) -> String {
    format!(
        r#"
[[sources]]
name = "messages"
url = "{url}"
items = "/items"
total = "/total"
pagination = {pagination}
timeout = "1s"
backoff = "20ms"
max_backoff = "200ms"
max_retry_after = "1s"
{pace}
[sources.fields]
key = "/id"
text = "/message"
author_key = "/user_id"
author_name = "/user_name"
published_at = "/timestamp"
"#
    )
}
