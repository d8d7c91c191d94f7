//! Numbers of distinct sessions: exact for few searches, estimated by sketches for many.

use std::collections::HashMap;

use chrono::TimeDelta;
use sea_orm::ColumnTrait;
use sea_orm::sea_query::{Query, SelectStatement};

use super::super::sketch::SessionSketch;
use super::parts::PeriodParts;
use super::rows::{self, Votes, within};
use super::sums::{QueryCounts, in_days, in_hours};
use crate::StoredTime;
use crate::batch::union_all;
use crate::entity::{search_logs, search_query_days as days, search_query_hours as hours};
use crate::failure::CallFailure;
use crate::snapshot::ReadTransaction;
use crate::span::{DAY, HOUR, Span};

/// The largest number of searches whose sessions are counted exactly.
pub(super) const EXACT_SEARCHES: i64 = 1_000;
/// The largest gap between spans of rows that are merged into one.
const MERGE_GAP: TimeDelta = TimeDelta::hours(3);
/// Spans of rows in one statement.
const STATEMENT_SPANS: usize = 100;

/// The spelling and the distinct sessions of each query in a period.
pub(super) async fn of_queries(
    snapshot: &ReadTransaction,
    period: Span,
    parts: &PeriodParts,
    queries: &[QueryCounts],
) -> Result<HashMap<String, Votes>, CallFailure> {
    let (few, many): (Vec<&QueryCounts>, Vec<&QueryCounts>) =
        queries.iter().partition(|sums| sums.searches <= EXACT_SEARCHES);
    let few: Vec<&str> = few.iter().map(|sums| sums.query_key.as_str()).collect();
    let mut votes = rows::votes(snapshot, within(period), &few).await?;
    if !many.is_empty() {
        let keys: Vec<&str> = many.iter().map(|sums| sums.query_key.as_str()).collect();
        let mut sampled = rows::sampled_votes(snapshot, period, &keys).await?;
        for (key, sessions) in estimate(snapshot, parts, &many).await? {
            if let Some(of_query) = sampled.get_mut(&key) {
                of_query.sessions = sessions;
            }
        }
        votes.extend(sampled);
    }
    Ok(votes)
}

async fn estimate(
    snapshot: &ReadTransaction,
    parts: &PeriodParts,
    queries: &[&QueryCounts],
) -> Result<HashMap<String, i64>, CallFailure> {
    let keys: Vec<&str> = queries.iter().map(|sums| sums.query_key.as_str()).collect();
    let indices: HashMap<&str, usize> = keys.iter().zip(0..).map(|(key, index)| (*key, index)).collect();
    let mut sketches: Vec<SessionSketch> = keys.iter().map(|_| SessionSketch::new()).collect();
    // Spans without sketches, whose rows are read.
    let mut unsketched: Vec<(&str, Span)> = Vec::new();
    for rows in &parts.rows {
        unsketched.extend(keys.iter().map(|key| (*key, *rows)));
    }
    for (length, select) in [(DAY, of_days(parts, &keys)), (HOUR, of_hours(parts, &keys))] {
        let Some(select) = select else { continue };
        let found: Vec<(String, StoredTime, Option<Vec<u8>>)> = snapshot.all(&select).await?;
        for (key, from, sketch) in found {
            let Some(index) = indices.get(key.as_str()) else { continue };
            match sketch {
                Some(sketch) => sketches[*index].merge(&sketch)?,
                None => unsketched.push((keys[*index], Span { from, before: Some(from + length) })),
            }
        }
    }
    for spans in merge_spans(unsketched).chunks(STATEMENT_SPANS) {
        let selects = spans.iter().map(|(key, span)| {
            let mut select = within(*span);
            select
                .columns([search_logs::Column::QueryKey, search_logs::Column::SessionId])
                .and_where(search_logs::Column::QueryKey.eq(*key));
            select
        });
        let Some(select) = union_all(selects) else { continue };
        for (key, session) in snapshot.all::<(String, String)>(&select).await? {
            if let Some(index) = indices.get(key.as_str()) {
                sketches[*index].add(&session);
            }
        }
    }
    let estimate =
        |(of, sketch): (&&QueryCounts, SessionSketch)| (of.query_key.clone(), sketch.estimate(of.searches));
    Ok(queries.iter().zip(sketches).map(estimate).collect())
}

/// Merges near spans of a query: sessions in a gap may be added twice without effect.
fn merge_spans(mut spans: Vec<(&str, Span)>) -> Vec<(&str, Span)> {
    spans.sort_unstable_by(|a, b| (a.0, a.1.from).cmp(&(b.0, b.1.from)));
    let mut merged: Vec<(&str, Span)> = Vec::new();
    for (key, span) in spans {
        match merged.last_mut() {
            Some((last, to)) if *last == key && to.before.is_some_and(|end| span.from - end <= MERGE_GAP) => {
                to.before = span.before;
            }
            _ => merged.push((key, span)),
        }
    }
    merged
}

/// Selects the sketches of whole days, null if missing.
fn of_days(parts: &PeriodParts, keys: &[&str]) -> Option<SelectStatement> {
    let select = Query::select()
        .columns([days::Column::QueryKey, days::Column::Day, days::Column::Sessions])
        .from(days::Entity)
        .and_where(days::Column::QueryKey.is_in(keys.iter().copied()))
        .cond_where(in_days(&parts.days))
        .take();
    (!parts.days.is_empty()).then_some(select)
}

fn of_hours(parts: &PeriodParts, keys: &[&str]) -> Option<SelectStatement> {
    let select = Query::select()
        .columns([hours::Column::QueryKey, hours::Column::Hour, hours::Column::Sessions])
        .from(hours::Entity)
        .and_where(hours::Column::QueryKey.is_in(keys.iter().copied()))
        .cond_where(in_hours(&parts.hours))
        .take();
    (!parts.hours.is_empty()).then_some(select)
}
