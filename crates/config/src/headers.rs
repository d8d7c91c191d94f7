//! The headers of a source: a table whose values may refer to environment variables.

use std::collections::HashSet;

use toml::Table;

use super::environment::variables_in;
use super::node::ConfigNode;
use super::reference_line::ReferenceLine;
use super::secret::Secret;
use super::setting::{Setting, SettingEntry, describe, hide};

/// A table of header names and values, sorted by name.
pub(crate) struct HeaderTable;

pub(crate) const fn headers() -> HeaderTable {
    HeaderTable
}

impl Setting for HeaderTable {
    type Value = Vec<(String, Secret)>;

    fn read(&self, node: &ConfigNode<'_>) -> Option<Self::Value> {
        let origin = node.layers.file.origin;
        if let Some(value) = node.value.filter(|value| !value.is_table()) {
            node.note_mismatch(origin, &describe(value, hide), "a table of header names and values");
        }
        let mut names = HashSet::new();
        let mut headers = Vec::new();
        for (name, value) in node.table().into_iter().flatten() {
            let node = node.child(name);
            let Ok(header) = http::HeaderName::from_bytes(name.as_bytes()) else {
                node.note("is not a header name");
                continue;
            };
            if !names.insert(header) {
                node.note("is set twice: header names do not differ by case");
            }
            let Some(text) = value.as_str() else {
                node.note_mismatch(origin, &describe(value, hide), "text");
                continue;
            };
            node.layers.expanded.borrow_mut().extend(variables_in(text).map(str::to_owned));
            match node.layers.environment.expand(text) {
                Err(reason) => node.note(reason),
                Ok(value) if value == Secret::REDACTED => {
                    node.note("is redacted: put its value in, or `${NAME}`");
                }
                Ok(value) if http::HeaderValue::from_str(&value).is_err() => {
                    node.note("contains characters that are invalid in headers");
                }
                Ok(value) => headers.push((name.clone(), Secret::new(value))),
            }
        }
        headers.sort_by(|(one, _), (other, _)| one.cmp(other));
        Some(headers)
    }

    fn entries(&self, line: ReferenceLine, headers: Option<&Self::Value>, entries: &mut Vec<SettingEntry>) {
        let table = |pick: fn(&Secret) -> &str| {
            let pairs = headers?.iter().map(|(name, value)| (name.clone(), pick(value).into()));
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
