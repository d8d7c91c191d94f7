//! The deletion of old searches by shares: a wrong clock must not empty the log.
//!
//! Deletion is permanent, and only the clock determines the age of a search. So the database stores the
//! time of the last run, for all servers: after a jump of the clock, nothing is deleted for a day, and then a
//! share of the log a day. A shorter retention takes effect over several days.

use std::time::Duration;

use quarry_runtime::boxed;
use sea_orm::sea_query::{OnConflict, Order};
use sea_orm::{
    ColumnTrait, DatabaseTransaction, EntityTrait, InsertMany, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect,
};

use super::super::entity::counters;
use super::super::entity::search_logs::{Column, Entity};
use super::super::failure::CallFailure;
use super::super::span::DAY_S;
use super::super::{Store, StoreError, StoredTime, stored};
use super::erasure;
use super::removal::delete_rows;
use quarry_domain::Timestamp;

/// The longest plausible time between two runs: servers may be stopped overnight.
const MAX_RUN_INTERVAL_S: i64 = 2 * DAY_S;
/// The time after which a jump of the clock is accepted, unless an operator corrects it.
const JUMP_GRACE_S: i64 = DAY_S;
/// The least budget of a day.
const MIN_BUDGET: i64 = 1_000;
/// The least budget of a day, as a multiple of the searches that expire each day.
const HEADROOM: f64 = 2.0;

/// The terms on which old searches are removed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RetentionTerms {
    /// The time that searches stay after their last keystroke.
    pub keep: Duration,
    /// The largest share of the log to delete in a day, 0 to 1.
    ///
    /// It is exceeded if more searches expire each day.
    pub daily_share: f64,
}

/// The reason to postpone the deletion of old searches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetentionHold {
    /// The clock is far ahead of the last run.
    ClockJumped,
    /// The budget of the day is used up.
    DailyShare,
}

/// The outcome of a step of retention.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetentionOutcome {
    /// The number of deleted searches.
    pub removed: u64,
    /// The reason for a postponed deletion, if any.
    pub held_back: Option<RetentionHold>,
}

/// The record of earlier runs in the database, in Unix seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct RunRecord {
    /// The last run with a plausible clock.
    run: i64,
    /// The time of the first run with an implausible clock; 0 if there is none.
    jumped: i64,
    /// The start of the current day of the budget.
    day: i64,
    /// The rest of the budget.
    left: i64,
}

const NAMES: [&str; 4] = ["retention.run", "retention.leapt", "retention.day", "retention.left"];

impl RunRecord {
    /// Records a run, and returns true if its clock is plausible.
    fn record_run(&mut self, now: i64) -> bool {
        if now - self.run.min(now) > MAX_RUN_INTERVAL_S {
            if self.jumped == 0 || self.jumped > now {
                self.jumped = now;
            }
            if now - self.jumped < JUMP_GRACE_S {
                return false;
            }
        }
        (self.run, self.jumped) = (now, 0);
        // A clock that was set back gives no second budget, and does not delay the next one.
        self.day = self.day.min(now);
        true
    }

    fn is_new_day(&self, now: i64) -> bool {
        now - self.day >= DAY_S
    }

    fn begin_day(&mut self, now: i64, searches: u64, terms: &RetentionTerms) {
        let due_daily = HEADROOM * DAY_S as f64 / terms.keep.as_secs_f64().max(1.0);
        let share = terms.daily_share.max(due_daily);
        // With a retention of a day or two, more searches expire than exist at the start of the day.
        let is_unlimited = share >= 1.0;
        let budget = ((searches as f64 * share).ceil() as i64).max(MIN_BUDGET);
        (self.day, self.left) = (now, if is_unlimited { i64::MAX } else { budget });
    }

    fn values(&self) -> [i64; 4] {
        [self.run, self.jumped, self.day, self.left]
    }
}

impl Store {
    /// Deletes up to `limit` searches that are older than the terms allow, oldest first.
    ///
    /// The roll-ups and the volume exclude them. One transaction deletes all, so a limit of a thousand keeps it
    /// short.
    #[boxed]
    pub async fn retain_searches(
        &self,
        now: Timestamp,
        terms: RetentionTerms,
        limit: u64,
    ) -> Result<RetentionOutcome, StoreError> {
        self.write((now, terms, limit), |store, (now, terms, limit)| {
            Box::pin(store.try_retain(*now, terms, *limit))
        })
        .await
    }

    async fn try_retain(
        &self,
        now: Timestamp,
        terms: &RetentionTerms,
        limit: u64,
    ) -> Result<RetentionOutcome, CallFailure> {
        let transaction = self.begin().await?;
        let before = stored(now - terms.keep);
        let seconds = now.timestamp();
        let mut record = match load(&transaction).await? {
            Some(record) => record,
            // On the first run, the newest search is the only reference.
            None => {
                let newest = first_by(&transaction, Order::Desc).await?;
                RunRecord { run: newest.map_or(seconds, |newest| newest.timestamp()), ..RunRecord::default() }
            }
        };
        let outcome = if record.record_run(seconds) {
            erasure::delete_old_erasures(&transaction).await?;
            remove(&transaction, &mut record, (seconds, before), terms, limit).await?
        } else {
            let held_back = any_before(&transaction, before).await?.then_some(RetentionHold::ClockJumped);
            RetentionOutcome { removed: 0, held_back }
        };
        save(&transaction, &record).await?;
        transaction.commit().await?;
        Ok(outcome)
    }
}

async fn remove(
    transaction: &DatabaseTransaction,
    record: &mut RunRecord,
    (now, before): (i64, StoredTime),
    terms: &RetentionTerms,
    limit: u64,
) -> Result<RetentionOutcome, CallFailure> {
    if !any_before(transaction, before).await? {
        return Ok(RetentionOutcome { removed: 0, held_back: None });
    }
    if record.is_new_day(now) {
        record.begin_day(now, Entity::find().count(transaction).await?, terms);
    }
    let left = record.left.max(0).cast_unsigned();
    // One more row shows if the budget postpones any.
    let mut rows = Entity::find()
        .filter(Column::LastKeystrokeAt.lt(before))
        .order_by_asc(Column::LastKeystrokeAt)
        .order_by_asc(Column::Id)
        .limit(limit.min(left.saturating_add(1)))
        .lock_exclusive()
        .all(transaction)
        .await?;
    let held_back = (rows.len() as u64 > left).then_some(RetentionHold::DailyShare);
    rows.truncate(usize::try_from(left).unwrap_or(usize::MAX));
    delete_rows(transaction, &rows).await?;
    record.left -= rows.len() as i64;
    Ok(RetentionOutcome { removed: rows.len() as u64, held_back })
}

async fn any_before(transaction: &DatabaseTransaction, before: StoredTime) -> Result<bool, CallFailure> {
    Ok(first_by(transaction, Order::Asc).await?.is_some_and(|oldest| oldest < before))
}

/// The time of the first search in this order, if there is any.
async fn first_by(
    transaction: &DatabaseTransaction,
    order: Order,
) -> Result<Option<StoredTime>, CallFailure> {
    let select = Entity::find().select_only().column(Column::LastKeystrokeAt);
    Ok(select.order_by(Column::LastKeystrokeAt, order).into_tuple().one(transaction).await?)
}

async fn load(transaction: &DatabaseTransaction) -> Result<Option<RunRecord>, CallFailure> {
    let rows = counters::Entity::find()
        .filter(counters::Column::Name.is_in(NAMES))
        .order_by_asc(counters::Column::Name)
        .lock_exclusive()
        .all(transaction)
        .await?;
    let value = |name: &str| rows.iter().find(|row| row.name == name).map_or(0, |row| row.value);
    let [run, jumped, day, left] = NAMES.map(value);
    Ok((!rows.is_empty()).then_some(RunRecord { run, jumped, day, left }))
}

async fn save(transaction: &DatabaseTransaction, record: &RunRecord) -> Result<(), CallFailure> {
    let rows = NAMES.into_iter().zip(record.values());
    let rows = rows.map(|(name, value)| counters::Model { name: name.to_owned(), value });
    let on_conflict =
        OnConflict::column(counters::Column::Name).update_column(counters::Column::Value).to_owned();
    InsertMany::<counters::ActiveModel>::many(rows)
        .on_conflict(on_conflict)
        .exec_without_returning(transaction)
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: i64 = 1_800_000_000;

    fn terms(keep_days: i64, daily_share: f64) -> RetentionTerms {
        RetentionTerms { keep: Duration::from_secs((keep_days * DAY_S).cast_unsigned()), daily_share }
    }

    #[test]
    fn a_jump_is_accepted_after_a_day_and_forgotten_once_corrected() {
        let mut record = RunRecord { run: START, ..RunRecord::default() };
        assert!(record.record_run(START + 600) && record.record_run(START + MAX_RUN_INTERVAL_S));
        let jumped = START + 400 * DAY_S;
        assert!(!record.record_run(jumped) && !record.record_run(jumped + JUMP_GRACE_S - 1));
        // After a correction, runs continue.
        let mut right = record;
        assert!(right.record_run(START + 3 * DAY_S) && right.jumped == 0);
        assert!(!right.record_run(jumped + JUMP_GRACE_S), "and the next jump waits as long");
        assert!(record.record_run(jumped + JUMP_GRACE_S) && record.record_run(jumped + JUMP_GRACE_S + 600));
    }

    #[test]
    fn a_clock_that_jumps_back_and_forth_gives_one_budget() {
        let mut record = RunRecord { run: START, ..RunRecord::default() };
        assert!(record.record_run(START) && record.is_new_day(START));
        record.begin_day(START, 100_000, &terms(365, 0.1));
        assert_eq!(record.left, 10_000);
        record.left = 0;
        assert!(record.record_run(START - 400 * DAY_S) && !record.is_new_day(START - 400 * DAY_S));
        assert!(!record.record_run(START) && !record.record_run(START + 600));
        assert!(record.record_run(START - 399 * DAY_S) && record.is_new_day(START - 399 * DAY_S));
    }

    #[test]
    fn a_budget_covers_the_searches_that_expire_each_day() {
        for (keep_days, searches, expected) in
            [(365, 1_000_000, 100_000), (10, 1_000_000, 200_000), (2, 1_000_000, i64::MAX), (365, 50, 1_000)]
        {
            let mut record = RunRecord::default();
            record.begin_day(START, searches, &terms(keep_days, 0.1));
            assert_eq!(record.left, expected, "{keep_days} days, {searches} searches");
        }
    }
}
