//! The settings as TOML without secrets.

use std::fmt::Write as _;

use toml::Table;

use super::reference::entries;
use super::setting::SettingEntry;
use super::settings::Settings;

/// The origin of a default.
pub(crate) const DEFAULT: &str = "default";

impl Settings {
    /// The settings as TOML that commands accept, each with its origin.
    ///
    /// Header values read `[redacted]`, and addresses lose their passwords.
    pub fn to_toml_redacted(&self) -> String {
        let (mut text, mut lists, mut section) = (String::new(), Table::new(), String::new());
        for SettingEntry { line, shown, .. } in entries(Some(self)) {
            let Some(value) = shown else { continue };
            if line.is_list() {
                lists.insert(line.key, value);
                continue;
            }
            let (table, name) = line.key.split_once('.').unwrap_or(("", &line.key));
            if table != section {
                section = table.to_owned();
                let _ = writeln!(text, "\n[{section}]");
            }
            let origin = self.provenance.origins.get(&line.key).map_or(DEFAULT, String::as_str);
            let _ = writeln!(text, "{name} = {value} # {}", origin.replace(char::is_control, "?"));
        }
        if !lists.is_empty() {
            let _ = write!(text, "\n{}", toml::to_string(&lists).expect("settings serialize as TOML"));
        }
        text
    }
}
