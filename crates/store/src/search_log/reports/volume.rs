//! How much was searched for, in stretches of time: by the quarters of an hour, and by the rows
//! where a bound lies within one.
//!
//! Distinct sessions are counted one by one in stretches of few searches, and estimated by sketches
//! in others. A report counts so many rows in all; stretches beyond that are estimated, too, which
//! is all but exact where sessions are few.

use quarry_runtime::boxed;
use std::collections::BTreeMap;
use std::ops::Range;

use chrono::TimeDelta;
use sea_orm::ColumnTrait;
use sea_orm::sea_query::{Asterisk, Expr, ExprTrait, Order, Query, SelectStatement, UnionType};

use super::super::sketch::SessionSketch;
use super::rows::{distinct_sessions, within};
use super::sessions::EXACT_SEARCHES;
use crate::entity::search_logs;
use crate::entity::search_volume_quarters::{Column, Entity};
use crate::failure::Failure;
use crate::snapshot::Snapshot;
use crate::span::{QUARTER_S, Span, first_from, floor};
use crate::sums::total;
use crate::{Store, StoreError, StoredTime, stored};
use quarry_domain::{Timestamp, VolumeBucket};

const QUARTER: TimeDelta = TimeDelta::seconds(QUARTER_S);
/// Stretches in one statement: SQLite takes a union of 500.
const STATEMENT_SPANS: usize = 100;
/// The most rows in which one report counts sessions one by one, in all of its stretches.
const EXACT_ROWS: i64 = 100_000;
/// Quarters whose sketches are read at once, at 1 KiB each at most.
const STATEMENT_QUARTERS: usize = 2_000;

impl Store {
    /// The volume between each two of these points in time, which ascend.
    #[boxed]
    pub async fn search_volume(&self, bounds: &[Timestamp]) -> Result<Vec<VolumeBucket>, StoreError> {
        let bounds: Vec<StoredTime> = bounds.iter().map(|bound| stored(*bound)).collect();
        self.read_at_once(bounds, |snapshot, bounds| Box::pin(volume(snapshot, bounds))).await
    }

    /// How the database goes about [`Store::search_volume`], a plan for each statement. They may
    /// quote what is read, so they are not to be logged.
    #[boxed]
    pub async fn search_volume_plans(&self, bounds: &[Timestamp]) -> Result<Vec<String>, StoreError> {
        let bounds: Vec<StoredTime> = bounds.iter().map(|bound| stored(*bound)).collect();
        self.plans_of(bounds, |snapshot, bounds| Box::pin(volume(snapshot, bounds))).await
    }
}

/// Searches, and those without results.
#[derive(Clone, Copy, Default)]
struct Searches {
    searches: i64,
    zero_results: i64,
}

impl Searches {
    fn add(&mut self, other: Self) {
        self.searches += other.searches;
        self.zero_results += other.zero_results;
    }
}

async fn volume(snapshot: &mut Snapshot, bounds: &[StoredTime]) -> Result<Vec<VolumeBucket>, Failure> {
    let spans: Vec<Span> =
        bounds.windows(2).map(|pair| Span { from: pair[0], before: Some(pair[1]) }).collect();
    let mut counts = count_quarters(snapshot, bounds, &spans).await?;
    count_ends(snapshot, &spans, &mut counts).await?;
    let sessions = sessions(snapshot, &spans, &counts).await?;
    let buckets = spans.iter().zip(counts).zip(sessions).map(|((span, count), sessions)| VolumeBucket {
        start: span.from.to_utc(),
        searches: count.searches,
        sessions,
        zero_results: count.zero_results,
    });
    Ok(buckets.collect())
}

/// What the whole quarters in each span come to.
async fn count_quarters(
    snapshot: &mut Snapshot,
    bounds: &[StoredTime],
    spans: &[Span],
) -> Result<Vec<Searches>, Failure> {
    let (Some(first), Some(last)) = (bounds.first(), bounds.last()) else { return Ok(Vec::new()) };
    let select = Query::select()
        .columns([Column::Quarter, Column::Searches, Column::ZeroResults])
        .from(Entity)
        .and_where(Column::Quarter.gte(*first))
        .and_where(Column::Quarter.lt(*last))
        .take();
    let quarters: Vec<(StoredTime, i64, i64)> = snapshot.all(&select).await?;
    let quarters: BTreeMap<StoredTime, Searches> = quarters
        .into_iter()
        .map(|(quarter, searches, zero_results)| (quarter, Searches { searches, zero_results }))
        .collect();
    let count = |span: &Span| {
        let mut count = Searches::default();
        if let Some(whole) = whole_quarters(span) {
            quarters.range(whole).for_each(|(_, of)| count.add(*of));
        }
        count
    };
    Ok(spans.iter().map(count).collect())
}

/// Adds what lies in quarters that the ends of a span cut through.
async fn count_ends(snapshot: &mut Snapshot, spans: &[Span], counts: &mut [Searches]) -> Result<(), Failure> {
    let mut ends = Vec::new();
    for (number, span) in (0..).zip(spans) {
        ends.extend(cut_off(span).into_iter().map(|end| (number, end)));
    }
    let zero_results = total(snapshot.backend(), Expr::cust("CASE WHEN result_count = 0 THEN 1 ELSE 0 END"));
    for ends in ends.chunks(STATEMENT_SPANS) {
        let count = |(number, end): &(i64, Span)| {
            let mut select = within(*end);
            select.expr(Expr::value(*number)).expr(Expr::col(Asterisk).count()).expr(zero_results.clone());
            select
        };
        let counted: Vec<(i64, i64, Option<i64>)> = snapshot.all(&union(ends.iter().map(count))).await?;
        for (number, searches, zero_results) in counted {
            let end = Searches { searches, zero_results: zero_results.unwrap_or(0) };
            if let Some(count) = counts.get_mut(number as usize) {
                count.add(end);
            }
        }
    }
    Ok(())
}

/// How many distinct sessions searched in each span.
async fn sessions(snapshot: &mut Snapshot, spans: &[Span], counts: &[Searches]) -> Result<Vec<i64>, Failure> {
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
        let counted: Vec<(i64, i64, i64)> = snapshot.all(&union(few.iter().map(count))).await?;
        for (number, searches, count) in counted {
            let number = number as usize;
            sessions[number] = count;
            if searches < counts[number].searches {
                // Rows are gone, but sketches are left.
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

/// Merges the sketches of the quarters in some spans, which are in order of time, and the sessions
/// of what has none.
async fn estimate(
    snapshot: &mut Snapshot,
    spans: &[(usize, &Span)],
) -> Result<Vec<(usize, SessionSketch)>, Failure> {
    let mut sketches: Vec<(usize, SessionSketch)> =
        spans.iter().map(|(number, _)| (*number, SessionSketch::new())).collect();
    let mut wholes: Vec<(i64, Range<StoredTime>)> = Vec::with_capacity(spans.len());
    let mut bare: Vec<(i64, Span)> = Vec::new();
    for ((_, span), place) in spans.iter().zip(0..) {
        wholes.extend(whole_quarters(span).map(|whole| (place, whole)));
        bare.extend(cut_off(span).into_iter().map(|end| (place, end)));
    }
    let mut next = wholes.first().map(|(_, whole)| whole.start);
    while let Some(from) = next {
        let slice = quarters_from(snapshot, from, wholes.last().map_or(from, |(_, whole)| whole.end)).await?;
        let last = slice.last().filter(|_| slice.len() == STATEMENT_QUARTERS);
        next = last.map(|(quarter, _)| *quarter + QUARTER);
        for (quarter, sketch) in slice {
            let within = wholes.partition_point(|(_, whole)| whole.end <= quarter);
            let Some((place, _)) = wholes.get(within).filter(|(_, whole)| whole.contains(&quarter)) else {
                continue;
            };
            match (sketch, bare.last_mut()) {
                (Some(sketch), _) => sketches[*place as usize].1.merge(&sketch)?,
                (None, Some((of, last))) if of == place && last.before == Some(quarter) => {
                    last.before = Some(quarter + QUARTER);
                }
                (None, _) => bare.push((*place, Span { from: quarter, before: Some(quarter + QUARTER) })),
            }
        }
    }
    for bare in bare.chunks(STATEMENT_SPANS) {
        let read = |(place, span): &(i64, Span)| {
            let mut select = within(*span);
            select.expr(Expr::value(*place)).column(search_logs::Column::SessionId);
            select
        };
        for (place, session) in snapshot.all::<(i64, String)>(&union(bare.iter().map(read))).await? {
            sketches[place as usize].1.add(&session);
        }
    }
    Ok(sketches)
}

/// The first quarters of a stretch of time, with their sketches.
async fn quarters_from(
    snapshot: &mut Snapshot,
    from: StoredTime,
    before: StoredTime,
) -> Result<Vec<(StoredTime, Option<Vec<u8>>)>, Failure> {
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

fn union(selects: impl Iterator<Item = SelectStatement>) -> SelectStatement {
    let mut selects = selects;
    let mut first = selects.next().unwrap_or_default();
    first.unions(selects.map(|other| (UnionType::All, other)));
    first
}

/// The quarters that lie in a span.
fn whole_quarters(span: &Span) -> Option<Range<StoredTime>> {
    let before = floor(span.before?, QUARTER_S);
    let from = first_from(span.from, QUARTER_S);
    (from < before).then_some(from..before)
}

/// What of a span does not lie in whole quarters.
fn cut_off(span: &Span) -> Vec<Span> {
    let ends = match (whole_quarters(span), span.before) {
        (Some(whole), _) => vec![
            Span { from: span.from, before: Some(whole.start) },
            Span { from: whole.end, before: span.before },
        ],
        _ => vec![*span],
    };
    ends.into_iter().filter(|end| !end.is_empty()).collect()
}
