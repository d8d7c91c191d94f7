//! A scheme of pagination as a setting.

use super::spelling::toml_text;

/// The texts before the name of the parameter for the page size, and behind it.
const LIMIT: &str = "limit = ";
const SIZE: &str = ", size = ";

/// A scheme of pagination.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct PagingGuess {
    /// The value of the setting.
    pub(super) toml: String,
    /// The observation that it follows from.
    pub(super) reason: String,
    /// The same scheme with the other usual number of the first item or page.
    pub(super) other_first: Option<String>,
    /// The response states this next page.
    pub(super) is_stated: bool,
}

impl PagingGuess {
    /// Returns the scheme of a list without other pages.
    pub(super) fn single_page() -> Self {
        guess("{ kind = \"none\" }".to_owned(), "no other page was found")
    }

    /// Returns true for the same scheme with another parameter for the page size.
    pub(super) fn differs_by_limit(&self, other: &Self) -> bool {
        let plain = |guess: &Self| guess.without_limit().map(|guess| guess.toml);
        self.toml != other.toml && plain(self).is_some_and(|toml| plain(other) == Some(toml))
    }

    /// Returns the same scheme without a parameter for the page size, if it has one.
    pub(super) fn without_limit(&self) -> Option<Self> {
        let without = |toml: &str| {
            let (before, rest) = toml.split_once(LIMIT)?;
            let (limit, after) = rest.split_once(SIZE)?;
            (limit != "\"\"").then(|| format!("{before}{LIMIT}\"\"{SIZE}{after}"))
        };
        let other_first = self.other_first.as_deref().and_then(without);
        Some(Self { toml: without(&self.toml)?, other_first, ..self.clone() })
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
    PagingGuess { toml, reason: reason.to_owned(), other_first: None, is_stated: false }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scheme_needs_no_parameter_for_the_page_size() {
        let page = page_guess("page", "per_page", 20, 1, "").without_limit().expect("a scheme");
        assert_eq!(page.toml, r#"{ kind = "page", page = "page", limit = "", size = 20 }"#);
        let first = r#"{ kind = "page", page = "page", limit = "", size = 20, first = 0 }"#;
        assert_eq!(page.other_first.as_deref(), Some(first));
        assert_eq!(page.without_limit(), None);
        let cursor = guess(cursor_toml("cursor", "limit", 20, "/next"), "").without_limit();
        let expected = r#"{ kind = "cursor", cursor = "cursor", limit = "", size = 20, next = "/next" }"#;
        assert_eq!(cursor.map(|cursor| cursor.toml).as_deref(), Some(expected));
        assert_eq!(PagingGuess::single_page().without_limit(), None);
        let start = |limit| offset_guess("start", limit, 20, "");
        assert!(start("limit").differs_by_limit(&start("rows")));
        assert!(!start("limit").differs_by_limit(&start("limit")));
        assert!(!start("limit").differs_by_limit(&offset_guess("skip", "limit", 20, "")));
    }
}
