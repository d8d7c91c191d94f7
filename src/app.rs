//! The composition root: the only place that names concrete adapters and connects them.
//!
//! - `server`: opening, running, reloading and stopping a server.
//! - `keystrokes`, `reports`, `suggestions`, `search_rules`, `persisted_queries`, `metrics`: the parts of a
//!   server, with their workers.
//! - `cache`: the cache that reports and searches share.
//! - `database`: opens the store and checks that it is the one of the data folder. `data_folder`: the
//!   layout of that folder. `permissions`: its permissions. `limits`: the limit of open files.
//! - `crawls`, `index`, `seed`: work that commands do without a server.

mod cache;
mod crawls;
mod data_folder;
mod database;
mod index;
mod keystrokes;
mod limits;
mod metrics;
mod permissions;
mod persisted_queries;
mod popularity;
mod reports;
mod search_rules;
mod seed;
mod server;
mod suggestions;

use std::error::Error;
use std::time::Duration;

pub use self::crawls::{crawl, purge};
pub use self::data_folder::{absolute, is_own_entry, require_idle};
pub use self::database::{
    DatabaseRecord, connect_migrated_store, connect_store, open_store, require_database, require_sole_use,
};
pub use self::index::reindex;
pub use self::seed::{SeedPlan, SeedProgress, seed};
pub use self::server::Server;
use crate::supervisor::Outcome;

/// The context of errors about the Redis URL.
const REDIS_CONTEXT: &str = "redis_url cannot be used (`quarry config` shows it)";

/// Converts the result of a step: another step follows at once if this one progressed, else after `idle`.
fn outcome<E>(progressed: Result<bool, E>, idle: Duration) -> Outcome
where
    E: Error + Send + Sync + 'static,
{
    match progressed {
        Ok(true) => Outcome::Progressed,
        Ok(false) => Outcome::Idle(idle),
        Err(error) => Outcome::Failed(Box::new(error)),
    }
}
