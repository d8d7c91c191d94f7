//! Texts in TOML.

use serde_json::Value;

/// Returns the variable for a secret, such as the value of a header: `GITHUB_AUTHORIZATION`.
pub(super) fn placeholder(source: &str, secret: &str) -> String {
    let words = format!("{source}_{secret}");
    let name: String = words
        .chars()
        .map(|char| if char.is_ascii_alphanumeric() { char.to_ascii_uppercase() } else { '_' })
        .collect();
    if name.starts_with(|first: char| first.is_ascii_digit()) { format!("SOURCE_{name}") } else { name }
}

/// Returns a text as a TOML string.
pub(super) fn toml_text(text: &str) -> String {
    // The escapes of JSON are those of TOML, which also excludes the delete character.
    Value::from(text).to_string().replace('\u{7f}', "\\u007f")
}

/// Returns a text for a comment of one line.
pub(super) fn comment(text: &str) -> String {
    text.chars().map(|char| if char.is_control() { ' ' } else { char }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_named_after_the_source_and_the_header() {
        assert_eq!(placeholder("git-hub issues", "X-Api-Key"), "GIT_HUB_ISSUES_X_API_KEY");
        assert_eq!(placeholder("7up", "key"), "SOURCE_7UP_KEY");
    }

    #[test]
    fn special_characters_are_escaped() {
        assert_eq!(toml_text("a\"b\\c\u{7f}\n"), r#""a\"b\\c\u007f\n""#);
        assert_eq!(comment("a\nb"), "a b");
    }
}
