//! The part of the cache in the searches of a request: clients read it in `extensions.cache`.

use std::sync::{Arc, Mutex, PoisonError};

use async_graphql::{Context, Response, Value};

use quarry_search::CacheStatus;

/// The part of the cache in the searches of one request.
#[derive(Clone, Default)]
pub(super) struct CachedSearches(Arc<Mutex<Option<CacheStatus>>>);

impl CachedSearches {
    /// Records a search. Of several, the one that is least from the cache counts, and a stale one before all.
    pub(super) fn record(ctx: &Context<'_>, status: Option<CacheStatus>) {
        let (Some(searches), Some(status)) = (ctx.data_opt::<Self>(), status) else { return };
        let mut recorded = searches.0.lock().unwrap_or_else(PoisonError::into_inner);
        if recorded.is_none_or(|recorded| rank(recorded) < rank(status)) {
            *recorded = Some(status);
        }
    }

    /// Writes the status into a response.
    pub(super) fn write(self, response: &mut Response) {
        let Some(status) = *self.0.lock().unwrap_or_else(PoisonError::into_inner) else { return };
        let status = Value::String(status.as_str().to_uppercase());
        response.extensions.insert("cache".to_owned(), status);
    }
}

const fn rank(status: CacheStatus) -> u8 {
    match status {
        CacheStatus::Hit => 0,
        CacheStatus::Miss => 1,
        CacheStatus::Bypass => 2,
        CacheStatus::Stale => 3,
    }
}
