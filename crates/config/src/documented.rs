//! The documentation of the settings, from the tables that they are checked by.

use super::reference::{Fallback, GENERAL, KEY, Kind, PAGINATION, Row, SOURCE, variable_of};

/// One line of the documentation of the settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReferenceLine {
    /// The dotted key, as in `quarry.toml`.
    pub key: String,
    /// The `QUARRY_*` variable that sets it; keys and sources are set in the file alone.
    pub variable: Option<String>,
    /// The default as TOML, or a word about it.
    pub default: String,
    /// What the setting does.
    pub meaning: String,
}

/// Every setting, in the order in which the documentation shows them.
pub fn reference() -> Vec<ReferenceLine> {
    let mut lines = Vec::new();
    for row in GENERAL.iter() {
        let variable = (!row.kind.is_tables()).then(|| variable_of(row.key));
        lines.push(line(row, row.key.to_owned(), variable, row.meaning.to_owned()));
        if matches!(row.kind, Kind::Keys) {
            for row in KEY {
                lines.push(line(row, format!("keys.{}", row.key), None, row.meaning.to_owned()));
            }
        }
    }
    for row in SOURCE {
        lines.push(line(row, format!("sources.{}", row.key), None, row.meaning.to_owned()));
        if matches!(row.kind, Kind::Pagination) {
            for (kind, rows) in PAGINATION {
                for row in *rows {
                    let meaning = format!("With `kind = \"{kind}\"`: {}", row.meaning);
                    lines.push(line(row, format!("sources.pagination.{}", row.key), None, meaning));
                }
            }
        }
    }
    lines
}

fn line(row: &Row, key: String, variable: Option<String>, meaning: String) -> ReferenceLine {
    let default = match row.fallback {
        Fallback::Value(value) => format!("`{value}`"),
        Fallback::Computed(text) => text.to_owned(),
        Fallback::Absent => "none".to_owned(),
        Fallback::Required => "required".to_owned(),
    };
    ReferenceLine { key, variable, default, meaning }
}
