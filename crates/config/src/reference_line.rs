//! One line of the documentation of the settings.

/// The documentation of one setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReferenceLine {
    /// The dotted key, as in `quarry.toml`.
    pub key: String,
    /// The `QUARRY_*` variable that sets it; keys and sources are set in the file alone.
    pub variable: Option<String>,
    /// The default as TOML, or a description of it.
    pub default: String,
    /// The effect of the setting.
    pub meaning: String,
}

impl ReferenceLine {
    /// A line without a default; `prefix` is empty or ends with a dot.
    pub(crate) fn new(prefix: &str, name: &str, meaning: &str) -> Self {
        let key = format!("{prefix}{name}");
        let variable = Some(variable_of(&key));
        Self { key, variable, default: String::new(), meaning: meaning.trim().to_owned() }
    }

    /// The list of tables that the file alone sets.
    pub(crate) fn is_list(&self) -> bool {
        self.variable.is_none() && !self.is_in_list()
    }

    /// True for a setting within an entry of such a list.
    pub(crate) fn is_in_list(&self) -> bool {
        self.variable.is_none() && self.key.contains('.')
    }
}

/// The `QUARRY_*` variable that sets a key.
pub(crate) fn variable_of(key: &str) -> String {
    format!("QUARRY_{}", key.to_uppercase().replace('.', "__"))
}
