//! Metrics of database calls and of the connection pool.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;
use quarry_runtime::boxed;
use quarry_runtime::metrics::{Series, flag};
use sea_orm::{
    ColumnTrait, ConnAcquireErr, ConnectionTrait, DbBackend, DbErr, EntityTrait, QueryFilter, RuntimeErr,
    SqlxError,
};
use uuid::Uuid;

use super::entity::leases::{Column, Entity};
use super::failure::CallFailure;
use super::{Lease, Store, leases};

/// Counters of the calls of a store, and their latest outcomes.
#[derive(Debug)]
pub(super) struct StoreMetrics {
    max_connections: u32,
    is_down: AtomicBool,
    is_unwritable: AtomicBool,
    calls: Counter,
    unavailable: Counter,
    refused: Counter,
    pool_timeouts: Counter,
}

/// The state of the database by the latest calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreStatus {
    /// True if the database responded to the last call.
    pub is_up: bool,
    /// False after a call failed on a full disk or a read-only database, until a trial write succeeds.
    pub is_writable: bool,
}

impl StoreMetrics {
    pub(super) fn new(max_connections: u32) -> Self {
        Self {
            max_connections: max_connections.max(1),
            is_down: AtomicBool::new(false),
            is_unwritable: AtomicBool::new(false),
            calls: Counter::default(),
            unavailable: Counter::default(),
            refused: Counter::default(),
            pool_timeouts: Counter::default(),
        }
    }

    /// Records the outcome of a call; `None` is a timeout.
    pub(super) fn record<T>(&self, outcome: Option<&Result<T, CallFailure>>) {
        self.calls.inc();
        let is_down = match outcome {
            Some(Ok(_)) => false,
            Some(Err(failure)) => {
                if failure.is_unwritable() {
                    set(&self.is_unwritable, true);
                }
                if let CallFailure::Database(error) = failure
                    && waited_for_connection(error)
                {
                    self.pool_timeouts.inc();
                }
                if failure.is_refusal() {
                    self.refused.inc();
                }
                failure.is_outage()
            }
            None => true,
        };
        if is_down {
            self.unavailable.inc();
        }
        set(&self.is_down, is_down);
    }

    fn status(&self) -> StoreStatus {
        StoreStatus {
            is_up: !self.is_down.load(Ordering::Relaxed),
            is_writable: !self.is_unwritable.load(Ordering::Relaxed),
        }
    }
}

impl Store {
    /// Attempts a trial write if the database accepted no writes.
    ///
    /// Other calls may not write for a while, and a call without changes proves nothing.
    #[boxed]
    pub async fn retry_writes(&self) {
        // The failed call has reported the cause.
        if self.metrics.is_unwritable.load(Ordering::Relaxed)
            && self.write((), |store, ()| Box::pin(store.try_trial_write())).await.is_ok()
        {
            set(&self.metrics.is_unwritable, false);
        }
    }

    async fn try_trial_write(&self) -> Result<(), CallFailure> {
        let lease = Lease { name: format!("trial {}", Uuid::new_v4()), holder: Uuid::nil() };
        let transaction = self.begin().await?;
        transaction.execute(&leases::insert(self.backend(), &lease, Duration::ZERO)).await?;
        Entity::delete_many().filter(Column::Name.eq(&lease.name)).exec(&*transaction).await?;
        transaction.commit().await
    }

    /// Returns the state of the database by the latest calls, without a call of its own.
    pub fn status(&self) -> StoreStatus {
        self.metrics.status()
    }

    /// Registers the metrics of calls and of the connection pool.
    pub fn register_metrics(&self, registry: &mut Registry) {
        let metrics = &*self.metrics;
        let status = metrics.status();
        registry.register("database_up", "1 if the database answered the last call", flag(status.is_up));
        registry.register(
            "database_writable",
            "1 if the database accepts writes: after a call found it full or read-only, until a trial write succeeds",
            flag(status.is_writable),
        );
        registry.register(
            "database_calls",
            "Database calls, most of them a transaction",
            metrics.calls.clone(),
        );
        registry.register(
            "database_failures",
            "Failed calls: the database did not answer (unavailable) or returned an error (refused)",
            Series::from_iter([
                ([("cause", "unavailable")], metrics.unavailable.clone()),
                ([("cause", "refused")], metrics.refused.clone()),
            ]),
        );
        registry.register(
            "database_connections_max",
            "The maximum number of connections (database.max_connections)",
            ConstGauge::new(metrics.max_connections),
        );
        let (open, idle) = self.connections();
        registry.register(
            "database_connections",
            "Open connections, in use and idle",
            Series::from_iter([
                ([("state", "used")], ConstGauge::new(open - idle)),
                ([("state", "idle")], ConstGauge::new(idle)),
            ]),
        );
        registry.register(
            "database_connection_timeouts",
            "Calls that got no connection in time: none was idle, and the server accepted no other",
            metrics.pool_timeouts.clone(),
        );
    }

    /// Returns the numbers of open and of idle connections.
    fn connections(&self) -> (u32, u32) {
        let (open, idle) = match self.backend() {
            DbBackend::Postgres => {
                let pool = self.database.get_postgres_connection_pool();
                (pool.size(), pool.num_idle())
            }
            DbBackend::MySql => {
                let pool = self.database.get_mysql_connection_pool();
                (pool.size(), pool.num_idle())
            }
            _ => {
                let pool = self.database.get_sqlite_connection_pool();
                (pool.size(), pool.num_idle())
            }
        };
        // The pool may open and close connections between the two reads.
        (open, u32::try_from(idle).unwrap_or(u32::MAX).min(open))
    }
}

impl StoreStatus {
    /// Returns the problem of callers that cannot read or write, if there is one.
    pub fn trouble(&self) -> Option<&'static str> {
        if !self.is_writable {
            Some("The database takes no writes: its disk is full, or it is read-only.")
        } else if !self.is_up {
            Some("The database cannot be reached.")
        } else {
            None
        }
    }
}

/// Stores a flag that many threads read and few calls change.
fn set(flag: &AtomicBool, value: bool) {
    if flag.load(Ordering::Relaxed) != value {
        flag.store(value, Ordering::Relaxed);
    }
}

fn waited_for_connection(error: &DbErr) -> bool {
    match error {
        DbErr::ConnectionAcquire(cause) => matches!(cause, ConnAcquireErr::Timeout),
        DbErr::Conn(RuntimeErr::SqlxError(cause))
        | DbErr::Exec(RuntimeErr::SqlxError(cause))
        | DbErr::Query(RuntimeErr::SqlxError(cause)) => matches!(**cause, SqlxError::PoolTimedOut),
        _ => false,
    }
}
