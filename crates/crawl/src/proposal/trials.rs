//! Trials of schemes of pagination, each by a preview of two pages.

use super::scheme::PagingGuess;
use super::table::SourceTable;
use super::{ProposalError, parse};
use crate::client::HttpUpstream;
use crate::preview::{Preview, preview};

/// The number of schemes of pagination that are tried.
const MAX_TRIES: usize = 6;
/// The pages of a verification.
pub(super) const VERIFIED_PAGES: usize = 2;
/// The second page has other items.
pub(super) const VERIFIED: u8 = 3;
/// The list ends on its first page.
pub(super) const SINGLE_PAGE: u8 = 2;
/// The first page can be fetched.
pub(super) const FIRST_PAGE: u8 = 1;

/// Scores a scheme of pagination by its preview, and says in words what it showed.
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
        (Some(first), Some(Some(_))) if is_whole && first >= items => {
            (SINGLE_PAGE, "the second page repeats the first, which has all items".to_owned())
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
    pub(super) total: Option<i64>,
    pub(super) best: Option<Trial>,
}

impl Trials<'_> {
    /// Tries schemes, and returns true once one is verified.
    pub(super) async fn run(&mut self, guesses: Vec<PagingGuess>) -> Result<bool, ProposalError> {
        for guess in guesses.into_iter().take(MAX_TRIES) {
            self.table.paging = Some(guess.clone());
            let config = parse(self.table)?;
            let preview = preview(&config, &HttpUpstream::new(&config)?, VERIFIED_PAGES).await;
            let (score, verdict) = judge(&preview, self.items, self.total);
            if self.best.as_ref().is_none_or(|best| score > best.score) {
                self.best = Some(Trial { score, guess, verdict });
            }
            if score == VERIFIED {
                return Ok(true);
            }
            tokio::time::sleep(config.delay).await;
        }
        Ok(false)
    }
}
