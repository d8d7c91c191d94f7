//! JSON values whose numbers keep all digits, and a parser that tolerates what upstreams write.
//!
//! `serde_json` reads numbers as 64 bits unless a feature is on that breaks async-graphql, and it rejects
//! a whole page for one lone surrogate.

mod error;
mod parser;

use std::collections::BTreeMap;
use std::fmt;

pub(super) use error::{JsonError, describe_bytes};

/// A JSON value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Json {
    /// `null`.
    #[default]
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number as it is written.
    Number(String),
    /// A string.
    String(String),
    /// An array.
    Array(Vec<Json>),
    /// An object.
    Object(BTreeMap<String, Json>),
}

impl Json {
    /// Parses a text.
    ///
    /// These cost a character, a value or a subtree, never the text: lone surrogates and unknown escapes,
    /// raw control characters, numbers beyond the range of floats, `NaN`, `Infinity` and `undefined`, and
    /// nesting beyond [`MAX_DEPTH`](parser::MAX_DEPTH).
    pub(super) fn parse(text: &str) -> Result<Self, JsonError> {
        parser::parse(text)
    }

    /// Returns the value at a JSON pointer (RFC 6901).
    pub(super) fn pointer(&self, pointer: &str) -> Option<&Self> {
        if pointer.is_empty() {
            return Some(self);
        }
        pointer.strip_prefix('/')?.split('/').try_fold(self, |value, token| value.get(&unescape(token)))
    }

    /// Returns the value at a JSON pointer in which the relation of a link selects it from an array: `/links/next/href`.
    pub(super) fn pointer_by_relation(&self, pointer: &str) -> Option<&Self> {
        let mut tokens = pointer.split('/').skip(1).map(unescape);
        tokens.try_fold(self, |value, token| value.get(&token).or_else(|| value.linked(&token)))
    }

    fn linked(&self, relation: &str) -> Option<&Self> {
        let Self::Array(links) = self else { return None };
        links.iter().find(|link| link.relation() == Some(relation))
    }

    /// Returns the relation of a link, such as `next`.
    pub(super) fn relation(&self) -> Option<&str> {
        ["rel", "relation"].iter().find_map(|name| self.get(name)?.as_str())
    }

    /// Takes the value at a JSON pointer and leaves null.
    pub(super) fn take(&mut self, pointer: &str) -> Option<Self> {
        let target = if pointer.is_empty() {
            self
        } else {
            let mut tokens = pointer.strip_prefix('/')?.split('/');
            tokens.try_fold(self, |value, token| value.get_mut(&unescape(token)))?
        };
        Some(std::mem::take(target))
    }

    /// Returns a member of an object, or an element of an array.
    pub(super) fn get(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Object(members) => members.get(name),
            Self::Array(elements) => elements.get(index(name)?),
            _ => None,
        }
    }

    fn get_mut(&mut self, name: &str) -> Option<&mut Self> {
        match self {
            Self::Object(members) => members.get_mut(name),
            Self::Array(elements) => elements.get_mut(index(name)?),
            _ => None,
        }
    }

    /// Returns the text of a string.
    pub(super) fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// Returns the members of an object.
    pub(super) fn as_object(&self) -> Option<&BTreeMap<String, Json>> {
        match self {
            Self::Object(members) => Some(members),
            _ => None,
        }
    }

    /// Returns a whole number.
    pub(super) fn as_i64(&self) -> Option<i64> {
        match self {
            Self::Number(digits) => digits.parse().ok(),
            _ => None,
        }
    }

    /// Returns true for null, false, zero, and an empty or blank text, array or object.
    pub(super) fn is_empty(&self) -> bool {
        match self {
            Self::Null => true,
            Self::Bool(truth) => !truth,
            Self::Number(digits) => is_zero(digits),
            Self::String(text) => text.trim().is_empty(),
            Self::Array(elements) => elements.is_empty(),
            Self::Object(members) => members.is_empty(),
        }
    }
}

/// Writes the text of an object, as `Display` of [`Json`] does.
pub(super) fn object_text(members: &BTreeMap<String, Json>) -> String {
    let mut text = String::new();
    // A `String` accepts every write.
    let _ = write_object(members, &mut text);
    text
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_value(self, f)
    }
}

fn write_value(value: &Json, out: &mut impl fmt::Write) -> fmt::Result {
    match value {
        Json::Null => out.write_str("null"),
        Json::Bool(truth) => out.write_str(if *truth { "true" } else { "false" }),
        Json::Number(digits) => out.write_str(digits),
        Json::String(text) => write_string(text, out),
        Json::Array(elements) => {
            out.write_char('[')?;
            for (index, element) in elements.iter().enumerate() {
                if index > 0 {
                    out.write_char(',')?;
                }
                write_value(element, out)?;
            }
            out.write_char(']')
        }
        Json::Object(members) => write_object(members, out),
    }
}

fn write_object(members: &BTreeMap<String, Json>, out: &mut impl fmt::Write) -> fmt::Result {
    out.write_char('{')?;
    for (index, (name, value)) in members.iter().enumerate() {
        if index > 0 {
            out.write_char(',')?;
        }
        write_string(name, out)?;
        out.write_char(':')?;
        write_value(value, out)?;
    }
    out.write_char('}')
}

/// Writes a string in the spelling of `serde_json`, so that stored attributes stay the same.
fn write_string(text: &str, out: &mut impl fmt::Write) -> fmt::Result {
    let is_escaped = |byte: &u8| *byte < 0x20 || matches!(*byte, b'"' | b'\\');
    let mut rest = text;
    out.write_char('"')?;
    while let Some(at) = rest.as_bytes().iter().position(is_escaped) {
        out.write_str(&rest[..at])?;
        match rest.as_bytes()[at] {
            b'"' => out.write_str("\\\"")?,
            b'\\' => out.write_str("\\\\")?,
            b'\n' => out.write_str("\\n")?,
            b'\r' => out.write_str("\\r")?,
            b'\t' => out.write_str("\\t")?,
            0x08 => out.write_str("\\b")?,
            0x0c => out.write_str("\\f")?,
            byte => write!(out, "\\u{byte:04x}")?,
        }
        rest = &rest[at + 1..];
    }
    out.write_str(rest)?;
    out.write_char('"')
}

/// Unescapes a token of a JSON pointer.
pub(super) fn unescape(token: &str) -> String {
    if token.contains('~') { token.replace("~1", "/").replace("~0", "~") } else { token.to_owned() }
}

/// Parses an index of an array, which has neither a sign nor leading zeros.
fn index(token: &str) -> Option<usize> {
    let is_plain = token == "0" || !token.starts_with(['0', '+']);
    token.parse().ok().filter(|_| is_plain)
}

fn is_zero(digits: &str) -> bool {
    let mantissa = digits.split(['e', 'E']).next().unwrap_or_default();
    !mantissa.bytes().any(|byte| matches!(byte, b'1'..=b'9'))
}

#[cfg(test)]
mod tests;
