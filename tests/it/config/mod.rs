//! Settings as an operator meets them: layers, refusals, sources, and what is printed.

mod defaults;
mod keys;
mod layers;
mod printing;
mod refusals;
mod sources;
mod variables;

use std::path::Path;

use quarry::config::{ConfigError, Environment, Overrides, Settings};

/// The least that a source needs.
const SOURCE: &str = r#"
[[sources]]
name = "messages"
url = "http://127.0.0.1:9000/messages/"
pagination = { kind = "offset" }
fields = { key = "/id", text = "/message" }
"#;

/// A key that may do all.
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

/// What is wrong with settings that must be refused.
fn refusal(file: &str, variables: &[(&str, &str)]) -> String {
    load(file, variables).expect_err("these settings must be refused").to_string()
}
