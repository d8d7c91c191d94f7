//! Escapes of characters above U+FFFF in strings: `\u{1F600}` and `\uD83D\uDE00`.
//!
//! The parser knows neither. Each becomes its character before parsing, followed by fillers in place of the rest of the
//! escape, so that positions stay; the fillers are removed from the parsed strings.

use std::borrow::Cow;

use async_graphql::parser::types::{
    Directive, DocumentOperations, ExecutableDocument, OperationDefinition, Selection, SelectionSet,
    VariableDefinition,
};
use async_graphql::{Positioned, ServerError, Value};
use async_graphql_value::Value as InputValue;

use super::error_code::{ErrorCode, request_error};
use super::tokens::{Tokens, position};

/// A text that the parser can read.
pub(super) struct ParsableText<'t> {
    pub(super) text: Cow<'t, str>,
    filler: Option<char>,
}

/// An escape of a character that the parser does not know.
struct Escape {
    start: usize,
    length: usize,
    character: char,
}

impl<'t> ParsableText<'t> {
    /// Replaces the escapes of a text.
    pub(super) fn of(text: &'t str) -> Result<Self, ServerError> {
        let escapes = escapes(text)?;
        if escapes.is_empty() {
            return Ok(Self { text: Cow::Borrowed(text), filler: None });
        }
        // The last plane is for private use; no text contains all of it.
        let is_unused = |c: &char| !text.contains(*c) && escapes.iter().all(|escape| escape.character != *c);
        let filler = ('\u{100000}'..='\u{10FFFD}').rev().find(is_unused);
        let filler = filler.unwrap_or(char::REPLACEMENT_CHARACTER);
        let (mut parsable, mut rest) = (String::with_capacity(text.len()), 0);
        for Escape { start, length, character } in escapes {
            parsable.push_str(&text[rest..start]);
            parsable.push(character);
            parsable.extend(std::iter::repeat_n(filler, length - 1));
            rest = start + length;
        }
        parsable.push_str(&text[rest..]);
        Ok(Self { text: Cow::Owned(parsable), filler: Some(filler) })
    }

    /// Removes the fillers from the strings of the parsed text.
    pub(super) fn restore(&self, document: &mut ExecutableDocument) {
        let Some(filler) = self.filler else { return };
        match &mut document.operations {
            DocumentOperations::Single(operation) => {
                restore_operation(&mut operation.node, filler);
            }
            DocumentOperations::Multiple(operations) => {
                operations.values_mut().for_each(|operation| restore_operation(&mut operation.node, filler));
            }
        }
        for fragment in document.fragments.values_mut() {
            restore_directives(&mut fragment.node.directives, filler);
            restore_set(&mut fragment.node.selection_set.node, filler);
        }
    }
}

/// The escapes in the strings of a text, apart from those of four digits.
fn escapes(text: &str) -> Result<Vec<Escape>, ServerError> {
    let mut found = Vec::new();
    if !text.contains("\\u") {
        return Ok(found);
    }
    for token in Tokens::of(text) {
        // Block strings have no such escapes.
        if token.first != b'"' || text[token.range.start..].starts_with("\"\"\"") {
            continue;
        }
        let end = text.floor_char_boundary(token.range.end);
        let mut at = token.range.start;
        while let Some(escape) = text[at..end].find('\\') {
            at += escape;
            let rest = &text[at..end];
            let (length, read) = match rest.strip_prefix("\\u") {
                None => (2, None),
                Some(digits) => read_escape(digits).ok_or_else(|| invalid(text, at))?,
            };
            found.extend(read.map(|character| Escape { start: at, length, character }));
            at = text.ceil_char_boundary((at + length).min(end));
        }
    }
    Ok(found)
}

/// Reads an escape behind `\u`: its length, and the character unless the parser reads it.
fn read_escape(digits: &str) -> Option<(usize, Option<char>)> {
    const PREFIX: usize = 2;
    if let Some(rest) = digits.strip_prefix('{') {
        let (code, _) = rest.split_once('}')?;
        // The number may not have a sign.
        let is_hex = code.bytes().all(|byte| byte.is_ascii_hexdigit());
        let character = char::from_u32(u32::from_str_radix(code, 16).ok()?)?;
        return is_hex.then_some((PREFIX + code.len() + 2, Some(character)));
    }
    let first = unit(digits)?;
    match char::decode_utf16([first]).next()? {
        Ok(_) => Some((PREFIX + 4, None)),
        Err(_) => {
            let second = unit(digits[4..].strip_prefix("\\u")?)?;
            let character = char::decode_utf16([first, second]).next()?.ok()?;
            Some((2 * (PREFIX + 4), Some(character)))
        }
    }
}

/// The number of four hexadecimal digits.
fn unit(digits: &str) -> Option<u16> {
    let digits = digits.get(..4).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
    u16::from_str_radix(digits, 16).ok()
}

fn invalid(text: &str, at: usize) -> ServerError {
    let message = "The document is not valid GraphQL: an escape in a string is no character: write \\u and four digits, \
                   both halves of a surrogate pair, \\u{…}, or the character itself";
    let mut error = request_error(ErrorCode::GraphqlParseFailed, message);
    error.locations.push(position(text, at));
    error
}

fn restore_operation(operation: &mut OperationDefinition, filler: char) {
    for definition in &mut operation.variable_definitions {
        let VariableDefinition { directives, default_value, .. } = &mut definition.node;
        restore_directives(directives, filler);
        if let Some(default) = default_value {
            restore_constant(&mut default.node, filler);
        }
    }
    restore_directives(&mut operation.directives, filler);
    restore_set(&mut operation.selection_set.node, filler);
}

fn restore_set(set: &mut SelectionSet, filler: char) {
    for selection in &mut set.items {
        match &mut selection.node {
            Selection::Field(field) => {
                field.node.arguments.iter_mut().for_each(|(_, value)| restore_value(&mut value.node, filler));
                restore_directives(&mut field.node.directives, filler);
                restore_set(&mut field.node.selection_set.node, filler);
            }
            Selection::InlineFragment(fragment) => {
                restore_directives(&mut fragment.node.directives, filler);
                restore_set(&mut fragment.node.selection_set.node, filler);
            }
            Selection::FragmentSpread(spread) => restore_directives(&mut spread.node.directives, filler),
        }
    }
}

fn restore_directives(directives: &mut [Positioned<Directive>], filler: char) {
    for directive in directives {
        directive.node.arguments.iter_mut().for_each(|(_, value)| restore_value(&mut value.node, filler));
    }
}

fn restore_value(value: &mut InputValue, filler: char) {
    match value {
        InputValue::String(text) => text.retain(|c| c != filler),
        InputValue::List(items) => items.iter_mut().for_each(|item| restore_value(item, filler)),
        InputValue::Object(fields) => fields.values_mut().for_each(|field| restore_value(field, filler)),
        _ => {}
    }
}

fn restore_constant(value: &mut Value, filler: char) {
    match value {
        Value::String(text) => text.retain(|c| c != filler),
        Value::List(items) => items.iter_mut().for_each(|item| restore_constant(item, filler)),
        Value::Object(fields) => fields.values_mut().for_each(|field| restore_constant(field, filler)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use crate::prepared_documents::parse;

    /// The string of the only argument, and the column of the field behind it.
    fn read(literal: &str) -> Result<(String, usize), String> {
        let document = parse(&format!("{{ a(b: {literal}) c }}")).map_err(|error| error.message)?;
        let (_, operation) = document.operations.iter().next().unwrap();
        let fields = &operation.node.selection_set.node.items;
        let super::Selection::Field(field) = &fields[0].node else { unreachable!() };
        Ok((field.node.arguments[0].1.node.to_string(), fields[1].pos.column))
    }

    #[test]
    fn characters_have_every_escape_of_the_specification() {
        for (literal, expected) in [
            (r#""x\uD83D\uDE00y""#, "x😀y"),
            (r#""\u{1F600}""#, "😀"),
            (r#""\u{0001f600}\u{e9}\u00e9""#, "😀éé"),
            (r#""\\\ud83d\ude00 \\u{1F600}""#, r"\😀 \u{1F600}"),
            (r#""\u{10FFFD}\u{61}\u{10ffff}""#, "\u{10FFFD}a\u{10ffff}"),
            (r#""a 😀 \u{1f601}""#, "a 😀 😁"),
            (r#""""\u{1F600}""""#, r"\u{1F600}"),
        ] {
            let (value, column) = read(literal).unwrap();
            assert_eq!(value, async_graphql::Value::from(expected).to_string(), "{literal}");
            assert_eq!(column, literal.chars().count() + 10, "{literal}");
        }
    }

    #[test]
    fn strings_of_every_place_are_restored() {
        const EMOJI: &str = r#""\u{1F600}""#;
        let text = "query($v: [T] = [{a: S}]) @d(e: S) { a(b: {c: [S]}) @d(e: S) ... @d(e: S) { f(g: S) } ...F @d(e: S) } \
                    fragment F on T @d(e: S) { h(i: S) }";
        let parsed = parse(&text.replace('S', EMOJI)).unwrap();
        let debug = serde_json::to_string(&format!("{parsed:#?}")).unwrap();
        assert_eq!(debug.matches('😀').count(), 9);
        assert!(debug.chars().all(|c| !('\u{100000}'..).contains(&c)) && !debug.contains("u{10"), "{debug}");
    }

    #[test]
    fn halves_and_other_numbers_are_refused_with_their_place() {
        for literal in [
            r#""\uD83D""#,
            r#""\uD83D x""#,
            r#""\uDE00\uD83D""#,
            r#""\uD83D\u0041""#,
            r#""\u{110000}""#,
            r#""\u{D800}""#,
            r#""\u{}""#,
            r#""\u{1F600""#,
            r#""\u{12 }""#,
            r#""\u12""#,
            r#""\u+123""#,
            r#""\u12é4""#,
        ] {
            let text = format!("{{\n é(b: {literal}) }}");
            let error = parse(&text).unwrap_err();
            assert!(
                error.message.contains("an escape in a string is no character"),
                "{literal}: {}",
                error.message
            );
            assert_eq!((error.locations[0].line, error.locations[0].column), (2, 8), "{literal}");
        }
    }
}
