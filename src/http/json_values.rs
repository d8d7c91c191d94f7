//! The JSON values of a request, counted before any of them takes memory.
//!
//! A value takes many times its text: `0,` becomes a hundred bytes and more. So their number is
//! limited, and the memory that they will take counts towards that of request bodies.

use http::StatusCode;
use memchr::memchr2;

use super::HttpLimits;
use super::admission::{Admission, CallerClass};
use super::problem::Problem;
use crate::graphql::ErrorCode;
use crate::memory::MemoryPermit;

/// Memory of a value, in bytes: measured on lists of lists and of objects of one member.
const VALUE_BYTES: usize = 256;
/// Texts of up to this size, in bytes, are not counted: their values take less than a search does.
const UNCOUNTED_BYTES: usize = 1 << 10;

/// Adds the memory of the values of a text to a permit, if they are not too many.
pub(super) fn take_room(
    json: &[u8],
    limits: &HttpLimits,
    admission: &Admission,
    room: &mut MemoryPermit,
    class: CallerClass,
) -> Result<(), Problem> {
    if json.len() <= UNCOUNTED_BYTES {
        return Ok(());
    }
    let limit = limits.json_values;
    let Some(values) = count(json, limit) else {
        return Err(Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            ErrorCode::BadUserInput,
            format!(
                "The request holds more than {limit} JSON values (limits.json_values). Send it in parts."
            ),
        ));
    };
    admission.body_room(room, values.saturating_mul(VALUE_BYTES), class)
}

/// The number of JSON values of a text; `None` above the limit. Names of members are no values.
fn count(json: &[u8], limit: usize) -> Option<usize> {
    let (mut values, mut at) = (0_usize, 0);
    while let Some(&byte) = json.get(at) {
        at += 1;
        match byte {
            b'"' => {
                values += 1;
                at = end_of_string(json, at);
            }
            b'[' | b'{' => values += 1,
            // What stood before it was a name.
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

/// The place behind the quotation mark that ends a string.
fn end_of_string(json: &[u8], mut at: usize) -> usize {
    while let Some(found) = memchr2(b'"', b'\\', json.get(at..).unwrap_or_default()) {
        at += found + 1;
        if json[at - 1] == b'"' {
            return at;
        }
        // What is escaped ends nothing.
        at += 1;
    }
    json.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_counted_and_names_are_not() {
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
            // What is not valid is refused later.
            (r#""open"#, 1),
            (r#""\"#, 1),
            (":::", 0),
        ] {
            assert_eq!(count(json.as_bytes(), 100), Some(values), "{json}");
        }
    }

    #[test]
    fn as_many_as_the_limit_are_counted() {
        let list = |length: usize| format!("[{}0]", "0,".repeat(length - 1));
        assert_eq!(count(list(99).as_bytes(), 100), Some(100));
        assert_eq!(count(list(100).as_bytes(), 100), None);
        let object = |length: usize| {
            let members: Vec<String> = (0..length).map(|n| format!("\"k{n}\":0")).collect();
            format!("{{{}}}", members.join(","))
        };
        assert_eq!(count(object(99).as_bytes(), 100), Some(100));
        assert_eq!(count(object(100).as_bytes(), 100), None);
    }
}
