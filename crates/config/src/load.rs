//! Loading of settings: defaults, then `quarry.toml`, then `QUARRY_*` variables, then flags.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::check::contradictions;
use super::environment::Environment;
use super::error::ConfigError;
use super::file::ConfigFile;
use super::node::{ConfigNode, Layers, TextValue};
use super::reference;
use super::secret::Secret;
use super::settings::{Provenance, Settings};
use super::source::link_parents;
use super::table::SettingsTable as _;
use super::variables::{FILE_VARIABLE, OTLP_KEY, OTLP_VARIABLE, unknown_variables};

/// The default name of the file.
pub const DEFAULT_FILE: &str = "quarry.toml";

/// The settings of the command line.
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
    /// `--allow-origin`, the values separated by commas.
    pub allowed_origins: Option<String>,
}

impl Settings {
    /// Loads the settings of this process.
    pub fn load(overrides: &Overrides) -> Result<Self, ConfigError> {
        Self::load_from(overrides, &Environment::of_process()?, Path::new(""))
    }

    /// Loads settings with this environment and working directory.
    pub fn load_from(
        overrides: &Overrides,
        environment: &Environment,
        directory: &Path,
    ) -> Result<Self, ConfigError> {
        let (name, named_by) = match (&overrides.config, environment.get(FILE_VARIABLE)) {
            (Some(path), _) => (path.clone(), Some("--config")),
            (None, Some(path)) => (PathBuf::from(path), Some(FILE_VARIABLE)),
            (None, None) => (PathBuf::from(DEFAULT_FILE), None),
        };
        let origin = name.display().to_string();
        let path = directory.join(&name);
        let (text, file) = match std::fs::read_to_string(&path) {
            Ok(text) => (text, Some(path)),
            Err(error) if named_by.is_none() && error.kind() == ErrorKind::NotFound => (String::new(), None),
            Err(error) if error.kind() == ErrorKind::InvalidData => {
                let problem = "is not UTF-8: save it as UTF-8 (PowerShell 5 writes UTF-16 with `>`)";
                return Err(ConfigError::one(origin, problem.to_owned()));
            }
            Err(error) => {
                let named = named_by.map(|name| format!(" (set by {name})")).unwrap_or_default();
                return Err(ConfigError::one(origin, format!("cannot be read: {error}{named}")));
            }
        };
        let mut settings = resolve(&origin, &text, overrides, environment)?;
        settings.provenance.file = file;
        Ok(settings)
    }

    /// Parses this text as the only file, without variables.
    pub fn from_toml(text: &str) -> Result<Self, ConfigError> {
        Self::from_text("settings", text, &Overrides::default(), &Environment::default())
    }

    /// Parses this text, `origin` in errors, as the only file.
    pub fn from_text(
        origin: &str,
        text: &str,
        overrides: &Overrides,
        environment: &Environment,
    ) -> Result<Self, ConfigError> {
        resolve(origin, text, overrides, environment)
    }
}

impl Default for Settings {
    /// The settings of an empty file, from which libraries take the defaults of their limits.
    fn default() -> Self {
        Self::from_toml("").expect("the defaults fit together")
    }
}

fn resolve(
    origin: &str,
    text: &str,
    overrides: &Overrides,
    environment: &Environment,
) -> Result<Settings, ConfigError> {
    let layers = Layers {
        file: ConfigFile::parse(origin, text)?,
        texts: texts(overrides, environment),
        environment,
        reference: reference::lines(),
        problems: Default::default(),
        origins: Default::default(),
        expanded: Default::default(),
        misspelt: Default::default(),
    };
    let settings = Settings::read(&ConfigNode::root(&layers));
    let expanded = layers.expanded.take();
    let (misspelt, foreign_variables) = unknown_variables(environment, |name| expanded.contains(name));
    let mut problems = layers.problems.take();
    problems.extend(misspelt);
    let Some(mut settings) = settings.filter(|_| problems.is_empty()) else {
        // The file's problems in the order of its lines, then those of variables and flags.
        problems.sort_by_key(|problem| (problem.origin != origin, problem.line));
        return Err(ConfigError::new(problems));
    };
    let origins = layers.origins.take();
    if !origins.contains_key("database_url") {
        settings.database_url = embedded_database(&settings.data_dir);
    }
    link_parents(&mut settings.sources.crawled);
    settings.provenance = Provenance { origins, file: None, foreign_variables };
    let problems = contradictions(&settings, &layers.file);
    if problems.is_empty() { Ok(settings) } else { Err(ConfigError::new(problems)) }
}

/// The values of variables and flags; the weakest first.
fn texts(overrides: &Overrides, environment: &Environment) -> Vec<TextValue> {
    let allow_new = overrides.allow_new_database.then(|| "true".to_owned());
    let flags = [
        ("--listen", "listen", &overrides.listen),
        ("--data-dir", "data_dir", &overrides.data_dir),
        ("--database-url", "database_url", &overrides.database_url),
        ("--log-level", "log.level", &overrides.log_level),
        ("--allow-new-database", "database.allow_new", &allow_new),
        ("--allow-origin", "server.allowed_origins", &overrides.allowed_origins),
    ];
    let variables = reference::variables().map(|(name, key)| (name, key, environment.get(name)));
    let flags = flags.iter().map(|(flag, key, text)| (*flag, *key, text.as_deref()));
    // A variable that every program reads is weaker than quarry's own file.
    [(OTLP_VARIABLE, OTLP_KEY, environment.get(OTLP_VARIABLE))]
        .into_iter()
        .chain(variables)
        .chain(flags)
        .filter_map(|(origin, key, text)| {
            let is_weak = origin == OTLP_VARIABLE;
            Some(TextValue {
                origin: origin.to_owned(),
                key: key.to_owned(),
                text: text?.to_owned(),
                is_weak,
            })
        })
        .collect()
}

/// The address of the database file in the data folder, with `?` and `%` escaped.
fn embedded_database(data_dir: &Path) -> Secret {
    let folder = data_dir.to_string_lossy();
    let path = folder.trim_end_matches('/').replace('%', "%25").replace('?', "%3F");
    Secret::new(format!("sqlite://{path}/quarry.db"))
}
