//! Expected rows against stored ones: pure.

use std::collections::{HashMap, HashSet};

/// A search that must be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpectedSearch {
    /// As it must be stored.
    pub query: String,
    /// Whose it is.
    pub user: Option<String>,
    /// What the row must say of how many documents it found; none if that is not known.
    pub count: Option<i64>,
    /// What the law allows beside it; none unless something went wrong on the way.
    pub tolerance: Option<Tolerance>,
}

/// What may be stored beside a search whose keystrokes did not arrive as they were typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tolerance {
    /// What stood in the box at some time. Where keystrokes waited for a server for as long as the window,
    /// the server rightly saw a pause, and stored what stood before it as a search of its own.
    pub pieces: HashSet<String>,
    /// The query itself may be there again: it was sent twice, and nothing told the server so.
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
    /// The text.
    pub query: String,
    /// How many documents it found.
    pub count: Option<i64>,
}

/// What a row is, or should have been.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The session id.
    pub session: String,
    /// The text.
    pub query: String,
    /// What is wrong.
    pub kind: DifferenceKind,
}

/// What is wrong with a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DifferenceKind {
    /// It is not there.
    Missing,
    /// It should not be there: it is the beginning of what was searched for.
    HalfWord,
    /// It should not be there.
    Extra,
    /// It is there with another user.
    User,
    /// It is there with another count of documents.
    Count,
}

/// How the log differs from what must be in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    /// Rows that must be there.
    pub expected: usize,
    /// Rows that are there.
    pub stored: usize,
    /// Rows that are there because a search was cut in two by an outage, as the law has it.
    pub split: usize,
    /// Everything else that is not as it must be.
    pub differences: Vec<Difference>,
}

impl Comparison {
    /// How many differences there are of a kind.
    pub fn count(&self, kind: DifferenceKind) -> usize {
        self.differences.iter().filter(|difference| difference.kind == kind).count()
    }

    /// How many rows should not be there, half-words included.
    pub fn extra(&self) -> usize {
        self.count(DifferenceKind::Extra) + self.count(DifferenceKind::HalfWord)
    }

    /// Whether something that must be there is not, or not as it must be.
    pub(super) fn is_incomplete(&self) -> bool {
        let extra = self.extra();
        self.differences.len() > extra
    }
}

/// Compares what must be stored of each session with what is.
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
    // Sessions that nobody had.
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
    // The best fit first, so that a row that is right is not taken for another one's.
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

/// Takes a row for each search that it fits; the searches that are left.
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
