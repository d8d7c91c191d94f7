//! The settings as they were written: one layer for each place that says something, with
//! known keys and fitting values only.

use std::path::{Path, PathBuf};

use figment::providers::{Format, Toml};
use figment::value::{Dict, Map, Value};
use figment::{Metadata, Profile, Provider};

use super::check::Check;
use super::environment::{self, Environment};
use super::error::{ConfigError, Problem};
use super::reference::{Fallback, GENERAL, KEY, Row, SOURCE, pagination_rows};

/// The file that is read when none is named.
pub const DEFAULT_FILE: &str = "quarry.toml";
/// The key under which a time of TOML's own arrives.
const TOML_TIME: &str = "$__toml_private_datetime";
/// What the layer of defaults is called.
pub(super) const DEFAULT: &str = "default";

/// What the command line says about the settings.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// The file to read: `--config`.
    pub config: Option<PathBuf>,
    /// `--listen`.
    pub listen: Option<String>,
    /// `--data-dir`.
    pub data_dir: Option<String>,
    /// `--database-url`.
    pub database_url: Option<String>,
    /// `--log-level`.
    pub log_level: Option<String>,
    /// `--allow-new-database`.
    pub allow_new_database: bool,
}

impl Overrides {
    fn layers(&self, environment: &Environment, problems: &mut Vec<Problem>) -> Vec<Layer> {
        let allow_new = self.allow_new_database.then(|| "true".to_owned());
        let given = [
            ("--listen", "listen", &self.listen),
            ("--data-dir", "data_dir", &self.data_dir),
            ("--database-url", "database_url", &self.database_url),
            ("--log-level", "log.level", &self.log_level),
            ("--allow-new-database", "database.allow_new", &allow_new),
        ];
        let mut layers = Vec::new();
        for (flag, key, text) in given {
            let (Some(text), Some(row)) = (text, GENERAL.iter().find(|row| row.key == key)) else {
                continue;
            };
            let value = environment::parse(row.kind, text);
            Check { origin: flag, environment, problems: &mut *problems }.value(row.kind, &value, row.key);
            layers.push(Layer::of(flag, row.key, value));
        }
        layers
    }
}

/// What one place says.
pub(super) struct Layer {
    origin: String,
    values: Dict,
}

impl Layer {
    /// A layer of one value.
    pub(super) fn of(origin: impl Into<String>, key: &str, value: Value) -> Self {
        let mut values = Dict::new();
        insert(&mut values, key, value);
        Self { origin: origin.into(), values }
    }

    fn defaults() -> Self {
        let mut values = Dict::new();
        complete(&GENERAL, &mut values);
        Self { origin: DEFAULT.to_owned(), values }
    }
}

impl Provider for Layer {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.origin.clone())
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        Ok(Profile::Default.collect(self.values.clone()))
    }
}

/// Every layer, and what was noticed on the way.
pub(super) struct Read {
    /// The weakest first.
    pub(super) layers: Vec<Layer>,
    /// The file that was read, if there was one.
    pub(super) file: Option<PathBuf>,
    /// Variables that begin as settings do and are none.
    pub(super) foreign_variables: Vec<String>,
}

/// Reads every layer.
pub(super) fn read(
    overrides: &Overrides,
    environment: &Environment,
    directory: &Path,
) -> Result<Read, ConfigError> {
    let named_by_variable = environment.get(environment::FILE_VARIABLE);
    let (name, why) = match (&overrides.config, named_by_variable) {
        (Some(path), _) => (path.clone(), Some("--config")),
        (None, Some(path)) => (PathBuf::from(path), Some(environment::FILE_VARIABLE)),
        (None, None) => (PathBuf::from(DEFAULT_FILE), None),
    };
    let origin = name.display().to_string();
    let path = directory.join(&name);
    let (text, file) = match std::fs::read_to_string(&path) {
        Ok(text) => (text, Some(path)),
        Err(error) if why.is_none() && error.kind() == std::io::ErrorKind::NotFound => (String::new(), None),
        Err(error) => {
            let named = why.map(|why| format!(" ({why} names it)")).unwrap_or_default();
            return Err(ConfigError::one(origin, format!("cannot be read: {error}{named}")));
        }
    };
    Ok(Read { file, ..from_text(&origin, &text, overrides, environment)? })
}

/// Reads every layer, with this text for the file.
pub(super) fn from_text(
    origin: &str,
    text: &str,
    overrides: &Overrides,
    environment: &Environment,
) -> Result<Read, ConfigError> {
    let mut values: Dict = Toml::from_str(text).map_err(|error| malformed(origin, text, &error))?;
    for key in tables_of(&mut values, "keys") {
        key.values_mut().for_each(write_time_out);
    }
    let mut problems = Vec::new();
    Check { origin, environment, problems: &mut problems }.file(&values);
    let common = environment.common_layer(&mut problems);
    let (variables, foreign_variables) = environment.layers(&variables_in_headers(&values), &mut problems);
    let flags = overrides.layers(environment, &mut problems);
    if !problems.is_empty() {
        return Err(ConfigError::new(problems));
    }
    for key in tables_of(&mut values, "keys") {
        complete(KEY, key);
    }
    for source in tables_of(&mut values, "sources") {
        complete_source(source, environment);
    }
    let mut layers = vec![Layer::defaults()];
    layers.extend(common);
    layers.push(Layer { origin: origin.to_owned(), values });
    layers.extend(variables);
    layers.extend(flags);
    Ok(Read { layers, file: None, foreign_variables })
}

/// Says where the text stops being TOML, without the line itself: it may hold a secret.
fn malformed(origin: &str, text: &str, error: &toml::de::Error) -> ConfigError {
    let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|char| *char != '\n').count() + 1;
    let reason = error.message().replace('\n', ", ");
    ConfigError::one(origin, format!("is no valid TOML at line {line}, column {column}: {reason}"))
}

/// TOML has times of its own, which arrive as a table of one text.
fn write_time_out(value: &mut Value) {
    let text = value.as_dict().and_then(|table| table.get(TOML_TIME)).and_then(Value::as_str);
    if let Some(text) = text {
        *value = Value::from(text.replacen(' ', "T", 1));
    }
}

fn tables_of<'a>(values: &'a mut Dict, list: &str) -> impl Iterator<Item = &'a mut Dict> {
    let tables = match values.get_mut(list) {
        Some(Value::Array(_, tables)) => tables.as_mut_slice(),
        _ => &mut [],
    };
    tables.iter_mut().filter_map(|table| match table {
        Value::Dict(_, table) => Some(table),
        _ => None,
    })
}

/// The names of the variables that headers stand on: they may begin with `QUARRY_`.
fn variables_in_headers(values: &Dict) -> Vec<String> {
    let sources = values.get("sources").and_then(Value::as_array).unwrap_or_default();
    let mut names = Vec::new();
    for headers in sources.iter().filter_map(|source| source.find_ref("headers")?.as_dict()) {
        for text in headers.values().filter_map(Value::as_str) {
            names
                .extend(text.split("${").skip(1).filter_map(|rest| Some(rest.split_once('}')?.0.to_owned())));
        }
    }
    names
}

/// Puts the defaults of a checked source in, and the variables into its headers.
fn complete_source(source: &mut Dict, environment: &Environment) {
    complete(SOURCE, source);
    if let Some(Value::Dict(_, table)) = source.get_mut("pagination") {
        let rows = table.get("kind").and_then(Value::as_str).and_then(pagination_rows);
        complete(rows.unwrap_or_default(), table);
    }
    if let Some(Value::Dict(_, headers)) = source.get_mut("headers") {
        for value in headers.values_mut() {
            if let Some(Ok(expanded)) = value.as_str().map(|text| environment.expand(text)) {
                *value = Value::from(expanded);
            }
        }
    }
}

/// Puts in what is absent and has a default.
fn complete(rows: &[Row], table: &mut Dict) {
    for row in rows {
        if let Fallback::Value(default) = row.fallback {
            let mut parsed: Dict =
                Toml::from_str(&format!("value = {default}")).expect("every default is written as TOML");
            insert(table, row.key, parsed.remove("value").expect("the line above names it"));
        }
    }
}

/// Puts a value under a dotted key, unless there is one already.
fn insert(table: &mut Dict, key: &str, value: Value) {
    let Some((folder, rest)) = key.split_once('.') else {
        table.entry(key.to_owned()).or_insert(value);
        return;
    };
    let inner = table.entry(folder.to_owned()).or_insert_with(|| Value::from(Dict::new()));
    if let Value::Dict(_, inner) = inner {
        insert(inner, rest, value);
    }
}
