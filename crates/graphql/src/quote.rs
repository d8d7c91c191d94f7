use std::fmt;

use super::error_bounds::excerpt;

/// A client's text in double quotes: an excerpt, escaped as in JSON and GraphQL, since users of any
/// language read messages.
pub(super) struct Quoted<'a>(pub(super) &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quoted = serde_json::to_string(&excerpt(self.0)).map_err(|_| fmt::Error)?;
        f.write_str(&quoted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_escaped_as_in_json() {
        let quoted = Quoted("a\"b\\c\n\u{1}é\u{202e}").to_string();
        assert_eq!(quoted, "\"a\\\"b\\\\c\\n\\u0001é\u{202e}\"");
    }
}
