//! The environment as settings see it: read once, so that nothing else reads it.

use std::collections::BTreeMap;

use figment::providers::{Format, Toml};
use figment::value::{Dict, Value};

use super::check::{Check, did_you_mean, is_near};
use super::error::{ConfigError, Problem};
use super::raw::Layer;
use super::reference::{GENERAL, Kind, Row, variable_of};

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
    /// The variables of this process. One that is no UTF-8 text is refused if it is meant
    /// for a setting, and unseen otherwise.
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
                Err(_) if name.starts_with(PREFIX) && !is_foreign(&name) => {
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

    /// Keeps the variables of the settings that `is_read` by their keys, and returns the names of the others
    /// that are set: a command that reads some settings says so of the rest.
    pub fn retain(mut self, is_read: impl Fn(&str) -> bool) -> (Self, Vec<String>) {
        let unread: Vec<String> = GENERAL
            .iter()
            .filter(|row| !is_read(row.key))
            .map(|row| variable_of(row.key))
            .chain([FILE_VARIABLE, OTLP_VARIABLE].map(str::to_owned))
            .filter(|name| self.get(name).is_some())
            .collect();
        self.variables.retain(|name, _| !unread.contains(name));
        (self, unread)
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

    /// One layer for each `QUARRY_*` variable that is a setting, and the names of those that resemble
    /// none. Those in `spoken_for` are used elsewhere.
    pub(super) fn layers(
        &self,
        spoken_for: &[String],
        problems: &mut Vec<Problem>,
    ) -> (Vec<Layer>, Vec<String>) {
        let (mut layers, mut foreign) = (Vec::new(), Vec::new());
        for (name, text) in &self.variables {
            let ours = name.starts_with(PREFIX) && !name.starts_with(TEST_PREFIX) && name != FILE_VARIABLE;
            if !ours || spoken_for.contains(name) {
                continue;
            }
            let Some(row) = settable().find(|row| variable_of(row.key) == *name) else {
                if is_foreign(name) {
                    foreign.push(name.clone());
                } else {
                    problems.push(Problem { origin: name.clone(), text: refuse(name) });
                }
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
        (layers, foreign)
    }
}

/// The settings that a variable can set.
fn settable() -> impl Iterator<Item = &'static Row> {
    GENERAL.iter().filter(|row| !row.kind.is_tables())
}

fn known_names() -> impl Iterator<Item = String> {
    settable().map(|row| variable_of(row.key)).chain([FILE_VARIABLE.to_owned()])
}

/// Recognizes a variable that was not meant for a setting. Kubernetes sets seven of them for a Service
/// named `quarry`, and a server must start beside them; a misspelt setting must not be missed.
fn is_foreign(name: &str) -> bool {
    let tables = GENERAL.iter().filter(|row| row.kind.is_tables()).map(|row| variable_of(row.key));
    let known: Vec<String> = known_names().chain(tables).collect();
    if known.iter().any(|known| known == name) {
        return false;
    }
    // Two underscores are how settings within a table are written, and nothing else.
    !name.contains("__") && (is_service_link(name) || !known.iter().any(|known| resembles(name, known)))
}

/// Recognizes the names that Kubernetes and Docker make of a service's: `_SERVICE_HOST`,
/// `_SERVICE_PORT`, `_SERVICE_PORT_HTTP`, `_PORT`, `_PORT_8000_TCP`, `_PORT_8000_TCP_ADDR`.
fn is_service_link(name: &str) -> bool {
    let words: Vec<&str> = name.split('_').collect();
    let is_number = |word: &str| word.parse::<u16>().is_ok();
    let is_link = |rest: &[&str]| match rest {
        ["PORT"] | ["SERVICE", "HOST"] | ["SERVICE", "PORT", ..] => true,
        ["PORT", number, "TCP" | "UDP" | "SCTP", field @ ..] => {
            is_number(number) && matches!(field, [] | ["PROTO" | "PORT" | "ADDR"])
        }
        _ => false,
    };
    (1..words.len()).any(|at| is_link(&words[at..]))
}

/// Recognizes a near miss of a known name: a few letters away, longer or shorter by whole words,
/// or the last part of its key.
fn resembles(name: &str, known: &str) -> bool {
    let (name, known) = (own_part(name), own_part(known));
    let continues =
        |long: &str, short: &str| long.strip_prefix(short).is_some_and(|rest| rest.starts_with('_'));
    is_near(name, known)
        || continues(name, known)
        || continues(known, name)
        || known.rsplit("__").next() == Some(name)
}

fn own_part(name: &str) -> &str {
    name.strip_prefix(PREFIX).unwrap_or(name)
}

fn refuse(name: &str) -> String {
    for key in GENERAL.iter().filter(|row| row.kind.is_tables()).map(|row| row.key) {
        if resembles(name, &variable_of(key)) {
            return format!("unknown variable; `[[{key}]]` are set in the file alone");
        }
    }
    let (near, others): (Vec<String>, Vec<String>) = known_names().partition(|known| resembles(name, known));
    let candidates = if near.is_empty() { others } else { near };
    format!("unknown variable; {}", did_you_mean(name, candidates.into_iter()))
}

/// The value that the text of a variable means: what does not fit stays text, to be shown.
pub(super) fn parse(kind: Kind, text: &str) -> Value {
    match (kind, text) {
        (Kind::Switch, "true" | "1") => Value::from(true),
        (Kind::Switch, "false" | "0") => Value::from(false),
        (Kind::Count(..), number) => number.parse::<i64>().map_or_else(|_| Value::from(number), Value::from),
        (Kind::Share, share) => share.parse::<f64>().map_or_else(|_| Value::from(share), Value::from),
        (Kind::Words | Kind::Pages | Kind::Hosts | Kind::HeaderNames, words) => list(words),
        (_, text) => Value::from(text),
    }
}

/// Reads a list: words between commas, or as TOML has it and defaults are printed.
fn list(words: &str) -> Value {
    let printed = words.starts_with('[').then(|| Toml::from_str::<Dict>(&format!("value = {words}")).ok());
    match printed.flatten().and_then(|mut table| table.remove("value")) {
        Some(list) => list,
        None => Value::from(words.split(',').map(str::trim).collect::<Vec<_>>()),
    }
}
