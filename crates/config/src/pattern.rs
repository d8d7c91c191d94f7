//! Regular expressions in settings.

use regex::{Regex, RegexBuilder};
use serde::{Serialize, Serializer};

use super::setting::Scalar;
use super::values::list;

/// The largest compiled expression in bytes: they run on each logged search.
const MAX_BYTES: usize = 256 * 1024;

/// A regular expression, which matches in linear time and never an empty text.
#[derive(Clone, Debug)]
pub struct Pattern(Regex);

impl Pattern {
    /// The compiled expression.
    pub fn regex(&self) -> &Regex {
        &self.0
    }

    fn parse(text: &str) -> Option<Self> {
        let regex = RegexBuilder::new(text).size_limit(MAX_BYTES).build().ok()?;
        (!regex.is_match("")).then_some(Self(regex))
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}

impl Serialize for Pattern {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.as_str())
    }
}

/// A list of regular expressions.
pub(crate) fn patterns() -> Scalar<Vec<Pattern>> {
    list(
        "a list of regular expressions such as ['\\bEMP-[0-9]+\\b'], each at most 256 KiB compiled, matching no empty \
         text, and without look-around and back-references (the syntax is that of Rust's `regex`)",
        Pattern::parse,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_linear_bounded_and_never_empty() {
        assert!(Pattern::parse(r"\bEMP-\d+\b").is_some());
        for refused in ["(", "a*", "", "(?=a)b", r"(a)\1", r"(?:\w{1000}){1000}"] {
            assert!(Pattern::parse(refused).is_none(), "{refused}");
        }
    }
}
