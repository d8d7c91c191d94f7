//! The items of JSON Lines.

use crate::json::{Json, JsonError};
use crate::upstream::UpstreamItem;

/// Mark before each value of a JSON text sequence (RFC 7464).
const RECORD_SEPARATOR: char = '\u{1e}';

/// Reads one item per line. A line that is no JSON is an item with an error, unless all lines are.
pub(crate) fn read(text: &str) -> Result<Vec<UpstreamItem>, String> {
    let mut items = Vec::new();
    let mut first_error = None;
    let mut lines = text.split('\n').enumerate().peekable();
    while let Some((index, line)) = lines.next() {
        let line = line.trim_start_matches(RECORD_SEPARATOR);
        if line.trim().is_empty() {
            continue;
        }
        let content = match Json::parse(line) {
            // Without a line break, the rest of the body may be missing.
            Err(JsonError::Truncated) if lines.peek().is_none() => {
                return Err(JsonError::Truncated.to_string());
            }
            Err(error) => Err(format!("line {} is {error}", index + 1)),
            Ok(value) => Ok(value),
        };
        if let Err(error) = &content {
            first_error.get_or_insert_with(|| error.clone());
        }
        items.push(UpstreamItem { name: None, content });
    }
    match first_error {
        Some(error) if items.iter().all(|item| item.content.is_err()) => Err(error),
        _ => Ok(items),
    }
}
