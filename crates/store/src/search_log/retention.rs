//! The removal of old searches, a share of the log at a time: a clock that is wrong must not empty it.
//!
//! Removed searches are gone for good, and only a clock says that a search is old. So the
//! time of the last run is kept in the database, for all servers: after a leap of the clock nothing is removed
//! for a day, and then a share of the log a day. A lower retention takes effect over several days.

use std::time::Duration;

use quarry_runtime::boxed;
use sea_orm::sea_query::{OnConflict, Order, Query};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect,
};

use super::super::entity::counters;
use super::super::entity::search_logs::{Column, Entity};
use super::super::failure::Failure;
use super::super::{Store, StoreError, StoredTime, stored};
use super::erasure;
use super::removal::take_out;
use super::rollups::Volume;
use quarry_domain::Timestamp;

const DAY_S: i64 = 24 * 60 * 60;
/// The longest time between two runs that is no leap of the clock: servers are stopped for a night.
const MOST_BETWEEN_RUNS_S: i64 = 2 * DAY_S;
/// The time after which a clock that leapt is believed: until then, an operator may set it right.
const DISBELIEF_S: i64 = DAY_S;
/// Searches that may go in a day however few there are.
const LEAST_BUDGET: i64 = 1_000;
/// The least budget of a day, in multiples of what falls due in a day of even traffic.
const HEADROOM: f64 = 2.0;

/// The terms on which old searches are removed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RetentionTerms {
    /// The time that searches stay after their last keystroke.
    pub keep: Duration,
    /// The largest share of the log that is removed in a day, 0 to 1, unless more falls due each day.
    pub daily_share: f64,
}

/// Why searches that are old enough stay for now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetentionHold {
    /// The clock is far ahead of the last run.
    ClockLeapt,
    /// The share of this day is used up.
    DailyShare,
}

/// The outcome of a step of retention.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetentionOutcome {
    /// Searches that it removed.
    pub removed: u64,
    /// Why it removed no more, if it held back.
    pub held_back: Option<RetentionHold>,
}

/// The database's memory of earlier runs, in Unix seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Ledger {
    /// The last run whose clock was believed.
    run: i64,
    /// The time since which the clock is not believed; 0 if it is.
    leapt: i64,
    /// The time at which the present day of the budget began.
    day: i64,
    /// Searches that may go in it still.
    left: i64,
}

const NAMES: [&str; 4] = ["retention.run", "retention.leapt", "retention.day", "retention.left"];

impl Ledger {
    /// Notes a run; whether its clock can be believed.
    fn note_run(&mut self, now: i64) -> bool {
        if now - self.run.min(now) > MOST_BETWEEN_RUNS_S {
            if self.leapt == 0 || self.leapt > now {
                self.leapt = now;
            }
            if now - self.leapt < DISBELIEF_S {
                return false;
            }
        }
        (self.run, self.leapt) = (now, 0);
        // Set back, it gives no second budget; it must not wait until it is that late again, either.
        self.day = self.day.min(now);
        true
    }

    fn is_new_day(&self, now: i64) -> bool {
        now - self.day >= DAY_S
    }

    fn begin_day(&mut self, now: i64, searches: u64, terms: &RetentionTerms) {
        let due_daily = HEADROOM * DAY_S as f64 / terms.keep.as_secs_f64().max(1.0);
        let share = terms.daily_share.max(due_daily);
        // Of searches that stay for a day or two, more fall due than there are when the day begins.
        let is_unlimited = share >= 1.0;
        let budget = ((searches as f64 * share).ceil() as i64).max(LEAST_BUDGET);
        (self.day, self.left) = (now, if is_unlimited { i64::MAX } else { budget });
    }

    fn values(&self) -> [i64; 4] {
        [self.run, self.leapt, self.day, self.left]
    }
}

impl Store {
    /// Deletes up to `limit` searches that are older than the terms allow, oldest first.
    ///
    /// They leave the roll-ups by query, which hold text; the volume still counts them. All in one
    /// transaction, so a thousand at a time keeps it short.
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
    ) -> Result<RetentionOutcome, Failure> {
        let transaction = self.begin().await?;
        let before = stored(now - terms.keep);
        let seconds = now.timestamp();
        let mut ledger = match load(&transaction).await? {
            Some(ledger) => ledger,
            // The first run: the newest search is the only witness.
            None => {
                let newest = first_by(&transaction, Order::Desc).await?;
                Ledger { run: newest.map_or(seconds, |newest| newest.timestamp()), ..Ledger::default() }
            }
        };
        let outcome = if ledger.note_run(seconds) {
            erasure::forget_old_erasures(&transaction).await?;
            remove(&transaction, &mut ledger, (seconds, before), terms, limit).await?
        } else {
            let held_back = any_before(&transaction, before).await?.then_some(RetentionHold::ClockLeapt);
            RetentionOutcome { removed: 0, held_back }
        };
        save(&transaction, &ledger).await?;
        transaction.commit().await?;
        Ok(outcome)
    }
}

async fn remove(
    transaction: &DatabaseTransaction,
    ledger: &mut Ledger,
    (now, before): (i64, StoredTime),
    terms: &RetentionTerms,
    limit: u64,
) -> Result<RetentionOutcome, Failure> {
    if !any_before(transaction, before).await? {
        return Ok(RetentionOutcome { removed: 0, held_back: None });
    }
    if ledger.is_new_day(now) {
        ledger.begin_day(now, Entity::find().count(transaction).await?, terms);
    }
    let left = ledger.left.max(0).cast_unsigned();
    // One more says whether the budget holds any back.
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
    take_out(transaction, &rows, Volume::Stays).await?;
    ledger.left -= rows.len() as i64;
    Ok(RetentionOutcome { removed: rows.len() as u64, held_back })
}

async fn any_before(transaction: &DatabaseTransaction, before: StoredTime) -> Result<bool, Failure> {
    Ok(first_by(transaction, Order::Asc).await?.is_some_and(|oldest| oldest < before))
}

/// The time of the first search in this order, if there is any.
async fn first_by(transaction: &DatabaseTransaction, order: Order) -> Result<Option<StoredTime>, Failure> {
    let select = Entity::find().select_only().column(Column::LastKeystrokeAt);
    Ok(select.order_by(Column::LastKeystrokeAt, order).into_tuple().one(transaction).await?)
}

async fn load(transaction: &DatabaseTransaction) -> Result<Option<Ledger>, Failure> {
    let rows = counters::Entity::find()
        .filter(counters::Column::Name.is_in(NAMES))
        .order_by_asc(counters::Column::Name)
        .lock_exclusive()
        .all(transaction)
        .await?;
    let value = |name: &str| rows.iter().find(|row| row.name == name).map_or(0, |row| row.value);
    let [run, leapt, day, left] = NAMES.map(value);
    Ok((!rows.is_empty()).then_some(Ledger { run, leapt, day, left }))
}

async fn save(transaction: &DatabaseTransaction, ledger: &Ledger) -> Result<(), Failure> {
    let mut upsert = Query::insert();
    upsert.into_table(counters::Entity).columns([counters::Column::Name, counters::Column::Value]);
    for (name, value) in NAMES.into_iter().zip(ledger.values()) {
        upsert.values_panic([name.into(), value.into()]);
    }
    let on_conflict =
        OnConflict::column(counters::Column::Name).update_column(counters::Column::Value).to_owned();
    transaction.execute(upsert.on_conflict(on_conflict)).await?;
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
    fn a_leap_is_believed_after_a_day_and_forgotten_when_it_is_set_right() {
        let mut ledger = Ledger { run: START, ..Ledger::default() };
        assert!(ledger.note_run(START + 600) && ledger.note_run(START + MOST_BETWEEN_RUNS_S));
        let leapt = START + 400 * DAY_S;
        assert!(!ledger.note_run(leapt) && !ledger.note_run(leapt + DISBELIEF_S - 1));
        // Set right: runs go on as if nothing had been.
        let mut right = ledger;
        assert!(right.note_run(START + 3 * DAY_S) && right.leapt == 0);
        assert!(!right.note_run(leapt + DISBELIEF_S), "and the next leap waits as long");
        assert!(ledger.note_run(leapt + DISBELIEF_S) && ledger.note_run(leapt + DISBELIEF_S + 600));
    }

    #[test]
    fn a_clock_that_goes_back_and_forth_gives_one_budget() {
        let mut ledger = Ledger { run: START, ..Ledger::default() };
        assert!(ledger.note_run(START) && ledger.is_new_day(START));
        ledger.begin_day(START, 100_000, &terms(365, 0.1));
        assert_eq!(ledger.left, 10_000);
        ledger.left = 0;
        assert!(ledger.note_run(START - 400 * DAY_S) && !ledger.is_new_day(START - 400 * DAY_S));
        assert!(!ledger.note_run(START) && !ledger.note_run(START + 600));
        assert!(ledger.note_run(START - 399 * DAY_S) && ledger.is_new_day(START - 399 * DAY_S));
    }

    #[test]
    fn a_budget_lets_what_falls_due_each_day_go() {
        for (keep_days, searches, expected) in
            [(365, 1_000_000, 100_000), (10, 1_000_000, 200_000), (2, 1_000_000, i64::MAX), (365, 50, 1_000)]
        {
            let mut ledger = Ledger::default();
            ledger.begin_day(START, searches, &terms(keep_days, 0.1));
            assert_eq!(ledger.left, expected, "{keep_days} days, {searches} searches");
        }
    }
}
