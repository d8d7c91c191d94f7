//! The variables of settings, near misses, and foreign variables of the same prefix.

use super::environment::Environment;
use super::error::{ConfigError, ConfigProblem};
use super::reference::{self, variables};
use super::reference_line::variable_of;
use super::suggestion::{is_near, nearest};

/// The prefix of the variables of settings.
const PREFIX: &str = "QUARRY_";
/// The prefix of the variables of tests.
const TEST_PREFIX: &str = "QUARRY_TEST_";
/// The variable with the path of the file.
pub(crate) const FILE_VARIABLE: &str = "QUARRY_CONFIG";
/// OpenTelemetry's own variable for the collector of traces, and quarry's setting for it.
pub(crate) const OTLP_VARIABLE: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
pub(crate) const OTLP_KEY: &str = "telemetry.otlp_endpoint";

impl Environment {
    /// The variables of this process.
    ///
    /// A value that is not UTF-8 is an error if its variable sets a setting, and ignored otherwise.
    pub fn of_process() -> Result<Self, ConfigError> {
        let mut environment = Self::default();
        for (name, value) in std::env::vars_os() {
            let Ok(name) = name.into_string() else { continue };
            match value.into_string() {
                Ok(value) => {
                    environment.variables.insert(name, value);
                }
                Err(_) if name.starts_with(PREFIX) && !is_foreign(&name) => {
                    return Err(ConfigError::one(name, "the value is not UTF-8"));
                }
                Err(_) => {}
            }
        }
        Ok(environment)
    }

    /// Removes the variables of unread settings and returns their names.
    pub fn retain(mut self, is_read: impl Fn(&str) -> bool) -> (Self, Vec<String>) {
        let unread: Vec<String> = variables()
            .filter(|(_, key)| !is_read(key))
            .map(|(name, _)| name.to_owned())
            .chain(lists().map(variable_of))
            .chain([FILE_VARIABLE, OTLP_VARIABLE].map(str::to_owned))
            .filter(|name| self.get(name).is_some())
            .collect();
        self.variables.retain(|name, _| !unread.contains(name));
        (self, unread)
    }
}

/// Finds near misses of the variables of settings, and foreign variables.
///
/// `used` are variables with another purpose.
pub(crate) fn unknown_variables(
    environment: &Environment,
    used: impl Fn(&str) -> bool,
) -> (Vec<ConfigProblem>, Vec<String>) {
    let unknown = environment.variables.keys().filter(|name| {
        name.starts_with(PREFIX)
            && !name.starts_with(TEST_PREFIX)
            && !used(name)
            && !known_names().any(|known| known == **name)
    });
    let (foreign, near): (Vec<String>, Vec<String>) = unknown.cloned().partition(|name| is_foreign(name));
    let problem = |name: String| {
        let text = format!("unknown variable; {}", suggest(&name));
        ConfigProblem::new(name, text)
    };
    (near.into_iter().map(problem).collect(), foreign)
}

fn known_names() -> impl Iterator<Item = &'static str> {
    variables().map(|(name, _)| name).chain([FILE_VARIABLE])
}

/// The keys of the lists of tables, which have no variables.
fn lists() -> impl Iterator<Item = &'static str> {
    reference::lines().iter().filter(|line| line.is_list()).map(|line| &*line.key)
}

/// Recognizes a variable that is not meant for a setting.
///
/// Kubernetes sets seven of them for a Service named `quarry`, and a server must start beside them; a misspelt
/// setting must not be missed.
fn is_foreign(name: &str) -> bool {
    let lists = lists().map(variable_of);
    let known: Vec<String> = known_names().map(str::to_owned).chain(lists).collect();
    // Two underscores separate the parts of a setting's key, and nothing else.
    !name.contains("__") && (is_service_link(name) || !known.iter().any(|known| resembles(name, known)))
}

/// Recognizes the names that Kubernetes and Docker derive from a Service.
///
/// They are `_SERVICE_HOST`, `_SERVICE_PORT`, `_SERVICE_PORT_HTTP`, `_PORT`, `_PORT_8000_TCP`, `_PORT_8000_TCP_ADDR`.
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

/// Recognizes a near miss of a known name.
///
/// It is a few letters away, longer or shorter by whole words, or the last part of its key.
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

fn suggest(name: &str) -> String {
    if let Some(key) = lists().find(|key| resembles(name, &variable_of(key))) {
        return format!("`[[{key}]]` are set in the file alone");
    }
    let (near, others): (Vec<&str>, Vec<&str>) = known_names().partition(|known| resembles(name, known));
    let candidates = if near.is_empty() { others } else { near };
    nearest(name, candidates.into_iter())
}
