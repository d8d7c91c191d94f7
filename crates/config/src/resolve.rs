//! From layers to settings: the strongest layer wins, what is worked out is worked out, and
//! what only several settings together can break is checked.

use std::collections::{BTreeSet, HashSet};

use figment::Figment;
use figment::value::Value;

use super::environment::Environment;
use super::error::{ConfigError, Problem};
use super::raw::{self, DEFAULT, Layer, Overrides, Read};
use super::reference::GENERAL;
use super::settings::Settings;
use super::source::SourceConfig;

/// Searches that one core has under way at once, when it is not set.
const SEARCHES_PER_CORE: usize = 4;
/// What each thread of the index writer needs, in MiB.
const INDEXING_MB_PER_THREAD: usize = 15;

impl Settings {
    /// Reads the settings of this process: defaults, then the file, then `QUARRY_*`
    /// variables, then the command line.
    pub fn load(overrides: &Overrides) -> Result<Self, ConfigError> {
        Self::load_from(overrides, &Environment::of_process()?, std::path::Path::new(""))
    }

    /// As [`Settings::load`], with this environment and working directory.
    pub fn load_from(
        overrides: &Overrides,
        environment: &Environment,
        directory: &std::path::Path,
    ) -> Result<Self, ConfigError> {
        resolve(raw::read(overrides, environment, directory)?)
    }

    /// The settings that this text makes as the only file, with no variables set.
    pub fn from_toml(text: &str) -> Result<Self, ConfigError> {
        Self::from_text("settings", text, &Environment::default())
    }

    /// The settings that this text, called `origin` in errors, makes as the only file.
    pub fn from_text(origin: &str, text: &str, environment: &Environment) -> Result<Self, ConfigError> {
        resolve(raw::from_text(origin, text, &Overrides::default(), environment)?)
    }
}

fn resolve(Read { layers, file, foreign_variables }: Read) -> Result<Settings, ConfigError> {
    let mut figment = layers.into_iter().fold(Figment::new(), Figment::merge);
    figment = figment.join(Layer::of(DEFAULT, "search.concurrency", Value::from(default_concurrency())));
    let data_dir: String = figment.extract_inner("data_dir").map_err(unforeseen)?;
    figment = figment.join(Layer::of(DEFAULT, "database_url", Value::from(embedded_database(&data_dir))));

    let settings: Settings = figment.extract().map_err(unforeseen)?;
    let mut settings = Settings { file, foreign_variables, ..settings };
    for row in GENERAL.iter() {
        if let Some(metadata) = figment.find_metadata(row.key) {
            settings.origins.insert(row.key, metadata.name.clone().into_owned());
        }
    }
    let problems = contradictions(&settings);
    if problems.is_empty() { Ok(settings) } else { Err(ConfigError::new(problems)) }
}

fn default_concurrency() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from) * SEARCHES_PER_CORE
}

/// The database file in the data folder. `?` and `%` mean something in an address.
fn embedded_database(data_dir: &str) -> String {
    let path = data_dir.trim_end_matches('/').replace('%', "%25").replace('?', "%3F");
    format!("sqlite://{path}/quarry.db")
}

/// Every value was checked by its row; what is refused here is a row that disagrees with
/// its field.
fn unforeseen(error: figment::Error) -> ConfigError {
    let origin = error.metadata.as_ref().map_or("settings".into(), |metadata| metadata.name.clone());
    ConfigError::one(origin, error.to_string())
}

/// What single values cannot tell.
fn contradictions(settings: &Settings) -> Vec<Problem> {
    let mut problems = Vec::new();
    // A default cannot be blamed: the setting that was made is what breaks with it.
    let mut note = |keys: &[&'static str], text: String| {
        let mut origins = keys.iter().filter_map(|key| settings.origins.get(key));
        let origin = origins.find(|origin| *origin != DEFAULT).map_or(DEFAULT, String::as_str);
        problems.push(Problem { origin: origin.to_owned(), text });
    };
    if settings.keys.is_empty() && !settings.listens_on_loopback() && !settings.insecure_listen {
        note(
            &["listen"],
            format!(
                "`listen` is \"{}\", which other machines may reach, and no API keys are configured: listen on a \
                 loopback address such as \"127.0.0.1:{}\", or configure a key (`quarry key new` makes one), or set \
                 `insecure_listen = true` (QUARRY_INSECURE_LISTEN=true) if something else guards it",
                settings.listen,
                settings.listen.port()
            ),
        );
    }
    let search = &settings.search;
    let needed = search.indexing_threads * INDEXING_MB_PER_THREAD;
    if search.indexing_memory_mb < needed {
        note(
            &["search.indexing_memory_mb", "search.indexing_threads"],
            format!(
                "`search.indexing_memory_mb` is {}, but must be at least {needed} for {} threads",
                search.indexing_memory_mb, search.indexing_threads
            ),
        );
    }
    let (bodies, body) = (settings.limits.bodies_mb, settings.server.max_body_bytes);
    // A quarter of the room is for small bodies.
    let needed = body.saturating_mul(4).div_ceil(3 << 20);
    if bodies < needed {
        note(
            &["limits.bodies_mb", "server.max_body_bytes"],
            format!(
                "`limits.bodies_mb` is {bodies}, but must be at least {needed}: three quarters of it are to hold one \
                 body of `server.max_body_bytes`, which is {body}"
            ),
        );
    }
    let (responses, response) = (settings.limits.responses_mb, settings.limits.response_bytes);
    let needed = response.saturating_mul(4).div_ceil(3 << 20);
    if responses < needed {
        note(
            &["limits.responses_mb", "limits.response_bytes"],
            format!(
                "`limits.responses_mb` is {responses}, but must be at least {needed}: three quarters of it are to hold \
                 one response of `limits.response_bytes`, which is {response}"
            ),
        );
    }
    let (mut names, mut hashes) = (BTreeSet::new(), HashSet::new());
    for (index, key) in settings.keys.iter().enumerate() {
        if !names.insert(&key.name) {
            let text = format!("`keys.{index}.name` is {:?}, which another key has", key.name.as_str());
            note(&["keys"], text);
        }
        if !hashes.insert(key.hash) {
            note(&["keys"], format!("`keys.{index}.hash` is that of another key"));
        }
    }
    if settings.persisted.only_trusted && settings.persisted.documents.is_none() {
        note(
            &["persisted.only_trusted"],
            "`persisted.only_trusted` is true, but there are no trusted documents: set `persisted.documents` to \
             their file"
                .to_owned(),
        );
    }
    let mut names = BTreeSet::new();
    for (index, source) in settings.sources.iter().enumerate() {
        if !names.insert(&source.name) {
            note(
                &["sources"],
                format!("`sources.{index}.name` is {:?}, which another source has", source.name.as_str()),
            );
        }
        if let Some(text) = backoff_contradiction(index, source) {
            note(&["sources"], text);
        }
    }
    problems
}

fn backoff_contradiction(index: usize, source: &SourceConfig) -> Option<String> {
    (source.backoff > source.max_backoff).then(|| {
        format!(
            "`sources.{index}.backoff` is {:?}, but must be at most its `max_backoff`, which is {:?}",
            source.backoff, source.max_backoff
        )
    })
}
