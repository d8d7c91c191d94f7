//! The messages that tests crawl and search, and the settings of their source.
//!
//! They are generated, so that a clone is complete. A few more tests use real messages, which are outside
//! the repository, where they are available.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Once;
use std::{env, fs, io};

use quarry::simulator::synthetic;
use serde_json::Value;

/// The number of messages of a corpus.
pub(crate) const MESSAGES: usize = 3_349;
/// The seed of the messages, and of the upstream that serves them.
pub(crate) const SEED: u64 = 1;

/// Pagination by offset, as in the upstream that quarry was built for.
pub(crate) const BY_OFFSET: &str = r#"{ kind = "offset", offset = "skip", limit = "limit", size = 100 }"#;

/// The variable with the file of real messages; without it, they may be beside the clone.
const REAL_FILE: &str = "REAL_MESSAGES";

/// Returns the messages of an upstream with [`SEED`].
pub(crate) fn messages() -> Vec<Value> {
    generated(SEED)
}

/// Returns the messages of an upstream with a seed.
pub(crate) fn generated(seed: u64) -> Vec<Value> {
    let messages = synthetic::messages(MESSAGES, seed);
    messages.map(|message| serde_json::to_value(message).expect("a message is JSON")).collect()
}

/// Returns the keys of messages.
pub(crate) fn keys(messages: &[Value]) -> BTreeSet<String> {
    messages.iter().map(|message| field(message, "id").to_owned()).collect()
}

/// Returns a field of a message.
pub(crate) fn field<'m>(message: &'m Value, name: &str) -> &'m str {
    message[name].as_str().unwrap_or_else(|| panic!("no {name} in {message}"))
}

/// Writes messages to a file for an upstream.
pub(crate) fn write(messages: &[Value], path: &Path) {
    fs::write(path, Value::from(messages).to_string()).expect("can be written");
}

/// Reads the real messages and returns them with their file, if it is available.
///
/// Without the file, one line on standard error reports the skipped tests.
pub(crate) fn real() -> Option<(PathBuf, Vec<Value>)> {
    static SKIPPED: Once = Once::new();
    let named = env::var_os(REAL_FILE).filter(|name| !name.is_empty()).map(PathBuf::from);
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/messages.json");
    let Some(file) = named.or_else(|| beside.exists().then_some(beside)) else {
        SKIPPED.call_once(|| {
            let skipped = format!("skipped: the tests on real messages; {REAL_FILE} names no file of them\n");
            // The test harness captures printing macros; a closed stream fails no test.
            let _ = io::stderr().write_all(skipped.as_bytes());
        });
        return None;
    };
    let path = file.display();
    let text = fs::read(&file)
        .unwrap_or_else(|error| panic!("{path}: the real messages ({REAL_FILE}) cannot be read: {error}"));
    let messages = serde_json::from_slice(&text).unwrap_or_else(|error| {
        panic!("{path}: the real messages ({REAL_FILE}) are not a JSON array: {error}")
    });
    Some((file, messages))
}

/// Returns the settings of a source `messages` at this URL, with short delays.
pub(crate) fn source(url: &str, pagination: &str, pace: &str) -> String {
    format!(
        r#"
[[sources]]
name = "messages"
url = "{url}"
items = "/items"
total = "/total"
pagination = {pagination}
timeout = "2s"
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
