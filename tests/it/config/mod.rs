//! Settings from an operator's view: layers, problems, sources and printed settings.

mod attributes;
mod defaults;
mod keys;
mod layers;
mod parents;
mod printing;
mod refusals;
mod sources;
mod variables;

use std::path::Path;

use quarry::config::{ConfigError, Environment, Overrides, Settings};

/// A source with required settings only.
const SOURCE: &str = r#"
[[sources]]
name = "messages"
url = "http://127.0.0.1:9000/messages/"
pagination = { kind = "offset" }
fields = { key = "/id", text = "/message" }
"#;

/// A key with all scopes.
const KEY: &str = r#"
[[keys]]
name = "operator"
hash = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
scopes = ["SEARCH", "REPORTS", "ADMIN"]
"#;

/// Loads settings from a folder with this `quarry.toml` and these variables.
fn load(file: &str, variables: &[(&str, &str)]) -> Result<Settings, ConfigError> {
    let directory = tempfile::tempdir().expect("a folder can be made");
    std::fs::write(directory.path().join("quarry.toml"), file).expect("the file can be written");
    load_in(directory.path(), variables, &Overrides::default())
}

fn load_in(
    directory: &Path,
    variables: &[(&str, &str)],
    overrides: &Overrides,
) -> Result<Settings, ConfigError> {
    let environment = Environment::from_pairs(variables.iter().copied());
    Settings::load_from(overrides, &environment, directory)
}

/// The problems of rejected settings, without their lines.
fn refusal(file: &str, variables: &[(&str, &str)]) -> String {
    let error = load(file, variables).expect_err("these settings must be refused");
    let problems = error.problems().iter();
    problems.map(|problem| format!("{}: {}", problem.origin, problem.text)).collect::<Vec<_>>().join("\n")
}
