//! The environment as settings see it: read once, so that nothing else reads it.

use std::collections::BTreeMap;

use figment::value::Value;

use super::check::{Check, did_you_mean};
use super::error::{ConfigError, Problem};
use super::raw::Layer;
use super::reference::{GENERAL, Kind, variable_of};

/// Begins the name of every variable that sets something.
const PREFIX: &str = "QUARRY_";
/// Begins the name of every variable that only tests read.
const TEST_PREFIX: &str = "QUARRY_TEST_";
/// Names the file of settings.
pub(super) const FILE_VARIABLE: &str = "QUARRY_CONFIG";

/// Where traces are sent, as every program that sends them is told; and quarry's own setting for it.
const OTLP_VARIABLE: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
const OTLP_KEY: &str = "telemetry.otlp_endpoint";

/// The variables of a process.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    variables: BTreeMap<String, String>,
}

impl Environment {
    /// The variables of this process. One that is no UTF-8 text is refused if it is a
    /// setting, and unseen otherwise.
    pub fn of_process() -> Result<Self, ConfigError> {
        let mut variables = BTreeMap::new();
        for (name, value) in std::env::vars_os() {
            let Ok(name) = name.into_string() else {
                continue;
            };
            match value.into_string() {
                Ok(value) => {
                    variables.insert(name, value);
                }
                Err(_) if name.starts_with(PREFIX) => {
                    return Err(ConfigError::one(name, "the value is no UTF-8 text"));
                }
                Err(_) => {}
            }
        }
        Ok(Self { variables })
    }

    /// These variables and no others.
    pub fn from_pairs<N: Into<String>, V: Into<String>>(pairs: impl IntoIterator<Item = (N, V)>) -> Self {
        let pairs = pairs.into_iter().map(|(name, value)| (name.into(), value.into()));
        Self { variables: pairs.collect() }
    }

    /// A variable that is set to something. An empty one counts as unset: that is what
    /// `NAME=${NAME:-}` in a compose file leaves.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Replaces `${NAME}` by the variable of that name, and `$${` by `${`.
    pub(super) fn expand(&self, text: &str) -> Result<String, String> {
        let mut expanded = String::new();
        let mut rest = text;
        while let Some(at) = rest.find("${") {
            let before = &rest[..at];
            rest = &rest[at + 2..];
            if let Some(before) = before.strip_suffix('$') {
                expanded.push_str(before);
                expanded.push_str("${");
                continue;
            }
            expanded.push_str(before);
            let (name, after) = rest.split_once('}').ok_or("has a `${` without its `}`")?;
            let value = self.get(name);
            expanded.push_str(value.ok_or_else(|| format!("names the variable {name}, which is not set"))?);
            rest = after;
        }
        expanded.push_str(rest);
        Ok(expanded)
    }

    /// What variables say that every program reads; weaker than all that is said to quarry alone.
    pub(super) fn common_layer(&self, problems: &mut Vec<Problem>) -> Option<Layer> {
        let value = Value::from(self.get(OTLP_VARIABLE)?);
        Check { origin: OTLP_VARIABLE, environment: self, problems }.value(Kind::WebUrl, &value, OTLP_KEY);
        Some(Layer::of(OTLP_VARIABLE, OTLP_KEY, value))
    }

    /// One layer for each `QUARRY_*` variable. Those in `spoken_for` are used elsewhere.
    pub(super) fn layers(&self, spoken_for: &[String], problems: &mut Vec<Problem>) -> Vec<Layer> {
        let mut layers = Vec::new();
        for (name, text) in &self.variables {
            let ours = name.starts_with(PREFIX) && !name.starts_with(TEST_PREFIX) && name != FILE_VARIABLE;
            if !ours || spoken_for.contains(name) {
                continue;
            }
            let row =
                GENERAL.iter().filter(|row| !row.kind.is_tables()).find(|row| variable_of(row.key) == *name);
            let Some(row) = row else {
                problems.push(Problem { origin: name.clone(), text: refuse(name) });
                continue;
            };
            if text.is_empty() {
                continue;
            }
            let value = parse(row.kind, text);
            Check { origin: name, environment: self, problems: &mut *problems }
                .value(row.kind, &value, row.key);
            layers.push(Layer::of(name.clone(), row.key, value));
        }
        layers
    }
}

fn refuse(name: &str) -> String {
    for key in GENERAL.iter().filter(|row| row.kind.is_tables()).map(|row| row.key) {
        if name.starts_with(&variable_of(key)) {
            return format!("unknown variable; `[[{key}]]` are set in the file alone");
        }
    }
    let known = GENERAL.iter().filter(|row| !row.kind.is_tables()).map(|row| variable_of(row.key));
    format!("unknown variable; {}", did_you_mean(name, known.chain([FILE_VARIABLE.to_owned()])))
}

/// The value that the text of a variable means: what does not fit stays text, to be shown.
pub(super) fn parse(kind: Kind, text: &str) -> Value {
    match (kind, text) {
        (Kind::Switch, "true" | "1") => Value::from(true),
        (Kind::Switch, "false" | "0") => Value::from(false),
        (Kind::Count(..), number) => number.parse::<i64>().map_or_else(|_| Value::from(number), Value::from),
        (Kind::Share, share) => share.parse::<f64>().map_or_else(|_| Value::from(share), Value::from),
        // As the default is printed.
        (Kind::Words | Kind::Pages | Kind::Hosts, "[]") => Value::from(Vec::<String>::new()),
        (Kind::Words | Kind::Pages | Kind::Hosts, words) => {
            Value::from(words.split(',').map(str::trim).collect::<Vec<_>>())
        }
        (_, text) => Value::from(text),
    }
}
