//! Settings that are secrets: single texts, and the headers and parameters of a source's requests.

use std::collections::HashSet;

use toml::{Table, Value};

use super::node::ConfigNode;
use super::reference_line::ReferenceLine;
use super::secret::Secret;
use super::setting::{Setting, SettingEntry, describe, hide};

/// A table of names and secrets, sorted by name.
pub(crate) struct SecretTable {
    expected: &'static str,
    /// The problem with a name and its value; the name is checked with an empty value first.
    problem: fn(&str, &str) -> Option<&'static str>,
    /// The form in which names are unique, and the problem with a second one.
    unique: (fn(&str) -> String, &'static str),
}

/// The headers of requests.
pub(crate) const fn headers() -> SecretTable {
    SecretTable {
        expected: "a table of header names and values",
        problem: |name, value| {
            if http::HeaderName::from_bytes(name.as_bytes()).is_err() {
                return Some("is not a header name");
            }
            let is_valid = http::HeaderValue::from_str(value).is_ok();
            (!is_valid).then_some("contains characters that are invalid in headers")
        },
        unique: (str::to_lowercase, "is set twice: header names do not differ by case"),
    }
}

/// The parameters of requests.
pub(crate) const fn params() -> SecretTable {
    SecretTable {
        expected: "a table of parameter names and values",
        problem: |name, _| name.is_empty().then_some("is not the name of a parameter"),
        unique: (str::to_owned, "is set twice"),
    }
}

impl Setting for SecretTable {
    type Value = Vec<(String, Secret)>;

    fn read(&self, node: &ConfigNode<'_>) -> Option<Self::Value> {
        let origin = node.layers.file.origin;
        if let Some(value) = node.value.filter(|value| !value.is_table()) {
            node.note_mismatch(origin, &describe(value, hide), self.expected);
        }
        let mut names = HashSet::new();
        let mut pairs = Vec::new();
        for (name, value) in node.table().into_iter().flatten() {
            let node = node.child(name);
            if let Some(problem) = (self.problem)(name, "") {
                node.note(problem);
                continue;
            }
            if !names.insert((self.unique.0)(name)) {
                node.note(self.unique.1);
            }
            let Some(text) = value.as_str() else {
                node.note_mismatch(origin, &describe(value, hide), "text");
                continue;
            };
            let Some(value) = read_secret(&node, text) else { continue };
            match (self.problem)(name, value.expose()) {
                Some(problem) => node.note(problem),
                None => pairs.push((name.clone(), value)),
            }
        }
        pairs.sort_by(|(one, _), (other, _)| one.cmp(other));
        Some(pairs)
    }

    fn entries(&self, line: ReferenceLine, pairs: Option<&Self::Value>, entries: &mut Vec<SettingEntry>) {
        let table = |pick: fn(&Secret) -> &str| {
            let pairs = pairs?.iter().map(|(name, value)| (name.clone(), pick(value).into()));
            Some(Table::from_iter(pairs).into())
        };
        let (value, shown) = (table(Secret::expose), table(|_| Secret::REDACTED));
        entries.push(SettingEntry {
            line: ReferenceLine { default: "`{}`".to_owned(), ..line },
            value,
            shown,
        });
    }
}

/// A text that may name variables, and is never shown.
pub(crate) struct SecretText {
    is_optional: bool,
}

/// A required secret.
pub(crate) const fn secret_text() -> SecretText {
    SecretText { is_optional: false }
}

impl SecretText {
    /// Lets the secret be absent, which means empty.
    pub(crate) const fn or_empty(self) -> Self {
        Self { is_optional: true }
    }
}

impl Setting for SecretText {
    type Value = Secret;

    fn read(&self, node: &ConfigNode<'_>) -> Option<Secret> {
        const EXPECTED: &str = "text that is not empty, such as \"${NAME}\" for an environment variable";
        let Some(value) = node.value else {
            if self.is_optional {
                return Some(Secret::new(""));
            }
            node.note_missing(EXPECTED);
            return None;
        };
        match value.as_str() {
            Some(text) if self.is_optional || !text.trim().is_empty() => read_secret(node, text),
            _ => {
                node.note_mismatch(node.layers.file.origin, &describe(value, hide), EXPECTED);
                None
            }
        }
    }

    fn entries(&self, line: ReferenceLine, secret: Option<&Secret>, entries: &mut Vec<SettingEntry>) {
        let default = if self.is_optional { "`\"\"`" } else { "required" };
        let shown = |secret: &Secret| if secret.expose().is_empty() { "" } else { Secret::REDACTED };
        entries.push(SettingEntry {
            line: ReferenceLine { default: default.to_owned(), ..line },
            value: secret.map(|secret| secret.expose().into()),
            shown: secret.map(|secret| Value::from(shown(secret))),
        });
    }
}

/// Expands a secret; one from the output of `quarry config` is a problem, since it would be sent.
pub(crate) fn read_secret(node: &ConfigNode<'_>, text: &str) -> Option<Secret> {
    let value = node.expand(text)?;
    if value == Secret::REDACTED {
        node.note("is redacted: put its value in, or `${NAME}`");
        return None;
    }
    Some(Secret::new(value))
}
