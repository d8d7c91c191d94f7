//! Placeholders for values of a parent's item: `{id}`, `{/author/id}` and `{#}`.

use std::fmt;

/// The name of the parent's item as a member of an object.
const MEMBER_NAME: &str = "#";
/// Characters of a member's name besides letters and digits; others need a pointer.
const NAME_CHARS: &str = "_-.@$";

/// A reference to a value of the parent's item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placeholder {
    /// The text with its braces.
    text: String,
}

impl Placeholder {
    /// Parses a text that is a placeholder as a whole.
    pub fn parse(text: &str) -> Option<Self> {
        let name = text.strip_prefix('{')?.strip_suffix('}')?;
        let is_pointer = name.starts_with('/') && !name.contains(['{', '}']);
        let is_name =
            !name.is_empty() && name.chars().all(|char| char.is_alphanumeric() || NAME_CHARS.contains(char));
        (is_pointer || is_name || name == MEMBER_NAME).then(|| Self { text: text.to_owned() })
    }

    /// The text, with its braces.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The JSON pointer to the value; `None` for the name of an item that is a member of an object.
    pub fn pointer(&self) -> Option<String> {
        let name = &self.text[1..self.text.len() - 1];
        match name {
            MEMBER_NAME => None,
            pointer if pointer.starts_with('/') => Some(pointer.to_owned()),
            name => Some(format!("/{name}")),
        }
    }
}

impl fmt::Display for Placeholder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Returns the placeholders of a text; other braces are literal.
pub fn placeholders_in(text: &str) -> Vec<Placeholder> {
    let mut found = Vec::new();
    let result: Result<_, ()> = replace(text, |placeholder| {
        found.push(placeholder.clone());
        Ok(String::new())
    });
    debug_assert!(result.is_ok());
    found
}

/// Replaces the placeholders of a text by their values, or returns the first error.
pub(crate) fn replace<E>(
    text: &str,
    mut value: impl FnMut(&Placeholder) -> Result<String, E>,
) -> Result<String, E> {
    let mut replaced = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('{') {
        replaced.push_str(&rest[..start]);
        rest = &rest[start..];
        let placeholder = rest.find('}').and_then(|end| Placeholder::parse(&rest[..=end]));
        let length = match &placeholder {
            Some(placeholder) => {
                replaced.push_str(&value(placeholder)?);
                placeholder.text.len()
            }
            None => {
                replaced.push('{');
                1
            }
        };
        rest = &rest[length..];
    }
    replaced.push_str(rest);
    Ok(replaced)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_names_pointers_or_the_member_name() {
        for (text, pointer) in [
            ("{id}", Some("/id")),
            ("{post-id}", Some("/post-id")),
            ("{/author/id}", Some("/author/id")),
            ("{/a b~1c}", Some("/a b~1c")),
            ("{#}", None),
        ] {
            let placeholder = Placeholder::parse(text).expect(text);
            assert_eq!((placeholder.pointer().as_deref(), placeholder.as_str()), (pointer, text));
        }
        for text in ["", "{}", "{ id }", "{a b}", "{\"a\":1}", "id", "{id}x", "{{id}}", "{/a{b}"] {
            assert_eq!(Placeholder::parse(text), None, "{text}");
        }
    }

    #[test]
    fn other_braces_stay() {
        let upper = |text: &str| {
            let value = |placeholder: &Placeholder| Ok::<_, ()>(placeholder.as_str().to_uppercase());
            replace(text, value).expect("values")
        };
        assert_eq!(
            upper("/posts/{id}/x?f={\"a\":1}&b={{/c}}&{ no }{"),
            "/posts/{ID}/x?f={\"a\":1}&b={{/C}}&{ no }{"
        );
        let found = placeholders_in("{a}/{ b}/{/c}");
        assert_eq!(found.iter().map(Placeholder::as_str).collect::<Vec<_>>(), ["{a}", "{/c}"]);
    }
}
