//! The pause that a JSON body requests after an error, such as `{"retry_after": 1.5}`.

use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::client::parse_retry_after;
use crate::json::Json;

/// Names of a pause in seconds, and of one in milliseconds, in lower case without marks.
const SECONDS: [&str; 5] = ["retryafter", "retryafterseconds", "retryin", "retryinseconds", "retrydelay"];
const MILLISECONDS: [&str; 3] = ["retryafterms", "retryaftermillis", "retryinms"];
/// Objects around such a member.
const OBJECTS: [&str; 6] = ["", "/error", "/errors/0", "/parameters", "/meta", "/detail"];

/// Returns the pause that a body requests.
pub(crate) fn stated_pause(body: &Json, now: DateTime<Utc>) -> Option<Duration> {
    OBJECTS.iter().find_map(|object| {
        let members = body.pointer(object)?.as_object()?;
        members.iter().find_map(|(name, value)| {
            let name: String = name
                .chars()
                .filter(char::is_ascii_alphanumeric)
                .map(|char| char.to_ascii_lowercase())
                .collect();
            let (Json::Number(text) | Json::String(text)) = value else { return None };
            if SECONDS.contains(&name.as_str()) {
                parse_retry_after(text, now)
            } else if MILLISECONDS.contains(&name.as_str()) {
                parse_retry_after(&format!("{text}ms"), now)
            } else {
                None
            }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_read_in_any_spelling() {
        let pause = |body: &str| {
            stated_pause(&Json::parse(body).expect("JSON"), Utc::now()).map(|pause| pause.as_millis())
        };
        for (body, expected) in [
            (r#"{"message": "You are being rate limited.", "retry_after": 1.7}"#, Some(1_700)),
            (r#"{"error": {"retryAfter": "2s"}}"#, Some(2_000)),
            (r#"{"ok": false, "parameters": {"retry_after": 5}}"#, Some(5_000)),
            (r#"{"retry_after_ms": 250}"#, Some(250)),
            (r#"{"retry_after": null, "retry": 5}"#, None),
            (r#"{"items": [{"retry_after": 5}]}"#, None),
        ] {
            assert_eq!(pause(body), expected, "{body}");
        }
    }
}
