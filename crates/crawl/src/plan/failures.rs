//! Failed requests: their budget, and those that end a list.

use crate::pagination::PageToken;
use crate::upstream::FetchError;
use quarry_config::{RequestMethod, SourceConfig};

/// Responses in a row with a status that may end a list, after which it does.
const END_RESPONSES: u32 = 3;
/// The statuses behind the last page of a list: not found, an invalid position, gone, out of range.
const END_STATUSES: [u16; 5] = [400, 404, 410, 416, 422];

/// The failed requests for one page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct FailureCounters {
    /// All failures.
    pub(crate) all: u32,
    /// Failures by a refusal of the upstream.
    pub(crate) refused: u32,
    /// The last status, an empty success, and the failures in a row like it.
    status: Option<u16>,
    is_empty: bool,
    in_a_row: u32,
}

impl FailureCounters {
    /// Counts a failure, and returns an error once the budget is exhausted.
    pub(crate) fn count(&mut self, error: &FetchError, page: &str, config: &SourceConfig) -> Option<String> {
        self.all += 1;
        self.refused += u32::from(error.is_refusal);
        let is_alike = self.status == error.status && self.is_empty == error.is_empty;
        self.in_a_row = if is_alike { self.in_a_row + 1 } else { 1 };
        (self.status, self.is_empty) = (error.status, error.is_empty);
        if self.all >= config.max_attempts {
            let attempts = self.all;
            return Some(format!(
                "{page} could not be fetched in {attempts} attempts; the last cause: {error}{}",
                remedy(error, config)
            ));
        }
        if self.refused > config.max_refusals {
            let refusals = self.refused;
            let remedy = remedy(error, config);
            return Some(format!("{page} was refused {refusals} times; the last cause: {error}{remedy}"));
        }
        None
    }

    /// Returns true if enough responses in a row had a status that ends a list.
    pub(crate) fn end_list(&self) -> bool {
        self.in_a_row >= END_RESPONSES
    }
}

/// Returns what to do about a failure that only the settings cause.
fn remedy(error: &FetchError, config: &SourceConfig) -> &'static str {
    match (error.status, config.method) {
        (Some(405), RequestMethod::Get) => "; the upstream expects another method: set `method = \"POST\"`",
        (Some(405), RequestMethod::Post) => "; the upstream expects another method: set `method = \"GET\"`",
        _ => "",
    }
}

/// Returns true if a failure behind the first page may mean that the list has no such page.
///
/// A cursor that has expired is answered in the same way, so this holds for computed positions only.
pub(crate) fn is_end_failure(error: &FetchError, token: &PageToken, config: &SourceConfig) -> bool {
    let is_end = error.is_empty || error.status.is_some_and(|status| END_STATUSES.contains(&status));
    config.pagination.is_by_position() && *token != PageToken::First && is_end
}

/// Returns true if a status of the first page may mean that a parent has no list.
pub(crate) fn is_absent_status(status: u16) -> bool {
    matches!(status, 404 | 410)
}
