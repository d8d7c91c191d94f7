//! How the database and the pool of connections to it stand, without asking the database.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use quarry_runtime::boxed;
use sea_orm::{
    ColumnTrait, ConnAcquireErr, ConnectionTrait, DbBackend, DbErr, EntityTrait, QueryFilter, RuntimeErr,
    SqlxError,
};
use uuid::Uuid;

use super::entity::leases::{Column, Entity};
use super::failure::Failure;
use super::{Lease, Store, leases};
use quarry_runtime::figures::Count;

/// What calls found.
#[derive(Debug)]
pub(super) struct Tally {
    most_connections: u32,
    away: AtomicBool,
    unwritable: AtomicBool,
    calls: Count,
    unavailable: Count,
    refused: Count,
    timed_out: Count,
}

/// How the database and the pool of connections to it stand, and what calls found since the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreFigures {
    /// The last call that ended was answered.
    pub is_up: bool,
    /// No call found its disk full or it read-only, since [`Store::look_again`] wrote.
    pub is_writable: bool,
    /// Calls that ended.
    pub calls: u64,
    /// Those that failed because the database did not answer.
    pub unavailable: u64,
    /// Those that the database refused.
    pub refused: u64,
    /// Those that waited in vain for one of the connections.
    pub timed_out: u64,
    /// The most connections that there may be.
    pub most_connections: u32,
    /// Connections that are open.
    pub connections: u32,
    /// Those that nobody uses.
    pub idle: u32,
}

impl Tally {
    pub(super) fn new(most_connections: u32) -> Self {
        Self {
            most_connections: most_connections.max(1),
            away: AtomicBool::new(false),
            unwritable: AtomicBool::new(false),
            calls: Count::default(),
            unavailable: Count::default(),
            refused: Count::default(),
            timed_out: Count::default(),
        }
    }

    /// Notes how a call ended; none: the database did not answer in time.
    pub(super) fn note<T>(&self, outcome: Option<&Result<T, Failure>>) {
        self.calls.one();
        let is_away = match outcome {
            Some(Ok(_)) => false,
            Some(Err(failure)) => {
                if failure.is_unwritable() {
                    set(&self.unwritable, true);
                }
                if let Failure::Database(error) = failure
                    && waited_for_connection(error)
                {
                    self.timed_out.one();
                }
                if failure.is_refusal() {
                    self.refused.one();
                }
                failure.is_outage()
            }
            None => true,
        };
        if is_away {
            self.unavailable.one();
        }
        set(&self.away, is_away);
    }
}

impl Store {
    /// Tries to write, where a call found that the database takes no writes: others may not write for
    /// a while, and a call that wrote nothing in the end proves nothing.
    #[boxed]
    pub async fn look_again(&self) {
        // The cause was reported by the call that met it.
        if self.tally.unwritable.load(Ordering::Relaxed)
            && self.write((), |store, ()| Box::pin(store.try_writing())).await.is_ok()
        {
            set(&self.tally.unwritable, false);
        }
    }

    async fn try_writing(&self) -> Result<(), Failure> {
        let lease = Lease { name: format!("trial {}", Uuid::new_v4()), holder: Uuid::nil() };
        let transaction = self.begin().await?;
        transaction.execute(&leases::insert(self.backend(), &lease, Duration::ZERO)).await?;
        Entity::delete_many().filter(Column::Name.eq(&lease.name)).exec(&*transaction).await?;
        transaction.commit().await
    }

    /// How the database and the pool of connections to it stand.
    pub fn figures(&self) -> StoreFigures {
        let (connections, idle) = match self.backend() {
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
        let tally = &self.tally;
        StoreFigures {
            is_up: !tally.away.load(Ordering::Relaxed),
            is_writable: !tally.unwritable.load(Ordering::Relaxed),
            calls: tally.calls.get(),
            unavailable: tally.unavailable.get(),
            refused: tally.refused.get(),
            timed_out: tally.timed_out.get(),
            most_connections: tally.most_connections,
            connections,
            // Both are read one after the other.
            idle: u32::try_from(idle).unwrap_or(u32::MAX).min(connections),
        }
    }
}

impl StoreFigures {
    /// The reason why callers cannot reach the database, or cannot write to it, if so.
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

/// Stores a flag that seldom changes, and that many read.
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
