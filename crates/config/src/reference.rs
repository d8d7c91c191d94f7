//! The reference of all settings, from their declarations.

use std::sync::LazyLock;

use super::reference_line::ReferenceLine;
use super::setting::SettingEntry;
use super::settings::Settings;
use super::table::SettingsTable as _;

static REFERENCE: LazyLock<Vec<ReferenceLine>> =
    LazyLock::new(|| entries(None).into_iter().map(|entry| entry.line).collect());

/// The entries of all settings, with their values if there are some.
pub(crate) fn entries(settings: Option<&Settings>) -> Vec<SettingEntry> {
    let mut entries = Vec::new();
    Settings::entries(settings, "", &mut entries);
    entries
}

/// All settings, in the order of the documentation.
pub fn reference() -> Vec<ReferenceLine> {
    lines().to_vec()
}

pub(crate) fn lines() -> &'static [ReferenceLine] {
    &REFERENCE
}

/// The variables of settings, each with the key that it sets.
pub(crate) fn variables() -> impl Iterator<Item = (&'static str, &'static str)> {
    lines().iter().filter_map(|line| Some((line.variable.as_deref()?, &*line.key)))
}
