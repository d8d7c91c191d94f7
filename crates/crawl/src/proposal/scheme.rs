//! A scheme of pagination as a setting.

use super::spelling::toml_text;

/// A scheme of pagination.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct PagingGuess {
    /// The value of the setting.
    pub(super) toml: String,
    /// The observation that it follows from.
    pub(super) reason: String,
    /// The same scheme with the other usual number of the first item or page.
    pub(super) other_first: Option<String>,
}

impl PagingGuess {
    /// Returns the scheme of a list without other pages.
    pub(super) fn single_page() -> Self {
        guess("{ kind = \"none\" }".to_owned(), "no other page was found")
    }
}

pub(super) fn link_toml(limit: &str, size: usize) -> String {
    format!("{{ kind = \"link\", limit = {}, size = {size} }}", toml_text(limit))
}

/// Returns the scheme of offsets, which rarely begin at 1.
pub(super) fn offset_guess(offset: &str, limit: &str, size: usize, reason: &str) -> PagingGuess {
    let toml = |first: &str| {
        format!(
            "{{ kind = \"offset\", offset = {}, limit = {}, size = {size}{first} }}",
            toml_text(offset),
            toml_text(limit)
        )
    };
    PagingGuess { other_first: Some(toml(", first = 1")), ..guess(toml(""), reason) }
}

pub(super) fn cursor_toml(cursor: &str, limit: &str, size: usize, next: &str) -> String {
    let (cursor, limit, next) = (toml_text(cursor), toml_text(limit), toml_text(next));
    format!("{{ kind = \"cursor\", cursor = {cursor}, limit = {limit}, size = {size}, next = {next} }}")
}

/// Returns the scheme of page numbers, which begin at 1 or at 0.
pub(super) fn page_guess(page: &str, limit: &str, size: usize, first: u64, reason: &str) -> PagingGuess {
    let toml = |first: u64| {
        let first = if first == 1 { String::new() } else { format!(", first = {first}") };
        format!(
            "{{ kind = \"page\", page = {}, limit = {}, size = {size}{first} }}",
            toml_text(page),
            toml_text(limit)
        )
    };
    PagingGuess { other_first: (first == 1).then(|| toml(0)), ..guess(toml(first), reason) }
}

pub(super) fn guess(toml: String, reason: &str) -> PagingGuess {
    PagingGuess { toml, reason: reason.to_owned(), other_first: None }
}
