//! Differences between loaded settings, and warnings about risky ones.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use chrono::Utc;

use super::error::ConfigError;
use super::reference;
use super::settings::Settings;
use super::source::{AttributeConfig, LanguageSetting};
use super::values::allows_every;
use quarry_domain::SourceName;

impl Settings {
    /// The keys of the settings that differ, in the order of the reference.
    pub fn changed_from(&self, before: &Self) -> Vec<&'static str> {
        let pairs = reference::entries(Some(self)).into_iter().zip(reference::entries(Some(before)));
        let changed = pairs.zip(reference::lines()).filter(|((now, before), _)| now.value != before.value);
        changed.map(|(_, line)| &*line.key).collect()
    }

    /// The reason why a running server must not apply `next`.
    ///
    /// It would open or close the server to all clients, probably by a slip.
    pub fn refuses(&self, next: &Self) -> Option<ConfigError> {
        let (file, next_file) = (&self.provenance.file, &next.provenance.file);
        if let (Some(file), None) = (file, next_file) {
            let text = "is gone: its settings would be lost; restore it, or restart the server without it";
            return Some(ConfigError::one(file.display().to_string(), text));
        }
        if !self.keys.is_empty() && next.keys.is_empty() {
            let origin =
                next_file.as_deref().map_or("settings".to_owned(), |file| file.display().to_string());
            let text = "`keys` is empty, but the server requires keys: access without keys needs a restart";
            return Some(ConfigError::one(origin, text));
        }
        if self.persisted.only_trusted && next.persisted.documents.is_none() {
            let text = "`persisted.documents` is not set, but the server runs trusted documents only: this change needs \
                a restart";
            return Some(ConfigError::one("settings", text));
        }
        None
    }

    /// The sources with a language other than the default, on which the index depends.
    pub fn special_languages(&self) -> Vec<(&SourceName, &LanguageSetting)> {
        let languages = self.sources.contents().map(|source| (source.name, source.language));
        let mut special: Vec<_> =
            languages.filter(|(_, language)| **language != LanguageSetting::default()).collect();
        special.sort_unstable();
        special
    }

    /// The declared attributes, on which the index depends, by source.
    pub fn declared_attributes(&self) -> BTreeMap<&SourceName, &[AttributeConfig]> {
        let declared = self.sources.contents().map(|source| (source.name, source.attributes));
        declared.filter(|(_, attributes)| !attributes.is_empty()).collect()
    }

    /// A warning that names the ignored variables; never their values, which may be secrets.
    pub fn foreign_variables(&self) -> Option<String> {
        let names = self.provenance.foreign_variables.join(", ");
        (!names.is_empty()).then(|| {
            format!(
                "ignored, since no setting has such a name: {names} (Kubernetes sets variables like these for a Service \
                 named quarry, unless the pod's spec has `enableServiceLinks: false`)"
            )
        })
    }

    /// Warnings about risky settings of a server on `address`, and about ignored variables.
    pub fn warnings(&self, address: SocketAddr) -> Vec<String> {
        let mut warnings: Vec<String> = self.foreign_variables().into_iter().collect();
        if self.keys.is_empty() {
            let reach = if is_loopback(address) { "this machine" } else { "other machines" };
            warnings.push(format!(
                "{address} can be reached from {reach} and no API keys are configured: every client that reaches it \
                 may read, change and delete (`quarry key new` makes a key)"
            ));
        }
        let mut warn_if = |is_risky: bool, warning: &str| {
            if is_risky {
                warnings.push(warning.to_owned());
            }
        };
        warn_if(
            self.database.allow_new,
            "database.allow_new is on: a lost or exchanged database goes unnoticed; turn it off after this start",
        );
        warn_if(
            self.keys.is_empty() && !self.listens_on_loopback() && self.server.allowed_hosts.is_empty(),
            "without API keys, /graphql accepts loopback host names only: list the other names that clients use in \
             server.allowed_hosts",
        );
        warn_if(
            self.keys.is_empty() && allows_every(&self.server.allowed_hosts),
            "server.allowed_hosts is \"*\" and no API keys are configured: a page with a host name that points here \
             (DNS rebinding) may send requests and read the responses",
        );
        let now = Utc::now();
        for key in self.keys.iter().filter(|key| key.expires.is_some_and(|expires| expires <= now)) {
            warn_if(true, &format!("the key {:?} has expired", key.name.as_str()));
        }
        warn_if(
            allows_every(&self.server.allowed_origins),
            "server.allowed_origins is \"*\": every page in the browser of a user who reaches this server may send \
             requests to it and read the responses",
        );
        warnings
    }

    /// Returns true if only this machine reaches the server.
    pub fn listens_on_loopback(&self) -> bool {
        is_loopback(self.listen)
    }
}

fn is_loopback(address: SocketAddr) -> bool {
    address.ip().to_canonical().is_loopback()
}
