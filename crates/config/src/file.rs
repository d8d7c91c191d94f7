//! The parsed file of settings, with the lines of its keys.

use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue, Deserializer};

use super::error::{ConfigError, ConfigProblem};

/// A parsed file of settings.
pub(crate) struct ConfigFile<'a> {
    /// The file's name in messages.
    pub(crate) origin: &'a str,
    /// All of its values.
    pub(crate) values: toml::Value,
    text: &'a str,
    spans: Spanned<DeTable<'a>>,
}

impl<'a> ConfigFile<'a> {
    /// Parses a file and reports all syntax errors at once.
    pub(crate) fn parse(origin: &'a str, text: &'a str) -> Result<Self, ConfigError> {
        let malformed = |error: &toml::de::Error| malformed(origin, text, error);
        let (spans, errors) = DeTable::parse_recoverable(text);
        if !errors.is_empty() {
            return Err(ConfigError::new(errors.iter().map(malformed).collect()));
        }
        let values = toml::Table::deserialize(Deserializer::from(spans.clone()));
        let values = values.map_err(|error| ConfigError::new(vec![malformed(&error)]))?.into();
        Ok(Self { origin, values, text, spans })
    }

    /// Creates a problem at a key, with its line if the origin is this file.
    pub(crate) fn problem(&self, origin: &str, path: &[String], text: String) -> ConfigProblem {
        let line = (origin == self.origin).then(|| self.line(path)).flatten();
        ConfigProblem { line, ..ConfigProblem::new(origin, text) }
    }

    /// The line of a key, or of the nearest table around an absent key.
    fn line(&self, path: &[String]) -> Option<usize> {
        let mut table = Some(self.spans.get_ref());
        let mut items: &[Spanned<DeValue<'_>>] = &[];
        let mut found = None;
        for segment in path {
            let (start, value) =
                if let Some((key, value)) = table.and_then(|table| table.get_key_value(&**segment)) {
                    (key.span().start, value)
                } else if let Some(item) = segment.parse().ok().and_then(|index: usize| items.get(index)) {
                    (item.span().start, item)
                } else {
                    break;
                };
            found = Some(start);
            table = value.get_ref().as_table();
            items = value.get_ref().as_array().map_or(&[], AsRef::as_ref);
        }
        found.map(|start| position(self.text, start).0)
    }
}

/// The line and the column of a byte, from 1.
fn position(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or_default();
    let column = before.chars().rev().take_while(|char| *char != '\n').count() + 1;
    (before.matches('\n').count() + 1, column)
}

/// Reports the position of a syntax error.
///
/// The line itself may contain a secret.
fn malformed(origin: &str, text: &str, error: &toml::de::Error) -> ConfigProblem {
    let (line, column) = position(text, error.span().map_or(0, |span| span.start));
    let reason = error.message().replace('\n', ", ");
    ConfigProblem::new(origin, format!("is not valid TOML at line {line}, column {column}: {reason}"))
}
