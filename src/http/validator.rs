//! Validators of responses (`ETag`), by which a client asks whether what it holds is still right.

use http::header::IF_NONE_MATCH;
use http::{HeaderMap, HeaderValue};
use uuid::Uuid;

/// The validator of a body. It is weak, since the same body is sent compressed and as it is.
pub(super) fn of(body: &[u8]) -> HeaderValue {
    let digest = Uuid::new_v5(&Uuid::NAMESPACE_OID, body).simple();
    HeaderValue::from_str(&format!("W/\"{digest}\"")).expect("a digest is plain text")
}

/// Recognizes a client that holds the body with this validator.
pub(super) fn is_held(request: &HeaderMap, validator: &HeaderValue) -> bool {
    let held = request.get_all(IF_NONE_MATCH).iter().filter_map(|tags| tags.to_str().ok());
    held.flat_map(|tags| tags.split(',')).map(str::trim).any(|tag| {
        // A strong one is the same body, too.
        let weak = tag.strip_prefix("W/").unwrap_or(tag);
        tag == "*" || validator.as_bytes().strip_prefix(b"W/") == Some(weak.as_bytes())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_known_by_its_validator_however_that_is_written() {
        let validator = of(b"a body");
        let text = validator.to_str().unwrap().to_owned();
        assert_ne!(validator, of(b"another"));
        for (tags, held) in [
            (text.clone(), true),
            (text.trim_start_matches("W/").to_owned(), true),
            (format!("\"other\", {text}"), true),
            ("*".to_owned(), true),
            ("\"other\"".to_owned(), false),
            (String::new(), false),
        ] {
            let headers = HeaderMap::from_iter([(IF_NONE_MATCH, tags.parse().unwrap())]);
            assert_eq!(is_held(&headers, &validator), held, "{tags}");
        }
        assert!(!is_held(&HeaderMap::new(), &validator));
    }
}
