//! The cursor after an accepted page.

use uuid::Uuid;

use super::overlap::Continuity;
use super::{PageContext, PageFacts};
use crate::cursor::CrawlCursor;
use crate::pagination::{PageToken, token_after};
use crate::upstream::Stated;
use quarry_config::{Pagination, SourceConfig};

/// Repeated pages in a row that end the crawl: the upstream serves no others.
const REPEATED_PAGES: u32 = 3;
/// Empty pages in a row that end a list by cursors or links.
const EMPTY_PAGES: u32 = 2;
/// The same if the upstream states further items.
const EMPTY_PAGES_OF_MORE: u32 = 5;
/// Skipped pages in a row that fail the crawl: the upstream is down.
const SKIPPED_PAGES: u32 = 3;
/// Totals that upstreams are known to stop at are multiples of this.
const ROUND_TOTAL: i64 = 1_000;

/// The remedy for an end that looks like an error.
const UNUSUAL_END: &str = "; its last page has other members than the pages before it and than the last page of \
                           that crawl, so it may be an error: if it is the end, state that by `stop`";
/// The remedy for a total that exceeds the items by those of one page.
const FIRST_PAGE: &str = ": if its first page has the number 0, set `first = 0` in `pagination`";

/// Returns the cursor after a page; `previous_total` is the total of the response before it.
pub(super) fn advance(
    context: PageContext<'_>,
    page: &PageFacts,
    previous_total: Option<i64>,
) -> CrawlCursor {
    let PageContext { cursor, history, config, .. } = context;
    let mut after = cursor.clone();
    let token = cursor.next_page.clone().unwrap_or(PageToken::First);
    after.position += 1;
    after.pages += 1;
    if token == PageToken::First {
        after.etag.clone_from(&page.etag);
    }
    after.past_total = false;
    after.promises_more = false;
    after.skipped_in_a_row = 0;
    after.empty_in_a_row = if page.items == 0 { cursor.empty_in_a_row + 1 } else { 0 };
    after.stated_pages = page.pages.or(after.stated_pages);
    after.total_found |= page.total != Stated::Absent;
    after.next_found |= matches!(page.next, Stated::Value(_));
    if page.highest.is_some() {
        after.highest.clone_from(&page.highest);
    }
    let is_full = cursor.since.is_none();
    // Beside changes only, upstreams may state the total of all items.
    let removed = if is_full { update_total(&mut after, &page.total, previous_total) } else { 0 };
    if context.repeats_last_page(page) {
        // The list has ended before this page.
        after.next_page = None;
        end_sweep(&mut after, context, page);
        return after;
    }
    if context.has_begun_again(page) || context.begins_again(page) {
        if cursor.begins_again {
            after.next_page = None;
        } else {
            context.follow_again(page, &token, &mut after);
        }
        if after.next_page.is_none() {
            end_sweep(&mut after, context, page);
        }
        return after;
    }
    if std::mem::take(&mut after.begins_again) {
        after.trouble.get_or_insert_with(|| describe_repeated(cursor.position - 1));
    }
    let continuity = context.continuity(page);
    if matches!(continuity, Continuity::Shifted | Continuity::Rounded) {
        context.read_again(page, continuity, &mut after);
        return after;
    }
    // The first item was counted with the page before.
    let items = page.items - u64::from(continuity == Continuity::Continuous);
    after.rejected += page.rejected;
    after.absent += page.rejected + page.deleted;
    after.note_frame(page.frame, page.items > 0);
    if after.rejection.is_none() {
        after.rejection.clone_from(&page.rejection);
    }
    after.largest_page = after.largest_page.max(page.items);
    after.received = cursor.received.saturating_add(items);
    if !cursor.overlap.rereads {
        after.offered += offered(page, &history.documents);
    }
    if let Some(conflict) = &page.conflict {
        after.conflict.get_or_insert_with(|| conflict.clone());
        after.trouble.get_or_insert_with(|| conflict.clone());
    }
    if let Some(error) = &page.error {
        after.trouble.get_or_insert_with(|| {
            // Positions count the pages of all sweeps: the request tells which page it is.
            let page = token.describe(&config.pagination);
            format!("page {} ({page}): {error}; if that is no error, see `errors`", cursor.position)
        });
    }
    if page.items > 0 && history.pages.contains_key(&page.hash) && !cursor.overlap.may_repeat() {
        count_repeated(&mut after, cursor.position);
    } else {
        after.repeats = 0;
    }
    after.is_absent = page.is_absent;
    if !has_ended(context, page, items, &mut after) {
        after.next_page = token_after(&config.pagination, &token, page.items, page.next.clone().value());
        rewind(context, &mut after, &token, removed);
        context.overlap_next(page, &mut after);
    } else {
        after.next_page = None;
    }
    if matches!(config.pagination, Pagination::Cursor { .. }) && after.next_page.as_ref() == Some(&token) {
        // Some upstreams repeat the cursor at the end.
        after.next_page = None;
    }
    if leads_back(after.next_page.as_ref(), context) {
        let error = format!(
            "the pages never end: page {} leads back to a page that was already fetched",
            cursor.position
        );
        after.dead_end.get_or_insert(error);
    }
    if after.next_page.is_none() {
        end_sweep(&mut after, context, page);
    }
    after
}

/// Returns the cursor behind a page that cannot be fetched, unless its position is unknown.
pub(crate) fn after_skipped(
    cursor: &CrawlCursor,
    config: &SourceConfig,
    failure: &str,
) -> Option<CrawlCursor> {
    let size = config.pagination.size().filter(|_| config.pagination.is_by_position()).map(u64::from)?;
    if cursor.skipped_in_a_row >= SKIPPED_PAGES {
        return None;
    }
    let mut after = cursor.clone();
    after.position += 1;
    after.pages += 1;
    after.skipped += 1;
    after.skipped_in_a_row += 1;
    after.received = cursor.received.saturating_add(size);
    after.trouble.get_or_insert_with(|| format!("skipped: {failure}"));
    let is_reached = after.reaches_total();
    after.end_reached |= is_reached;
    after.next_page = token_after(&config.pagination, cursor.next_page.as_ref()?, size, None);
    after.next_page = after.next_page.filter(|_| !is_reached);
    Some(after)
}

/// Returns true if the next page was fetched already.
pub(super) fn leads_back(next: Option<&PageToken>, context: PageContext<'_>) -> bool {
    // Computed positions advance, unless the list has become shorter.
    !context.config.pagination.is_by_position()
        && next.is_some_and(|next| {
            Some(next) == context.cursor.next_page.as_ref() || context.history.tokens.contains(next)
        })
}

/// Returns true if no page follows; `items` are those of the page without the overlap.
///
/// A short page does not end a list of computed positions; the stated total or an empty page does. Cursors and
/// links end where they are absent.
fn has_ended(context: PageContext<'_>, page: &PageFacts, items: u64, after: &mut CrawlCursor) -> bool {
    if page.is_end {
        return true;
    }
    // Both totals, the accepted and the stated one: new items are fetched as well.
    let total = after.total.max(after.stated_total).unwrap_or(i64::MAX);
    let is_reached = after.reaches(total);
    if page.has_more == Some(false) && (is_reached || total == i64::MAX) {
        return true;
    }
    if !context.config.pagination.is_by_position() {
        return page.has_more == Some(false) && page.next == Stated::Absent || is_behind_end(page, after);
    }
    let is_last_page = page.pages.is_some_and(|pages| i64::from(after.pages) >= pages);
    if items == 0 || is_last_page && total == i64::MAX {
        return true;
    }
    if !is_reached {
        if after.first_total.is_some_and(|first| context.cursor.reaches(first)) {
            after.added_pages += 1;
        }
        // An upstream that gains items as fast as they are fetched has no end to wait for.
        after.keeps_growing = after.added_pages > 1 + after.pages / 4;
        return after.keeps_growing;
    }
    let is_full = page.items >= context.page_size();
    let may_be_capped = total % ROUND_TOTAL == 0 || !context.baseline.knows_total(total);
    // Some upstreams call the number of items on a page the total.
    let is_contradicted = page.has_more == Some(true);
    after.past_total = is_contradicted || is_full && page.has_more != Some(false) && may_be_capped;
    !after.past_total
}

/// Returns true for an empty page behind the end of a list whose upstream continues for ever.
///
/// A filter may leave a page empty, so some in a row are needed unless the total is reached.
fn is_behind_end(page: &PageFacts, after: &CrawlCursor) -> bool {
    let is_open = after.total.is_some() || page.has_more == Some(true);
    let limit = if is_open { EMPTY_PAGES_OF_MORE } else { EMPTY_PAGES };
    page.items == 0 && (after.reaches_total() || after.empty_in_a_row >= limit)
}

fn end_sweep(after: &mut CrawlCursor, context: PageContext<'_>, page: &PageFacts) {
    after.end_reached = true;
    let received = after.received;
    if !after.keeps_growing && after.is_below_total() {
        let remedy = if lacks_first_page(after, context.config) { FIRST_PAGE } else { "" };
        after
            .trouble
            .get_or_insert_with(|| format!("the upstream ended before its total was reached{remedy}"));
    }
    let is_full = after.since.is_none();
    let is_stated = page.has_more == Some(false) && context.config.stop.is_some();
    let is_unusual = page.items == 0 && !is_stated && after.is_unusual_end(context.baseline);
    if is_full
        && after.total.is_none()
        && let Some(before) = context.baseline.ends_early(received, is_unusual)
    {
        after.early_end = true;
        after.unusual_end = is_unusual;
        after.trouble.get_or_insert_with(|| {
            let unusual = if is_unusual { UNUSUAL_END } else { "" };
            format!(
                "the list ended after {received} items, but the last complete crawl saw {before}{unusual}"
            )
        });
    }
    // The status of a parent's first page may state that its list is empty.
    let has_pages = !page.is_end || context.cursor.pages > 0;
    if is_full && has_pages && context.config.total.is_some() && !after.total_found {
        after.trouble.get_or_insert_with(|| "no page has the total: check `total`".to_owned());
    }
}

/// Returns true if as many items are missing as a page has, and the settings leave a number before the first page.
fn lacks_first_page(after: &CrawlCursor, config: &SourceConfig) -> bool {
    let missing = after.total.and_then(|total| u64::try_from(total).ok()?.checked_sub(after.received));
    let is_one_page = missing.is_some_and(|missing| after.received == 0 || missing == after.largest_page);
    is_one_page && matches!(config.pagination, Pagination::Page { first: 1.., .. })
}

/// Updates the total, and returns the number of items by which the list became shorter.
///
/// A change counts once two responses in a row state it, or one beyond it.
fn update_total(after: &mut CrawlCursor, stated: &Stated<i64>, previous: Option<i64>) -> u64 {
    let Stated::Value(stated) = *stated else { return 0 };
    let previous = previous.or(after.stated_total);
    after.stated_total = Some(stated);
    after.confirm_total();
    let Some(known) = after.total else {
        accept_total(after, stated);
        after.first_total = Some(stated);
        return 0;
    };
    let accepted = match previous {
        Some(previous) if previous > known && stated > known => previous.min(stated),
        Some(previous) if previous < known && stated < known => previous.max(stated),
        _ => return 0,
    };
    accept_total(after, accepted);
    if accepted / 2 > known {
        // More than the growth of a live list: the earlier total was wrong.
        after.first_total = Some(accepted);
    }
    after.total_changed = true;
    after.total_shrank |= accepted < known;
    u64::try_from(known - accepted).unwrap_or(0)
}

fn accept_total(after: &mut CrawlCursor, total: i64) {
    after.total = Some(total);
    let (of_sweep, of_crawl) = after.highest_total;
    after.highest_total = (of_sweep.max(total), of_crawl.max(total));
}

/// Moves the next page back by the items that were removed: later ones may have moved to pages before it.
fn rewind(context: PageContext<'_>, after: &mut CrawlCursor, token: &PageToken, removed: u64) {
    if removed == 0 || removed > context.page_size() {
        // After a larger change, another sweep is due anyway.
        return;
    }
    match after.next_page.as_mut() {
        Some(PageToken::Offset(offset)) => {
            *offset = offset.saturating_sub(removed);
            after.received = after.received.saturating_sub(removed);
        }
        Some(PageToken::Page(_)) if *token != PageToken::First => {
            after.next_page = Some(token.clone());
            after.received = context.cursor.received;
        }
        _ => {}
    }
}

/// Returns the documents of a page without those that shifted onto it from the page before.
fn offered(page: &PageFacts, before: &[Uuid]) -> u64 {
    let shifted = page.documents.first().and_then(|first| {
        let tail = &before[before.iter().position(|document| document == first)?..];
        page.documents.starts_with(tail).then_some(tail.len())
    });
    (page.documents.len() - shifted.unwrap_or(0)) as u64
}

fn describe_repeated(position: i64) -> String {
    format!("page {position} repeats another page of its sweep")
}

fn count_repeated(after: &mut CrawlCursor, position: i64) {
    after.repeats += 1;
    after.trouble = Some(describe_repeated(position));
    if after.repeats >= REPEATED_PAGES {
        let error = "the upstream serves the same page again and again: check the paging parameters";
        after.dead_end.get_or_insert(error.to_owned());
    }
}
