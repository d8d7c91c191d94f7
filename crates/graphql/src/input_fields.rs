//! The rule that an input object of a document has each field once.
//!
//! The parser keeps the last value of a field only, so this reads the text.

use std::collections::HashSet;
use std::ops::Range;

use async_graphql::ServerError;

use super::error_bounds::Quoted;
use super::error_code::{ErrorCode, request_error};
use super::tokens::{Token, Tokens, is_word, position};

/// Returns an error if an input object has a field twice. The text must be valid.
pub(super) fn check_unique(text: &str) -> Result<(), ServerError> {
    let Some(repeated) = repeated_field(text) else { return Ok(()) };
    let message = format!(
        "The field {} occurs twice in an input object: remove one of them.",
        Quoted(&text[repeated.clone()])
    );
    let mut error = request_error(ErrorCode::GraphqlValidationFailed, message);
    error.locations.push(position(text, repeated.start));
    Err(error)
}

/// Returns the place of a field that its input object has already.
fn repeated_field(text: &str) -> Option<Range<usize>> {
    let mut fields = HashSet::new();
    // The places of the open brackets.
    let mut open: Vec<(u8, usize)> = Vec::new();
    let mut parentheses = 0usize;
    let mut last_word = 0..0;
    for Token { first, range } in Tokens::of(text) {
        match first {
            b'{' | b'[' | b'(' => {
                open.push((first, range.start));
                parentheses += usize::from(first == b'(');
            }
            b'}' | b']' | b')' => {
                let closed = open.pop();
                parentheses -= usize::from(closed.is_some_and(|(bracket, _)| bracket == b'('));
            }
            // Within parentheses, braces enclose objects.
            b':' if parentheses > 0 => {
                let Some((b'{', object)) = open.last() else { continue };
                if !fields.insert((*object, &text[last_word.clone()])) {
                    return Some(last_word);
                }
            }
            byte if is_word(byte) => last_word = range,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use async_graphql::Pos;

    use super::*;

    #[test]
    fn repeated_fields_of_one_input_object_are_found() {
        for (text, expected) in [
            ("{ a(b: {c: 1, d: {c: 2}, e: [{c: 1}, {c: 1}]}) { c: d c: d } }", None),
            ("{ a(b: {c: 1}, d: {c: 1}) { e(b: {c: 1}) } }", None),
            ("{ a(b: {c: 1, d: 2, c: 1}) }", Some((20, "c"))),
            ("{ a(b: {c: {d: [1], d # :\n : 1}}) }", Some((20, "d"))),
            ("query Q($v: T = {c: {d: 1}, c: 1}) { a }", Some((28, "c"))),
            ("{ a @b(c: [{long: \"long: }\" x: {} long: ENUM}]) }", Some((34, "long"))),
            ("{ a(b: {c: $c, d: c, e: \"c: \"}) }", None),
            (")}] { a(b: {c: 1 c: ", Some((17, "c"))),
        ] {
            let found = repeated_field(text).map(|range| (range.start, &text[range]));
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn an_error_has_the_position_of_the_second_field() {
        let error = check_unique("{\n  a(\u{e9}: {b: 1,\n   b: 2}) }").unwrap_err();
        assert_eq!(error.locations, [Pos { line: 3, column: 4 }]);
        assert!(error.message.contains("\"b\" occurs twice"), "{}", error.message);
    }
}
