use strum::VariantArray;

/// The group of an operation's root fields: a label of metrics, which clients cannot influence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum FieldGroup {
    /// Searches.
    Search,
    /// Suggestions.
    Suggest,
    /// Look-ups of nodes and changes of documents.
    Documents,
    /// Logged searches.
    SearchLog,
    /// Reports.
    Reports,
    /// Sources and crawls.
    Crawl,
    /// Keystrokes and the state of their logging.
    Keystrokes,
    /// Clicks and conversions.
    Interactions,
    /// Synonyms, stop words and rules.
    Rules,
    /// Erasures.
    Erasure,
    /// Introspection.
    Introspection,
    /// Root fields of several groups.
    Mixed,
    /// An operation that was rejected before its root fields were known.
    Refused,
}

impl FieldGroup {
    /// All groups, in the order of their discriminants.
    pub const ALL: &[Self] = Self::VARIANTS;

    /// The label of the group.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}
