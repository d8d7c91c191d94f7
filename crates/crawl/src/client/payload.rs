//! The headers and the body of configured requests, and the bodies of responses within a limit.

use std::io;

use http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::Response;

use super::causes::{CUT_OFF, WRONG_ENCODING, body_cause, unrequested_coding};
use super::connection::HttpUpstreamError;
use super::encoding::BodyDecoder;
use crate::upstream::FetchError;
use quarry_config::{BodyContent, PostBody, Secret};

/// Parses configured headers; their values are secrets.
pub(super) fn parse_headers(pairs: &[(String, Secret)]) -> Result<HeaderMap, HttpUpstreamError> {
    let mut headers = HeaderMap::new();
    for (name, secret) in pairs {
        let invalid = || HttpUpstreamError::Header(name.clone());
        let parsed_name: HeaderName = name.parse().map_err(|_| invalid())?;
        headers.append(parsed_name, secret_value(secret.expose()).ok_or_else(invalid)?);
    }
    Ok(headers)
}

/// Returns the value of a header that logs do not show.
pub(super) fn secret_value(text: &str) -> Option<HeaderValue> {
    let mut value: HeaderValue = text.parse().ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// Sets the type of a JSON body, unless the settings do.
pub(super) fn set_content_type(headers: &mut HeaderMap, body: &PostBody) {
    let is_json = match body.expose() {
        BodyContent::Json(_) => true,
        BodyContent::Text(text) => serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok(),
    };
    if is_json && !headers.contains_key(CONTENT_TYPE) {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
}

/// Reads the decompressed body of a response up to a limit.
pub(super) async fn read_body(mut response: Response, max_bytes: u64) -> Result<Vec<u8>, FetchError> {
    let status = Some(response.status().as_u16());
    let failure = |error: io::Error| match error.kind() {
        io::ErrorKind::FileTooLarge => {
            FetchError::refused(format!("body larger than {max_bytes} bytes"), status)
        }
        io::ErrorKind::UnexpectedEof => FetchError::transient(CUT_OFF, status),
        _ => FetchError::transient(WRONG_ENCODING, status),
    };
    let mut decoder = BodyDecoder::of(response.headers());
    let mut body = Vec::new();
    let mut append = |part: &[u8]| {
        if (body.len() + part.len()) as u64 > max_bytes {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        body.extend_from_slice(part);
        Ok(())
    };
    loop {
        let chunk = response.chunk().await;
        let Some(chunk) = chunk.map_err(|error| FetchError::transient(body_cause(&error), status))? else {
            let other = decoder.other_coding();
            decoder.finish(&mut append).map_err(failure)?;
            // Some servers name a coding and send plain text.
            return match other.filter(|_| std::str::from_utf8(&body).is_err()) {
                Some(coding) => Err(FetchError::transient(unrequested_coding(coding), status)),
                None => Ok(body),
            };
        };
        decoder.decode(&chunk, &mut append).map_err(failure)?;
    }
}

#[cfg(test)]
mod tests {
    use http::header::CONTENT_ENCODING;

    use super::*;

    async fn read(coding: &str, body: &'static [u8]) -> Result<Vec<u8>, String> {
        let response =
            http::Response::builder().header(CONTENT_ENCODING, coding).body(body).expect("a response");
        read_body(response.into(), 100).await.map_err(|error| error.cause)
    }

    #[tokio::test]
    async fn a_coding_that_was_not_asked_for_is_named() {
        let cause = |coding: &str| {
            Err(format!(
                "the body is in the coding {coding}, although the request accepts gzip, deflate only"
            ))
        };
        assert_eq!(read("br", b"\x8b\x05\x80{}\x03").await, cause("br"));
        assert_eq!(read("ZSTD", b"\x28\xb5\x2f\xfd").await, cause("zstd"));
        assert_eq!(read("br", b"{}").await, Ok(b"{}".to_vec()));
        assert_eq!(read("shift_jis", b"\x82\xa0").await, Ok(b"\x82\xa0".to_vec()));
    }
}
