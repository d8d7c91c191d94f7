//! The number of searches over time, from quarters of an hour and from rows at their bounds.
//!
//! Distinct sessions are exact in periods with few searches, and estimated by sketches in others. The number
//! of rows that a report counts exactly is limited; further periods are estimated as well, which is nearly
//! exact for few sessions.

use quarry_runtime::boxed;
use std::collections::BTreeMap;
use std::ops::Range;

use chrono::TimeDelta;
use sea_orm::ColumnTrait;
use sea_orm::sea_query::{Asterisk, Expr, ExprTrait, Order, Query};

use super::super::sketch::SessionSketch;
use super::filtered::rows_holding;
use super::rows::{ZERO_RESULTS, distinct_sessions, within};
use super::sessions::EXACT_SEARCHES;
use crate::batch::union_all;
use crate::entity::search_logs;
use crate::entity::search_volume_quarters::{Column, Entity};
use crate::failure::CallFailure;
use crate::snapshot::ReadTransaction;
use crate::span::{QUARTER_S, Span, ceil, floor};
use crate::sums::total;
use crate::{Store, StoreError, StoredTime, stored};
use quarry_domain::{SearchFact, Timestamp, VolumeBucket};

const QUARTER: TimeDelta = TimeDelta::seconds(QUARTER_S);
/// Spans in one statement: SQLite allows a union of 500 selections.
const STATEMENT_SPANS: usize = 100;
/// The same with facts, which each selection repeats.
const FILTERED_SPANS: usize = 50;
/// The largest number of rows in which one report counts sessions exactly.
const EXACT_ROWS: i64 = 100_000;
/// Quarters in one statement, with sketches of at most 1 KiB each.
const STATEMENT_QUARTERS: usize = 2_000;

impl Store {
    /// The volume of searches with all facts between consecutive bounds, which must ascend.
    #[boxed]
    pub async fn search_volume(
        &self,
        bounds: &[Timestamp],
        facts: &[SearchFact],
    ) -> Result<Vec<VolumeBucket>, StoreError> {
        let bounds: Vec<StoredTime> = bounds.iter().map(|bound| stored(*bound)).collect();
        self.read_snapshot((bounds, facts.to_vec()), |snapshot, (bounds, facts)| {
            Box::pin(volume(snapshot, bounds, facts))
        })
        .await
    }
}

/// The number of searches, and of those without results.
#[derive(Clone, Copy, Default)]
struct SearchCounts {
    searches: i64,
    zero_results: i64,
}

impl SearchCounts {
    fn add(&mut self, other: Self) {
        self.searches += other.searches;
        self.zero_results += other.zero_results;
    }
}

async fn volume(
    snapshot: &ReadTransaction,
    bounds: &[StoredTime],
    facts: &[SearchFact],
) -> Result<Vec<VolumeBucket>, CallFailure> {
    let spans: Vec<Span> =
        bounds.windows(2).map(|pair| Span { from: pair[0], before: Some(pair[1]) }).collect();
    let volumes = if facts.is_empty() {
        let mut counts = count_quarters(snapshot, bounds, &spans).await?;
        count_ends(snapshot, &spans, &mut counts).await?;
        let sessions = sessions(snapshot, &spans, &counts).await?;
        counts.into_iter().zip(sessions).collect()
    } else {
        filtered_volume(snapshot, &spans, facts).await?
    };
    let buckets = spans.iter().zip(volumes).map(|(span, (count, sessions))| VolumeBucket {
        start: span.from.to_utc(),
        searches: count.searches,
        sessions,
        zero_results: count.zero_results,
    });
    Ok(buckets.collect())
}

/// The counts and the distinct sessions of each span, of searches with facts.
async fn filtered_volume(
    snapshot: &ReadTransaction,
    spans: &[Span],
    facts: &[SearchFact],
) -> Result<Vec<(SearchCounts, i64)>, CallFailure> {
    let zero_results = total(snapshot.backend(), Expr::cust(ZERO_RESULTS));
    let sessions = distinct_sessions(snapshot.backend());
    let mut volumes = vec![(SearchCounts::default(), 0); spans.len()];
    let numbered: Vec<(i64, Span)> = (0..).zip(spans.iter().copied()).collect();
    for numbered in numbered.chunks(FILTERED_SPANS) {
        let count = |(number, span): &(i64, Span)| {
            let mut select = rows_holding(snapshot, *span, facts);
            select.expr(Expr::value(*number)).expr(Expr::col(Asterisk).count());
            select.expr(zero_results.clone()).expr(sessions.clone());
            select
        };
        let counted: Vec<(i64, i64, Option<i64>, i64)> =
            snapshot.all(&union_all(numbered.iter().map(count)).unwrap_or_default()).await?;
        for (number, searches, zero_results, sessions) in counted {
            if let Some(volume) = volumes.get_mut(number as usize) {
                let counts = SearchCounts { searches, zero_results: zero_results.unwrap_or(0) };
                *volume = (counts, sessions);
            }
        }
    }
    Ok(volumes)
}

/// The counts of the whole quarters in each span.
async fn count_quarters(
    snapshot: &ReadTransaction,
    bounds: &[StoredTime],
    spans: &[Span],
) -> Result<Vec<SearchCounts>, CallFailure> {
    let (Some(first), Some(last)) = (bounds.first(), bounds.last()) else { return Ok(Vec::new()) };
    let select = Query::select()
        .columns([Column::Quarter, Column::Searches, Column::ZeroResults])
        .from(Entity)
        .and_where(Column::Quarter.gte(*first))
        .and_where(Column::Quarter.lt(*last))
        .take();
    let quarters: Vec<(StoredTime, i64, i64)> = snapshot.all(&select).await?;
    let quarters: BTreeMap<StoredTime, SearchCounts> = quarters
        .into_iter()
        .map(|(quarter, searches, zero_results)| (quarter, SearchCounts { searches, zero_results }))
        .collect();
    let count = |span: &Span| {
        let mut count = SearchCounts::default();
        if let Some(whole) = whole_quarters(span) {
            quarters.range(whole).for_each(|(_, of)| count.add(*of));
        }
        count
    };
    Ok(spans.iter().map(count).collect())
}

/// Adds the counts of rows at both ends of each span.
async fn count_ends(
    snapshot: &ReadTransaction,
    spans: &[Span],
    counts: &mut [SearchCounts],
) -> Result<(), CallFailure> {
    let mut ends = Vec::new();
    for (number, span) in (0..).zip(spans) {
        ends.extend(partial_quarters(span).into_iter().map(|end| (number, end)));
    }
    let zero_results = total(snapshot.backend(), Expr::cust(ZERO_RESULTS));
    for ends in ends.chunks(STATEMENT_SPANS) {
        let count = |(number, end): &(i64, Span)| {
            let mut select = within(*end);
            select.expr(Expr::value(*number)).expr(Expr::col(Asterisk).count()).expr(zero_results.clone());
            select
        };
        let counted: Vec<(i64, i64, Option<i64>)> =
            snapshot.all(&union_all(ends.iter().map(count)).unwrap_or_default()).await?;
        for (number, searches, zero_results) in counted {
            let end = SearchCounts { searches, zero_results: zero_results.unwrap_or(0) };
            if let Some(count) = counts.get_mut(number as usize) {
                count.add(end);
            }
        }
    }
    Ok(())
}

/// The number of distinct sessions in each span.
async fn sessions(
    snapshot: &ReadTransaction,
    spans: &[Span],
    counts: &[SearchCounts],
) -> Result<Vec<i64>, CallFailure> {
    let mut sessions = vec![0; spans.len()];
    let mut few: Vec<(i64, &Span)> = Vec::new();
    let mut many: Vec<(usize, &Span)> = Vec::new();
    let mut rows_left = EXACT_ROWS;
    for ((span, count), number) in spans.iter().zip(counts).zip(0_i64..) {
        if count.searches > Ord::min(EXACT_SEARCHES, rows_left) {
            many.push((number as usize, span));
        } else if count.searches > 0 {
            rows_left -= count.searches;
            few.push((number, span));
        }
    }
    let distinct = distinct_sessions(snapshot.backend());
    for few in few.chunks(STATEMENT_SPANS) {
        let count = |(number, span): &(i64, &Span)| {
            let mut select = within(**span);
            select.expr(Expr::value(*number)).expr(Expr::col(Asterisk).count()).expr(distinct.clone());
            select
        };
        let counted: Vec<(i64, i64, i64)> =
            snapshot.all(&union_all(few.iter().map(count)).unwrap_or_default()).await?;
        for (number, searches, count) in counted {
            let number = number as usize;
            sessions[number] = count;
            if searches < counts[number].searches {
                // An earlier version deleted rows, but not their counts and sketches.
                many.push((number, &spans[number]));
            }
        }
    }
    many.sort_unstable_by_key(|(number, _)| *number);
    for many in many.chunks(STATEMENT_SPANS) {
        for (number, sketch) in estimate(snapshot, many).await? {
            sessions[number] = sketch.estimate(counts[number].searches);
        }
    }
    Ok(sessions)
}

/// Merges the sketches of quarters in ascending spans, and the sessions of rows without sketches.
async fn estimate(
    snapshot: &ReadTransaction,
    spans: &[(usize, &Span)],
) -> Result<Vec<(usize, SessionSketch)>, CallFailure> {
    let mut sketches: Vec<(usize, SessionSketch)> =
        spans.iter().map(|(number, _)| (*number, SessionSketch::new())).collect();
    let mut wholes: Vec<(i64, Range<StoredTime>)> = Vec::with_capacity(spans.len());
    let mut unsketched: Vec<(i64, Span)> = Vec::new();
    for ((_, span), index) in spans.iter().zip(0..) {
        wholes.extend(whole_quarters(span).map(|whole| (index, whole)));
        unsketched.extend(partial_quarters(span).into_iter().map(|end| (index, end)));
    }
    let mut next = wholes.first().map(|(_, whole)| whole.start);
    while let Some(from) = next {
        let slice = quarters_from(snapshot, from, wholes.last().map_or(from, |(_, whole)| whole.end)).await?;
        let last = slice.last().filter(|_| slice.len() == STATEMENT_QUARTERS);
        next = last.map(|(quarter, _)| *quarter + QUARTER);
        for (quarter, sketch) in slice {
            let within = wholes.partition_point(|(_, whole)| whole.end <= quarter);
            let Some((index, _)) = wholes.get(within).filter(|(_, whole)| whole.contains(&quarter)) else {
                continue;
            };
            match (sketch, unsketched.last_mut()) {
                (Some(sketch), _) => sketches[*index as usize].1.merge(&sketch)?,
                (None, Some((of, last))) if of == index && last.before == Some(quarter) => {
                    last.before = Some(quarter + QUARTER);
                }
                (None, _) => {
                    unsketched.push((*index, Span { from: quarter, before: Some(quarter + QUARTER) }))
                }
            }
        }
    }
    for unsketched in unsketched.chunks(STATEMENT_SPANS) {
        let read = |(index, span): &(i64, Span)| {
            let mut select = within(*span);
            select.expr(Expr::value(*index)).column(search_logs::Column::SessionId);
            select
        };
        for (index, session) in
            snapshot.all::<(i64, String)>(&union_all(unsketched.iter().map(read)).unwrap_or_default()).await?
        {
            sketches[index as usize].1.add(&session);
        }
    }
    Ok(sketches)
}

/// The first quarters of a period with their sketches.
async fn quarters_from(
    snapshot: &ReadTransaction,
    from: StoredTime,
    before: StoredTime,
) -> Result<Vec<(StoredTime, Option<Vec<u8>>)>, CallFailure> {
    let select = Query::select()
        .columns([Column::Quarter, Column::Sessions])
        .from(Entity)
        .and_where(Column::Quarter.gte(from))
        .and_where(Column::Quarter.lt(before))
        .order_by(Column::Quarter, Order::Asc)
        .limit(STATEMENT_QUARTERS as u64)
        .take();
    snapshot.all(&select).await
}

/// The whole quarters in a span.
fn whole_quarters(span: &Span) -> Option<Range<StoredTime>> {
    let before = floor(span.before?, QUARTER_S);
    let from = ceil(span.from, QUARTER_S);
    (from < before).then_some(from..before)
}

/// The ends of a span outside of whole quarters.
fn partial_quarters(span: &Span) -> Vec<Span> {
    let ends = match (whole_quarters(span), span.before) {
        (Some(whole), _) => vec![
            Span { from: span.from, before: Some(whole.start) },
            Span { from: whole.end, before: span.before },
        ],
        _ => vec![*span],
    };
    ends.into_iter().filter(|end| !end.is_empty()).collect()
}
