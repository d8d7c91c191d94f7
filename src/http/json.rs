//! JSON text of requests: member lists, and the number of values, counted before any takes memory.
//!
//! A value takes many times its text: `0,` becomes a hundred bytes and more. So their number is
//! limited, and their memory counts towards that of request bodies.

use std::borrow::Cow;
use std::fmt;

use http::StatusCode;
use memchr::memchr2;
use serde::Deserializer;
use serde::de::{MapAccess, Visitor};
use serde_json::value::RawValue;

use super::HttpLimits;
use super::admission::{Admission, ClientClass};
use super::http_error::HttpError;
use crate::graphql::ErrorCode;
use crate::memory::MemoryPermit;

/// The memory of a value, in bytes: measured on lists of lists and on objects of one member.
const VALUE_BYTES: usize = 256;
/// The longest text whose values are not counted, in bytes: they take less than a search does.
const UNCOUNTED_BYTES: usize = 1 << 10;

/// Calls a function with each member of an object, its value unparsed.
///
/// A derived `Deserialize` would accept lists as well. Members are not collected: their memory is uncounted.
pub(super) fn for_each_member<'de, D: Deserializer<'de>>(
    deserializer: D,
    visit: impl FnMut(&str, &'de RawValue),
) -> Result<(), D::Error> {
    struct Members<F>(F);
    impl<'de, F: FnMut(&str, &'de RawValue)> Visitor<'de> for Members<F> {
        type Value = ();

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
            while let Some((name, value)) = map.next_entry::<Cow<'de, str>, &'de RawValue>()? {
                (self.0)(&name, value);
            }
            Ok(())
        }
    }
    deserializer.deserialize_map(Members(visit))
}

/// Reserves the memory of the values of a text, unless they exceed the limit on their number.
pub(super) fn reserve_values(
    json: &[u8],
    limits: &HttpLimits,
    admission: &Admission,
    permit: &mut MemoryPermit,
    class: ClientClass,
) -> Result<(), HttpError> {
    if json.len() <= UNCOUNTED_BYTES {
        return Ok(());
    }
    let limit = limits.json_values;
    let Some(values) = count_values(json, limit) else {
        return Err(HttpError::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            ErrorCode::BadUserInput,
            format!(
                "The request holds more than {limit} JSON values (limits.json_values). Send it in parts."
            ),
        ));
    };
    admission.reserve_body(permit, values.saturating_mul(VALUE_BYTES), class)
}

/// The number of JSON values of a text; `None` above the limit. Names of members do not count.
fn count_values(json: &[u8], limit: usize) -> Option<usize> {
    let (mut values, mut at) = (0_usize, 0);
    while let Some(&byte) = json.get(at) {
        at += 1;
        match byte {
            b'"' => {
                values += 1;
                at = end_of_string(json, at);
            }
            b'[' | b'{' => values += 1,
            // The string before a colon was a name.
            b':' => values = values.saturating_sub(1),
            b'-' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => {
                values += 1;
                let rest = &json[at..];
                at += rest.iter().position(|byte| !is_of_literal(*byte)).unwrap_or(rest.len());
            }
            _ => {}
        }
        // One more than the limit may be a name.
        if values > limit + 1 {
            return None;
        }
    }
    (values <= limit).then_some(values)
}

fn is_of_literal(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.')
}

/// The position after the quotation mark that ends a string.
fn end_of_string(json: &[u8], mut at: usize) -> usize {
    while let Some(found) = memchr2(b'"', b'\\', json.get(at..).unwrap_or_default()) {
        at += found + 1;
        if json[at - 1] == b'"' {
            return at;
        }
        // An escaped quotation mark does not end the string.
        at += 1;
    }
    json.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_count_and_names_do_not() {
        for (json, values) in [
            ("", 0),
            ("0", 1),
            ("null", 1),
            (r#""a\"b,c[""#, 1),
            ("[]", 1),
            ("[0,-1.5e+3, true ,null]", 5),
            ("[[0],[0]]", 5),
            (r#"{"a":0,"b":{"c":"d:e"},"f":[{}]}"#, 6),
            (r#"{"a\\":"\\","b":1}"#, 3),
            // The parser rejects invalid texts later.
            (r#""open"#, 1),
            (r#""\"#, 1),
            (":::", 0),
        ] {
            assert_eq!(count_values(json.as_bytes(), 100), Some(values), "{json}");
        }
    }

    #[test]
    fn counting_stops_above_the_limit() {
        let list = |length: usize| format!("[{}0]", "0,".repeat(length - 1));
        let object = |length: usize| {
            let members: Vec<String> = (0..length).map(|n| format!("\"k{n}\":0")).collect();
            format!("{{{}}}", members.join(","))
        };
        for json in [&list as &dyn Fn(usize) -> String, &object] {
            assert_eq!(count_values(json(99).as_bytes(), 100), Some(100));
            assert_eq!(count_values(json(100).as_bytes(), 100), None);
        }
    }
}
