//! How many distinct sessions searched: exactly where there is little to count, else by sketches.

use std::collections::HashMap;

use chrono::TimeDelta;
use sea_orm::ColumnTrait;
use sea_orm::sea_query::{Query, SelectStatement, UnionType};

use super::super::sketch::SessionSketch;
use super::parts::Parts;
use super::rows::{self, within};
use super::sums::{Sums, in_days, in_hours};
use crate::StoredTime;
use crate::entity::{search_logs, search_query_days as days, search_query_hours as hours};
use crate::failure::Failure;
use crate::snapshot::Snapshot;
use crate::span::{DAY, HOUR, Span};

/// The most searches whose sessions are counted one by one.
pub(super) const EXACT_SEARCHES: i64 = 1_000;
/// Stretches of rows that are read at once if they are no farther apart.
const NEAR: TimeDelta = TimeDelta::hours(3);
/// Stretches of rows in one statement.
const STATEMENT_SPANS: usize = 100;

/// The distinct sessions of each query in a period.
pub(super) async fn of_queries(
    snapshot: &mut Snapshot,
    period: Span,
    parts: &Parts,
    queries: &[Sums],
) -> Result<HashMap<String, i64>, Failure> {
    let (few, many): (Vec<&Sums>, Vec<&Sums>) =
        queries.iter().partition(|sums| sums.searches <= EXACT_SEARCHES);
    let few: Vec<&str> = few.iter().map(|sums| sums.query_key.as_str()).collect();
    let mut sessions = rows::sessions(snapshot, period, &few).await?;
    if !many.is_empty() {
        sessions.extend(estimate(snapshot, parts, &many).await?);
    }
    Ok(sessions)
}

async fn estimate(
    snapshot: &mut Snapshot,
    parts: &Parts,
    queries: &[&Sums],
) -> Result<HashMap<String, i64>, Failure> {
    let keys: Vec<&str> = queries.iter().map(|sums| sums.query_key.as_str()).collect();
    let place: HashMap<&str, usize> = keys.iter().zip(0..).map(|(key, place)| (*key, place)).collect();
    let mut sketches: Vec<SessionSketch> = keys.iter().map(|_| SessionSketch::new()).collect();
    // What has no sketch is read by the rows.
    let mut bare: Vec<(&str, Span)> = Vec::new();
    for rows in &parts.rows {
        bare.extend(keys.iter().map(|key| (*key, *rows)));
    }
    for (length, select) in [(DAY, of_days(parts, &keys)), (HOUR, of_hours(parts, &keys))] {
        let Some(select) = select else { continue };
        let found: Vec<(String, StoredTime, Option<Vec<u8>>)> = snapshot.all(&select).await?;
        for (key, from, sketch) in found {
            let Some(place) = place.get(key.as_str()) else { continue };
            match sketch {
                Some(sketch) => sketches[*place].merge(&sketch)?,
                None => bare.push((keys[*place], Span { from, before: Some(from + length) })),
            }
        }
    }
    for spans in joined(bare).chunks(STATEMENT_SPANS) {
        let mut selects = spans.iter().map(|(key, span)| {
            let mut select = within(*span);
            select
                .columns([search_logs::Column::QueryKey, search_logs::Column::SessionId])
                .and_where(search_logs::Column::QueryKey.eq(*key));
            select
        });
        let Some(mut select) = selects.next() else { continue };
        select.unions(selects.map(|other| (UnionType::All, other)));
        for (key, session) in snapshot.all::<(String, String)>(&select).await? {
            if let Some(place) = place.get(key.as_str()) {
                sketches[*place].add(&session);
            }
        }
    }
    let estimate =
        |(of, sketch): (&&Sums, SessionSketch)| (of.query_key.clone(), sketch.estimate(of.searches));
    Ok(queries.iter().zip(sketches).map(estimate).collect())
}

/// Fewer and longer stretches: sessions in between that have a sketch may as well come twice.
fn joined(mut spans: Vec<(&str, Span)>) -> Vec<(&str, Span)> {
    spans.sort_unstable_by(|a, b| (a.0, a.1.from).cmp(&(b.0, b.1.from)));
    let mut joined: Vec<(&str, Span)> = Vec::new();
    for (key, span) in spans {
        match joined.last_mut() {
            Some((last, to)) if *last == key && to.before.is_some_and(|end| span.from - end <= NEAR) => {
                to.before = span.before;
            }
            _ => joined.push((key, span)),
        }
    }
    joined
}

/// The sketches of whole days, null where there is none.
fn of_days(parts: &Parts, keys: &[&str]) -> Option<SelectStatement> {
    let select = Query::select()
        .columns([days::Column::QueryKey, days::Column::Day, days::Column::Sessions])
        .from(days::Entity)
        .and_where(days::Column::QueryKey.is_in(keys.iter().copied()))
        .cond_where(in_days(&parts.days))
        .take();
    (!parts.days.is_empty()).then_some(select)
}

fn of_hours(parts: &Parts, keys: &[&str]) -> Option<SelectStatement> {
    let select = Query::select()
        .columns([hours::Column::QueryKey, hours::Column::Hour, hours::Column::Sessions])
        .from(hours::Entity)
        .and_where(hours::Column::QueryKey.is_in(keys.iter().copied()))
        .cond_where(in_hours(&parts.hours))
        .take();
    (!parts.hours.is_empty()).then_some(select)
}
