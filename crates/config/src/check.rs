//! Checks of settings that depend on each other.

use std::collections::{HashMap, HashSet};

use super::error::ConfigProblem;
use super::file::ConfigFile;
use super::settings::Settings;
use super::show::DEFAULT;
use super::source::{AttributeType, AttributeUse, PageFormat, SourceContent, parent_problems};

/// Memory that each thread of the index writer needs, in MiB.
const INDEXING_MB_PER_THREAD: usize = 15;

/// The attributes of all sources: each costs memory per document.
const MAX_ATTRIBUTES: usize = 64;

/// Finds settings that contradict each other.
pub(crate) fn contradictions(settings: &Settings, file: &ConfigFile<'_>) -> Vec<ConfigProblem> {
    let mut found = Contradictions { settings, file, problems: Vec::new() };
    found.check_exposure();
    found.check_memory();
    found.check_cluster();
    found.check_keys();
    found.check_sources();
    if settings.persisted.only_trusted && settings.persisted.documents.is_none() {
        let text = "is true, but there are no trusted documents: set `persisted.documents` to their file";
        found.note(&["persisted.only_trusted"], text);
    }
    found.problems
}

/// The attributes of the sources before, by name.
#[derive(Default)]
struct KnownAttributes<'a> {
    types: HashMap<&'a str, AttributeType>,
    /// The weights of those that are searched.
    weights: HashMap<&'a str, f64>,
}

struct Contradictions<'a> {
    settings: &'a Settings,
    file: &'a ConfigFile<'a>,
    problems: Vec<ConfigProblem>,
}

impl Contradictions<'_> {
    /// Records a problem of the first key, at the first one that is no default.
    fn note(&mut self, keys: &[&str], text: impl std::fmt::Display) {
        let origins = &self.settings.provenance.origins;
        let set = keys.iter().find_map(|key| Some((*key, origins.get(*key)?)));
        let (key, origin) = set.map_or((keys[0], DEFAULT), |(key, origin)| (key, &**origin));
        let path: Vec<String> = key.split('.').map(str::to_owned).collect();
        self.problems.push(self.file.problem(origin, &path, format!("`{}` {text}", keys[0])));
    }

    fn check_exposure(&mut self) {
        let settings = self.settings;
        if settings.keys.is_empty() && !settings.listens_on_loopback() && !settings.insecure_listen {
            let (listen, port) = (settings.listen, settings.listen.port());
            let text = format!(
                "is \"{listen}\", which other machines may reach, and no API keys are configured: listen on a \
                 loopback address such as \"127.0.0.1:{port}\", or configure a key (`quarry key new` makes one), or \
                 set `insecure_listen = true` (QUARRY_INSECURE_LISTEN=true) if something else guards it"
            );
            self.note(&["listen"], text);
        }
    }

    fn check_cluster(&mut self) {
        let cluster = &self.settings.opensearch;
        if cluster.username.is_some() != cluster.password.is_some() {
            let (present, absent) =
                if cluster.username.is_some() { ("username", "password") } else { ("password", "username") };
            let text = format!("is set, but `opensearch.{absent}` is not: set both or neither");
            self.note(&[&format!("opensearch.{present}")], text);
        }
        if cluster.username.is_some() && cluster.api_key.is_some() {
            let text = "is set, and `opensearch.username`, too: set one of them";
            self.note(&["opensearch.api_key"], text);
        }
    }

    fn check_memory(&mut self) {
        let Settings { search, limits, server, .. } = self.settings;
        let needed = search.indexing_threads * INDEXING_MB_PER_THREAD;
        if search.indexing_memory_mb < needed {
            let (memory, threads) = (search.indexing_memory_mb, search.indexing_threads);
            let text = format!("is {memory}, but must be at least {needed} for {threads} threads");
            self.note(&["search.indexing_memory_mb", "search.indexing_threads"], text);
        }
        let bodies = ("limits.bodies_mb", limits.bodies_mb, "server.max_body_bytes", server.max_body_bytes);
        let responses =
            ("limits.responses_mb", limits.responses_mb, "limits.response_bytes", limits.response_bytes);
        for (pool, megabytes, largest, bytes) in [bodies, responses] {
            // A quarter of the memory is reserved for small ones.
            let needed = bytes.saturating_mul(4).div_ceil(3 << 20);
            if megabytes < needed {
                let one = if pool == "limits.bodies_mb" { "body" } else { "response" };
                let text = format!(
                    "is {megabytes}, but must be at least {needed}: three quarters of it are to hold one {one} of \
                     `{largest}`, which is {bytes}"
                );
                self.note(&[pool, largest], text);
            }
        }
    }

    fn check_keys(&mut self) {
        let (mut names, mut hashes) = (HashSet::new(), HashSet::new());
        for (index, key) in self.settings.keys.iter().enumerate() {
            if !names.insert(&key.name) {
                let text = format!("is {:?}, which another key has", key.name.as_str());
                self.note(&[&format!("keys.{index}.name")], text);
            }
            if !hashes.insert(key.hash) {
                self.note(&[&format!("keys.{index}.hash")], "is that of another key");
            }
        }
    }

    fn check_sources(&mut self) {
        let sources = &self.settings.sources;
        let indexes = sources.indexes();
        for (at, setting, text) in parent_problems(&sources.crawled) {
            self.note(&[&format!("sources.{}.{setting}", indexes[at])], text);
        }
        let mut names = HashSet::new();
        let mut known_attributes = KnownAttributes::default();
        for (&index, source) in indexes.iter().zip(sources.contents()) {
            if !names.insert(source.name) {
                let text = format!("is {:?}, which another source has", source.name.as_str());
                self.note(&[&format!("sources.{index}.name")], text);
            }
            self.check_attributes(index, &source, &mut known_attributes);
        }
        for (&index, source) in indexes.iter().zip(&sources.crawled) {
            let key = |name: &str| format!("sources.{index}.{name}");
            if source.format != PageFormat::Json && !source.items.as_str().is_empty() {
                let text = "must be empty for this `format`: each line or row is an item";
                self.note(&[&key("items"), &key("format")], text);
            }
            for (setting, text) in source.contradictions() {
                // The other one of two durations may be the wrong one.
                let other = if setting == "backoff" { "max_backoff" } else { setting };
                self.note(&[&key(setting), &key(other)], text);
            }
            for (at, attribute) in source.attributes.iter().enumerate() {
                if source.fields.maps(&attribute.path()) {
                    let text = format!(
                        "is {:?}, which `fields` maps: such a value does not stay in the attributes",
                        attribute.path()
                    );
                    let (own, name) =
                        (key(&format!("attributes.{at}.pointer")), key(&format!("attributes.{at}.name")));
                    self.note(&[&own, &name], text);
                }
            }
        }
    }

    /// Checks the attributes of a source beside those of the sources before.
    fn check_attributes<'a>(
        &mut self,
        index: usize,
        source: &SourceContent<'a>,
        known_attributes: &mut KnownAttributes<'a>,
    ) {
        let mut names = HashSet::new();
        for (at, attribute) in source.attributes.iter().enumerate() {
            let key = |name: &str| format!("sources.{index}.attributes.{at}.{name}");
            if !names.insert(&attribute.name) {
                let text = format!("is {:?}, which another attribute of the source has", attribute.name);
                self.note(&[&key("name")], text);
            }
            let known = *known_attributes.types.entry(&attribute.name).or_insert(attribute.r#type);
            if known != attribute.r#type {
                let text = format!(
                    "is \"{}\", but {:?} is a \"{}\" in another source: use one type, or another name",
                    attribute.r#type.name(),
                    attribute.name,
                    known.name()
                );
                self.note(&[&key("type")], text);
            }
            if let Some((setting, text)) = attribute.problem() {
                self.note(&[&key(setting)], text);
            }
            if attribute.has(AttributeUse::Search) {
                let known = *known_attributes.weights.entry(&attribute.name).or_insert(attribute.weight);
                if known != attribute.weight {
                    let text = format!(
                        "is {}, but {:?} has the weight {known} in another source: use one weight, or another name",
                        attribute.weight, attribute.name,
                    );
                    self.note(&[&key("weight"), &key("name")], text);
                }
            }
        }
        if known_attributes.types.len() > MAX_ATTRIBUTES {
            let text =
                format!("has more than {MAX_ATTRIBUTES} names with those of other sources: declare fewer");
            self.note(&[&format!("sources.{index}.attributes")], text);
        }
    }
}
