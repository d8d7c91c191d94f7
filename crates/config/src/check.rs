//! Whether a layer of settings holds known keys and fitting values only: every problem is
//! noted with its full path, so that a person can mend them all at once.

use std::collections::HashSet;

use figment::value::{Dict, Value};

use super::environment::Environment;
use super::error::Problem;
use super::kind;
use super::reference::{Fallback, GENERAL, KEY, Kind, PAGINATION, Row, SOURCE, pagination_rows};
use super::source::Secret;

/// Notes what is wrong with one layer.
pub(super) struct Check<'a> {
    /// What the layer is called in messages.
    pub(super) origin: &'a str,
    /// Where headers find their variables.
    pub(super) environment: &'a Environment,
    /// What was found so far.
    pub(super) problems: &'a mut Vec<Problem>,
}

impl Check<'_> {
    /// Checks a whole `quarry.toml`.
    pub(super) fn file(&mut self, table: &Dict) {
        self.table(&GENERAL, table, "", "");
    }

    /// Checks the table at `base` + `within`; `rows` are the settings that `base` may hold.
    fn table(&mut self, rows: &'static [Row], table: &Dict, base: &str, within: &str) {
        for (name, value) in table {
            let key = format!("{within}{name}");
            let path = format!("{base}{key}");
            let is_folder = |row: &Row| row.key.strip_prefix(&key).is_some_and(|rest| rest.starts_with('.'));
            // A quoted key may hold a dot, but no setting's name does.
            let plain = !name.contains('.');
            if let Some(row) = rows.iter().find(|row| plain && row.key == key) {
                self.value(row.kind, value, &path);
            } else if plain && rows.iter().any(is_folder) {
                match value.as_dict() {
                    Some(inner) => self.table(rows, inner, base, &format!("{key}.")),
                    None => self.mismatch(&path, &kind::describe(Kind::Text, value), "a table"),
                }
            } else {
                let suggestion = suggest(rows, base, within, name);
                self.note(format!("unknown key `{path}`; {suggestion}"));
            }
        }
    }

    /// Checks one value, and what is in it where it is a table of its own kind.
    pub(super) fn value(&mut self, kind: Kind, value: &Value, path: &str) {
        if let Err(expected) = kind::check(kind, value) {
            self.mismatch(path, &kind::describe(kind, value), &expected);
            return;
        }
        match (kind, value) {
            (Kind::Sources, Value::Array(_, sources)) => self.entries(SOURCE, sources, path),
            (Kind::Keys, Value::Array(_, keys)) => self.entries(KEY, keys, path),
            (Kind::Pagination, Value::Dict(_, table)) => self.pagination(table, path),
            (Kind::Headers, Value::Dict(_, table)) => self.headers(table, path),
            _ => {}
        }
    }

    fn entries(&mut self, rows: &'static [Row], entries: &[Value], path: &str) {
        for (index, entry) in entries.iter().enumerate() {
            self.entry(rows, entry, &format!("{path}.{index}"));
        }
    }

    /// Checks one table of a list.
    fn entry(&mut self, rows: &'static [Row], entry: &Value, path: &str) {
        let Some(table) = entry.as_dict() else {
            self.mismatch(path, &kind::describe(Kind::Text, entry), "a table");
            return;
        };
        self.table(rows, table, &format!("{path}."), "");
        for row in rows {
            if !matches!(row.fallback, Fallback::Required) || entry.find_ref(row.key).is_some() {
                continue;
            }
            // A folder of the wrong type was noted already.
            let folder = row.key.split_once('.').and_then(|(folder, _)| table.get(folder));
            if folder.is_some_and(|folder| folder.as_dict().is_none()) {
                continue;
            }
            let expected = kind::check(row.kind, &Value::from(0)).err().unwrap_or_default();
            self.note(format!("`{path}.{}` is missing: set it to {expected}", row.key));
        }
    }

    fn pagination(&mut self, table: &Dict, path: &str) {
        let Some(chosen) = table.get("kind") else {
            self.note(format!("`{path}.kind` is missing: set it to {}", kind::one_of(&kind::kinds())));
            return;
        };
        let Some(rows) = chosen.as_str().and_then(pagination_rows) else {
            let expected = kind::one_of(&kind::kinds());
            self.mismatch(&format!("{path}.kind"), &kind::describe(Kind::Text, chosen), &expected);
            return;
        };
        for (name, value) in table.iter().filter(|(name, _)| *name != "kind") {
            if let Some(row) = rows.iter().find(|row| row.key == name) {
                self.value(row.kind, value, &format!("{path}.{name}"));
                continue;
            }
            let owners: Vec<&str> = PAGINATION
                .iter()
                .filter(|(_, rows)| rows.iter().any(|row| row.key == name))
                .map(|(kind, _)| *kind)
                .collect();
            let suggestion = if owners.is_empty() {
                did_you_mean(name, rows.iter().map(|row| row.key.to_owned()).chain(["kind".to_owned()]))
            } else {
                format!("it goes with kind {}", kind::one_of(&owners))
            };
            let chosen = chosen.as_str().unwrap_or_default();
            self.note(format!("unknown key `{path}.{name}` for kind `{chosen}`; {suggestion}"));
        }
    }

    fn headers(&mut self, table: &Dict, path: &str) {
        let mut names = HashSet::new();
        for (name, value) in table {
            let path = format!("{path}.{name}");
            let Ok(header) = http::HeaderName::from_bytes(name.as_bytes()) else {
                self.note(format!("`{path}` is no header name"));
                continue;
            };
            if !names.insert(header) {
                self.note(format!("`{path}` is set twice: header names do not differ by case"));
            }
            let Some(text) = value.as_str() else {
                self.mismatch(&path, &kind::describe(Kind::Headers, value), "text");
                continue;
            };
            match self.environment.expand(text) {
                Err(reason) => self.note(format!("`{path}` {reason}")),
                Ok(value) if value == Secret::REDACTED => {
                    self.note(format!("`{path}` is redacted: put its value in, or `${{NAME}}`"));
                }
                Ok(value) if http::HeaderValue::from_str(&value).is_err() => {
                    self.note(format!("`{path}` holds characters that no header may hold"));
                }
                Ok(_) => {}
            }
        }
    }

    fn mismatch(&mut self, path: &str, found: &str, expected: &str) {
        self.note(format!("`{path}` is {found}, but must be {expected}"));
    }

    fn note(&mut self, text: String) {
        self.problems.push(Problem { origin: self.origin.to_owned(), text });
    }
}

/// What an unknown name in a table was probably meant to be: a setting of that name in
/// another table, or else the neighbour whose name is nearest.
fn suggest(rows: &'static [Row], base: &str, within: &str, name: &str) -> String {
    let last = |key: &'static str| key.rsplit('.').next().unwrap_or(key);
    let here = rows.iter().find(|row| last(row.key) == name).map(|row| format!("{base}{}", row.key));
    let top = || GENERAL.iter().find(|row| last(row.key) == name).map(|row| row.key.to_owned());
    if let Some(path) = here.or_else(top) {
        return format!("did you mean `{path}`?");
    }
    let neighbours = rows.iter().filter_map(|row| row.key.strip_prefix(within));
    did_you_mean(name, neighbours.map(|key| key.split('.').next().unwrap_or(key).to_owned()))
}

/// Names the nearest of the known names, and says how sure that is.
pub(super) fn did_you_mean(name: &str, known: impl Iterator<Item = String>) -> String {
    let nearest = known.min_by_key(|known| strsim::damerau_levenshtein(name, known));
    let Some(nearest) = nearest else {
        return "no key is known here".to_owned();
    };
    if is_near(name, &nearest) {
        format!("did you mean `{nearest}`?")
    } else {
        format!("the nearest known one is `{nearest}`")
    }
}

/// Recognizes a name so few edits from a known one that it was probably meant.
pub(super) fn is_near(name: &str, known: &str) -> bool {
    strsim::damerau_levenshtein(name, known) <= (name.chars().count() / 3).max(2)
}
