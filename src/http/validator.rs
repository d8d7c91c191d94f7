//! Validators of responses (`ETag`), with which clients revalidate a stored response.

use http::header::IF_NONE_MATCH;
use http::{HeaderMap, HeaderValue};
use uuid::Uuid;

/// The validator of a body; weak, since the body is sent with and without compression.
pub(super) fn of(body: &[u8]) -> HeaderValue {
    let digest = Uuid::new_v5(&Uuid::NAMESPACE_OID, body).simple();
    HeaderValue::from_str(&format!("W/\"{digest}\"")).expect("hexadecimal digits are valid in headers")
}

/// Returns true if the client has stored the body with this validator.
pub(super) fn matches(request: &HeaderMap, validator: &HeaderValue) -> bool {
    let stored = request.get_all(IF_NONE_MATCH).iter().filter_map(|tags| tags.to_str().ok());
    stored.flat_map(|tags| tags.split(',')).map(str::trim).any(|tag| {
        // A strong validator matches as well: the comparison is weak.
        let weak = tag.strip_prefix("W/").unwrap_or(tag);
        tag == "*" || validator.as_bytes().strip_prefix(b"W/") == Some(weak.as_bytes())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn validators_match_in_any_notation() {
        let validator = of(b"a body");
        let text = validator.to_str().unwrap().to_owned();
        assert_ne!(validator, of(b"another"));
        for (tags, expected) in [
            (text.clone(), true),
            (text.trim_start_matches("W/").to_owned(), true),
            (format!("\"other\", {text}"), true),
            ("*".to_owned(), true),
            ("\"other\"".to_owned(), false),
            (String::new(), false),
        ] {
            let headers = HeaderMap::from_iter([(IF_NONE_MATCH, tags.parse().unwrap())]);
            assert_eq!(matches(&headers, &validator), expected, "{tags}");
        }
        assert!(!matches(&HeaderMap::new(), &validator));
    }
}
