//! The searches of a run, and the one that an input remembers.

use serde::{Deserialize, Serialize, Serializer};

use quarry_domain::{FinalReason, LoggedSearchId, SearchContext, Timestamp, UserId};

/// One search of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoldedSearch {
    /// The user, if any keystroke of the search names one.
    pub user: Option<UserId>,
    /// The typed text: trimmed, with collapsed white space, masked if the policy requires it.
    pub query: String,
    /// The text exceeded [`MAX_QUERY_GRAPHEMES`](super::MAX_QUERY_GRAPHEMES), and was truncated.
    pub truncated: bool,
    /// The number of its keystrokes.
    pub keystrokes: i64,
    /// The first result count of exactly the stored text.
    pub result_count: Option<i64>,
    /// The facts about the request of that result count, masked like the text; without one, about the first request
    /// of exactly the stored text that has any.
    #[serde(skip)]
    pub context: SearchContext,
    /// The reason of its end.
    pub reason: FinalReason,
    /// The arrival of its first keystroke.
    pub started_at: Timestamp,
    /// The arrival of its last keystroke.
    pub last_keystroke_at: Timestamp,
}

/// The last stored search of an input, which later keystrokes may continue.
///
/// Its text is masked like the stored one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RememberedSearch {
    /// The id of its row.
    pub id: LoggedSearchId,
    /// The revision of its row: 1 at first.
    pub revision: i64,
    /// Its content.
    pub search: FoldedSearch,
    /// The state of the search box after it.
    pub trace: SearchTrace,
}

/// The state of the search box after a stored search.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SearchTrace {
    /// The box was cleared.
    pub(crate) is_cleared: bool,
    /// An input method was composing the text.
    pub(crate) is_composing: bool,
    /// The longer text from which a stray last letter was removed, and its result count.
    pub(crate) longer: Option<(String, Option<i64>)>,
    /// The context of the longer text.
    #[serde(skip)]
    pub(crate) longer_context: SearchContext,
    /// Fingerprints of the prefixes of the typed text, if masking changed it.
    pub(crate) prefixes: Vec<u8>,
}

/// The contexts of a remembered search, which buffers encode after the rest: earlier versions lack them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SearchContexts {
    search: SearchContext,
    longer: SearchContext,
}

impl RememberedSearch {
    pub(crate) fn contexts(&self) -> SearchContexts {
        let (search, longer) = (self.search.context.clone(), self.trace.longer_context.clone());
        SearchContexts { search, longer }
    }

    pub(crate) fn with_contexts(mut self, contexts: SearchContexts) -> Self {
        self.search.context = contexts.search;
        self.trace.longer_context = contexts.longer;
        self
    }
}

/// A remembered search with its contexts, as the journal encodes it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "(RememberedSearch, SearchContexts)")]
pub(crate) struct SearchInContext(pub(crate) RememberedSearch);

impl From<(RememberedSearch, SearchContexts)> for SearchInContext {
    fn from((search, contexts): (RememberedSearch, SearchContexts)) -> Self {
        Self(search.with_contexts(contexts))
    }
}

impl Serialize for SearchInContext {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (&self.0, self.0.contexts()).serialize(serializer)
    }
}
