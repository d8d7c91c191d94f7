//! The comparison of expected rows with stored ones: pure.

use std::collections::{HashMap, HashSet};

/// An expected row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpectedSearch {
    /// The stored form of the query.
    pub query: String,
    /// The user id.
    pub user: Option<String>,
    /// The expected number of documents found, if it is known.
    pub count: Option<i64>,
    /// The rows permitted besides; none after a delivery as planned.
    pub tolerance: Option<Tolerance>,
}

/// The rows permitted besides a search whose delivery deviated from the plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tolerance {
    /// The contents of the search box.
    ///
    /// After a delay of keystrokes by the window, the server correctly reads a pause, and stores the content
    /// before it as a search.
    pub pieces: HashSet<String>,
    /// The query may be stored twice: it was sent twice without a `sequence`.
    pub is_repeatable: bool,
}

impl Tolerance {
    fn allows(&self, found: &str, query: &str) -> bool {
        self.pieces.contains(found) && (self.is_repeatable || found != query)
    }
}

/// A row of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredSearch {
    /// The session id.
    pub session: String,
    /// The user id.
    pub user: Option<String>,
    /// The query.
    pub query: String,
    /// The number of documents found.
    pub count: Option<i64>,
}

/// A difference between expectation and log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The session id.
    pub session: String,
    /// The query.
    pub query: String,
    /// The kind of the difference.
    pub kind: DifferenceKind,
}

/// The kind of a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DifferenceKind {
    /// An expected row is missing.
    Missing,
    /// An unexpected row is a prefix of an expected query.
    HalfWord,
    /// Another unexpected row.
    Extra,
    /// A row has another user.
    User,
    /// A row has another number of documents.
    Count,
}

/// The result of a comparison.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    /// The number of expected rows.
    pub expected: usize,
    /// The number of stored rows.
    pub stored: usize,
    /// The permitted rows of searches that an outage split.
    pub split: usize,
    /// All differences that are not permitted.
    pub differences: Vec<Difference>,
}

impl Comparison {
    /// The number of differences of a kind.
    pub fn count(&self, kind: DifferenceKind) -> usize {
        self.differences.iter().filter(|difference| difference.kind == kind).count()
    }

    /// The number of unexpected rows, half-words included.
    pub fn extra(&self) -> usize {
        self.count(DifferenceKind::Extra) + self.count(DifferenceKind::HalfWord)
    }

    /// Returns true if an expected row is missing or wrong.
    pub(super) fn is_incomplete(&self) -> bool {
        let extra = self.extra();
        self.differences.len() > extra
    }
}

/// Compares expected with stored rows, by session.
pub fn compare(expected: &HashMap<String, Vec<ExpectedSearch>>, stored: Vec<StoredSearch>) -> Comparison {
    let mut comparison = Comparison {
        expected: expected.values().map(Vec::len).sum(),
        stored: stored.len(),
        ..Comparison::default()
    };
    let mut by_session: HashMap<String, Vec<StoredSearch>> = HashMap::new();
    for row in stored {
        by_session.entry(row.session.clone()).or_default().push(row);
    }
    let mut sessions: Vec<&String> = expected.keys().collect();
    sessions.sort();
    for session in sessions {
        let rows = by_session.remove(session).unwrap_or_default();
        compare_session(session, &expected[session], rows, &mut comparison);
    }
    // Sessions without a virtual user.
    for (session, rows) in by_session {
        compare_session(&session, &[], rows, &mut comparison);
    }
    comparison
}

fn compare_session(
    session: &str,
    expected: &[ExpectedSearch],
    mut rows: Vec<StoredSearch>,
    comparison: &mut Comparison,
) {
    let mut differ = |query: &str, kind| {
        let (session, query) = (session.to_owned(), query.to_owned());
        comparison.differences.push(Difference { session, query, kind });
    };
    // Best matches first, so that a correct row does not match another search.
    let unmatched = take(expected.iter().collect(), &mut rows, is_exact, |_| {});
    let unmatched =
        take(unmatched, &mut rows, is_of_user, |search| differ(&search.query, DifferenceKind::Count));
    let unmatched =
        take(unmatched, &mut rows, is_query, |search| differ(&search.query, DifferenceKind::User));
    for search in unmatched {
        differ(&search.query, DifferenceKind::Missing);
    }
    let mut split = 0;
    for row in rows {
        let is_allowed = |search: &ExpectedSearch| {
            search.tolerance.as_ref().is_some_and(|tolerance| tolerance.allows(&row.query, &search.query))
        };
        let is_begun = |search: &ExpectedSearch| search.query.starts_with(&row.query);
        let is_expected = expected.iter().any(|search| search.query == row.query);
        if expected.iter().any(is_allowed) {
            split += 1;
        } else if !is_expected && expected.iter().any(is_begun) {
            differ(&row.query, DifferenceKind::HalfWord);
        } else {
            differ(&row.query, DifferenceKind::Extra);
        }
    }
    comparison.split += split;
}

fn is_exact(search: &ExpectedSearch, row: &StoredSearch) -> bool {
    is_of_user(search, row) && search.count.is_none_or(|count| row.count == Some(count))
}

fn is_of_user(search: &ExpectedSearch, row: &StoredSearch) -> bool {
    is_query(search, row) && search.user == row.user
}

fn is_query(search: &ExpectedSearch, row: &StoredSearch) -> bool {
    search.query == row.query
}

/// Removes a matching row for each search; returns the searches without one.
fn take<'e>(
    searches: Vec<&'e ExpectedSearch>,
    rows: &mut Vec<StoredSearch>,
    fits: fn(&ExpectedSearch, &StoredSearch) -> bool,
    mut taken: impl FnMut(&ExpectedSearch),
) -> Vec<&'e ExpectedSearch> {
    let mut left = Vec::new();
    for search in searches {
        match rows.iter().position(|row| fits(search, row)) {
            Some(at) => {
                rows.swap_remove(at);
                taken(search);
            }
            None => left.push(search),
        }
    }
    left
}
