//! Trials of schemes of pagination, each by a preview of two pages.

use super::scheme::PagingGuess;
use super::table::SourceTable;
use super::{ProposalError, parse};
use crate::client::HttpUpstream;
use crate::json::Json;
use crate::preview::{Preview, preview};

/// The number of schemes of pagination that are tried.
const MAX_TRIES: usize = 12;
/// The pages of a verification.
pub(super) const VERIFIED_PAGES: usize = 2;
/// The second page has other items.
pub(super) const VERIFIED: u8 = 3;
/// The list ends on its first page.
pub(super) const SINGLE_PAGE: u8 = 2;
/// The first page can be fetched.
pub(super) const FIRST_PAGE: u8 = 1;

/// Scores a scheme of pagination by its preview, and says in words what it showed.
///
/// A total that equals the items of the first page may be their number: a second page without items confirms it, one
/// that repeats the first does not.
pub(super) fn judge(preview: &Preview, items: usize, total: Option<i64>) -> (u8, String) {
    let is_whole = total.is_some_and(|total| usize::try_from(total).is_ok_and(|total| total <= items));
    let first = preview.pages.first().and_then(|page| page.items);
    match (first, preview.pages.get(1).map(|page| page.items)) {
        (None, _) => {
            let cause = preview.pages.first().and_then(|page| page.failures.last());
            (0, format!("not verified: {}", cause.map_or("no response", String::as_str)))
        }
        (Some(_), Some(Some(second))) if second > 0 && !preview.repeats_page => {
            (VERIFIED, format!("verified: the second page has {second} other items"))
        }
        (Some(first), None | Some(Some(0))) if is_whole && first >= items => {
            (SINGLE_PAGE, "all items are on the first page, so this is not verified".to_owned())
        }
        (Some(first), None | Some(Some(0))) if total.is_none() && preview.works() && first >= items => {
            (SINGLE_PAGE, "the list seems to end on its first page, so this is not verified".to_owned())
        }
        (Some(_), Some(Some(_))) => {
            (FIRST_PAGE, "not verified: the second page repeats the first".to_owned())
        }
        (Some(_), Some(None)) => {
            (FIRST_PAGE, "not verified: the second page could not be fetched".to_owned())
        }
        (Some(_), None) => (FIRST_PAGE, "not verified: no second page was found".to_owned()),
    }
}

/// Returns true if the first page was refused because of a parameter.
fn is_refused(preview: &Preview) -> bool {
    let first = preview.pages.first();
    first.is_some_and(|page| page.items.is_none() && page.status.is_some_and(is_refused_status))
}

/// Returns true for a client error that another request may avoid: not for one of credentials or of rate limits.
fn is_refused_status(status: u16) -> bool {
    matches!(status, 400..500) && !matches!(status, 401 | 403 | 407 | 408 | 425 | 429)
}

/// Returns true if a scheme fits better than the best one before it.
///
/// A next page that the response states is only replaced by one that works.
fn is_better(trial: &Trial, best: &Trial) -> bool {
    let is_unfounded = best.guess.is_stated && !trial.guess.is_stated && trial.score <= FIRST_PAGE;
    trial.score > best.score && !is_unfounded
}

/// A tried scheme.
#[derive(Default)]
pub(super) struct Trial {
    pub(super) score: u8,
    pub(super) guess: PagingGuess,
    pub(super) verdict: String,
}

/// The trials of schemes for a table whose items and fields are described.
pub(super) struct Trials<'t> {
    pub(super) table: &'t mut SourceTable,
    /// The number of items on the first page.
    pub(super) items: usize,
    /// The first one of them.
    pub(super) first_item: Option<Json>,
    pub(super) total: Option<i64>,
    pub(super) best: Option<Trial>,
}

impl Trials<'_> {
    /// Tries schemes, and returns true once one is verified.
    pub(super) async fn run(&mut self, guesses: Vec<PagingGuess>) -> Result<bool, ProposalError> {
        let mut guesses = guesses.into_iter().take(MAX_TRIES).peekable();
        while let Some(guess) = guesses.next() {
            let is_named_again = guesses.peek().is_some_and(|next| next.differs_by_limit(&guess));
            let (mut trial, mut preview) = self.make(guess).await?;
            // Strict upstreams refuse parameters that they do not know, and the name of the page size is a guess.
            let without_limit = trial.guess.without_limit().filter(|_| !is_named_again);
            if let Some(guess) = without_limit.filter(|_| is_refused(&preview)) {
                let (without, of_it) = self.make(guess).await?;
                if !is_refused(&of_it) {
                    (trial, preview) = (without, of_it);
                }
            }
            let other = trial.guess.other_first.clone();
            if let Some(toml) = other.filter(|_| self.suggests_other_first(&preview)) {
                let other = PagingGuess { toml, other_first: None, ..trial.guess.clone() };
                let (other, preview) = self.make(other).await?;
                if other.score > FIRST_PAGE && !self.suggests_other_first(&preview) {
                    trial = other;
                }
            }
            let is_verified = trial.score == VERIFIED;
            if self.best.as_ref().is_none_or(|best| is_better(&trial, best)) {
                self.best = Some(trial);
            }
            if is_verified {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn make(&mut self, guess: PagingGuess) -> Result<(Trial, Preview), ProposalError> {
        self.table.paging = Some(guess.clone());
        let config = parse(self.table)?;
        let preview = preview(&config, &HttpUpstream::new(&config)?, VERIFIED_PAGES).await;
        let (score, verdict) = judge(&preview, self.items, self.total);
        tokio::time::sleep(config.delay).await;
        Ok((Trial { score, guess, verdict }, preview))
    }

    /// Returns true if the number of the first item or page is wrong.
    ///
    /// The first page is refused, begins with another item than the address without parameters, or ends with the
    /// first item of the second one.
    fn suggests_other_first(&self, preview: &Preview) -> bool {
        let Some(first) = preview.pages.first().filter(|page| page.items.is_some()) else { return true };
        let overlaps = preview.pages.get(1).is_some_and(|second| {
            second.first_item.is_some() && second.first_item == first.last_item && second.items > Some(1)
        });
        first.first_item != self.first_item || overlaps
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn client_errors_refuse_parameters_except_those_of_credentials_and_limits() {
        let refused = [400, 404, 405, 406, 409, 410, 412, 414, 416, 418, 422, 431, 451];
        assert!(refused.into_iter().all(is_refused_status));
        assert!(![200, 302, 401, 403, 407, 408, 425, 429, 500, 503].into_iter().any(is_refused_status));
    }

    #[test]
    fn a_stated_next_page_precedes_schemes_that_do_not_work() {
        let trial = |score, is_stated| Trial {
            score,
            guess: PagingGuess { is_stated, ..PagingGuess::default() },
            verdict: String::new(),
        };
        assert!(!is_better(&trial(FIRST_PAGE, false), &trial(0, true)));
        assert!(is_better(&trial(FIRST_PAGE, true), &trial(0, true)));
        assert!(is_better(&trial(FIRST_PAGE, false), &trial(0, false)));
        assert!(is_better(&trial(VERIFIED, false), &trial(0, true)));
    }
}
