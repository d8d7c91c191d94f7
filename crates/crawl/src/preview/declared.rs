//! The declared attributes of previewed items.

use serde_json::Value;

use quarry_config::AttributeConfig;

/// The declared attributes, each with the number of items that have a value.
pub(super) struct DeclaredAttributes<'a> {
    found: Vec<(&'a AttributeConfig, usize)>,
}

impl<'a> DeclaredAttributes<'a> {
    pub(super) fn new(declared: &'a [AttributeConfig]) -> Self {
        Self { found: declared.iter().map(|attribute| (attribute, 0)).collect() }
    }

    /// Adds the attributes of a document, in JSON.
    pub(super) fn add(&mut self, attributes: &str) {
        if self.found.is_empty() {
            return;
        }
        // As the index reads them.
        let attributes: Value = serde_json::from_str(attributes).unwrap_or_default();
        for (attribute, found) in &mut self.found {
            *found += usize::from(attribute.select(&attributes).iter().any(|value| !value.is_null()));
        }
    }

    /// Describes the attributes that no item has, for items with these members.
    pub(super) fn problems(&self, members: &str) -> Vec<String> {
        let missing = self.found.iter().filter(|(_, found)| *found == 0);
        let problem = |(attribute, _): &(&AttributeConfig, usize)| {
            format!(
                "no item has the attribute {:?} at {:?}: attributes have the members {members}; set its pointer",
                attribute.name,
                attribute.path()
            )
        };
        missing.map(problem).collect()
    }
}
