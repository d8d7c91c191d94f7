//! The environment variables of a process, read once: nothing else reads them.

use std::collections::BTreeMap;

/// The variables of a process.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    pub(crate) variables: BTreeMap<String, String>,
}

impl Environment {
    /// These variables and no others.
    pub fn from_pairs<N: Into<String>, V: Into<String>>(pairs: impl IntoIterator<Item = (N, V)>) -> Self {
        let pairs = pairs.into_iter().map(|(name, value)| (name.into(), value.into()));
        Self { variables: pairs.collect() }
    }

    /// The value of a variable.
    ///
    /// An empty one counts as unset: `NAME=${NAME:-}` in a compose file leaves it.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Replaces `${NAME}` by the variable of that name, and `$${` by `${`.
    ///
    /// `embed` spells a value, given the text before it.
    pub(crate) fn expand(&self, text: &str, embed: impl Fn(&str, &str) -> String) -> Result<String, String> {
        let mut expanded = String::new();
        let mut rest = text;
        while let Some(at) = rest.find("${") {
            let before = &rest[..at];
            rest = &rest[at + 2..];
            if let Some(before) = before.strip_suffix('$') {
                expanded.push_str(before);
                expanded.push_str("${");
                continue;
            }
            expanded.push_str(before);
            let (name, after) = rest.split_once('}').ok_or("has a `${` without its `}`")?;
            let value = self.get(name).ok_or_else(|| {
                format!("names the variable {name}, which is not set: set it, or write `$${{` for `${{`")
            })?;
            let value = embed(&expanded, value);
            expanded.push_str(&value);
            rest = after;
        }
        expanded.push_str(rest);
        Ok(expanded)
    }
}

/// The names of the variables that a text contains as `${NAME}`.
pub(crate) fn variables_in(text: &str) -> impl Iterator<Item = &str> {
    text.split("${").skip(1).filter_map(|rest| Some(rest.split_once('}')?.0))
}
