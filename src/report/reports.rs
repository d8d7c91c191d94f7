use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::coverage::LogCoverage;
use super::{CacheError, Coverage, Outcome, ReportError, SearchedQuery};
use crate::cache::{Answers, Cache, CacheAside};
use crate::domain::{CategoryReport, CategoryTotal, Timestamp, VolumeBucket, ZeroResultSearch};
use crate::store::Store;

/// A report, and what it says of itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Reported<T> {
    /// The report.
    pub value: T,
    /// When its numbers were read from the store.
    pub generated_at: Timestamp,
    /// Up to when it is complete: everything that was accepted by then and lies in its period is in it.
    pub covered_until: Timestamp,
    /// Where it came from.
    pub outcome: Outcome,
    /// Why the cache had no part in it, if it should have.
    pub warning: Option<CacheError>,
}

/// Answers reports, through a cache. Clones share everything.
#[derive(Clone)]
pub struct Reports(pub(super) Arc<Parts>);

/// What reports are made of. The names of the kinds of answers say the version of what is kept:
/// they change with it.
pub(super) struct Parts {
    pub(super) store: Store,
    pub(super) log: LogCoverage,
    answers: Answers,
    pub(super) top_searches: Kept<Vec<SearchedQuery>>,
    pub(super) zero_results: Kept<Vec<ZeroResultSearch>>,
    pub(super) search_volume: Kept<Vec<VolumeBucket>>,
    pub(super) category: Kept<CategoryReport>,
    pub(super) categories: Kept<Vec<CategoryTotal>>,
}

/// The reports of one kind that are kept.
pub(super) type Kept<T> = CacheAside<Dated<T>, ReportError>;

/// A report as it is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Dated<T> {
    pub(super) value: T,
    pub(super) generated_at: Timestamp,
    pub(super) covered_until: Timestamp,
}

impl Reports {
    /// Reports on a store; an answer is good for `ttl`, or never kept if that is zero.
    pub fn new(store: Store, cache: Arc<dyn Cache>, coverage: Arc<dyn Coverage>, ttl: Duration) -> Self {
        let answers = Answers::new(cache, ttl);
        Self(Arc::new(Parts {
            store,
            log: LogCoverage::new(coverage),
            top_searches: CacheAside::new(answers.clone(), "top-searches-1"),
            zero_results: CacheAside::new(answers.clone(), "zero-results-1"),
            search_volume: CacheAside::new(answers.clone(), "search-volume-1"),
            category: CacheAside::new(answers.clone(), "category-1"),
            categories: CacheAside::new(answers.clone(), "categories-1"),
            answers,
        }))
    }

    /// Forgets every answer, here and in the cache of the fleet: no report that begins after this
    /// returned shows anything older. If the cache cannot be reached, that is an error, and is made
    /// up for before the next look into it.
    pub async fn clear(&self) -> Result<(), CacheError> {
        self.0.answers.clear().await
    }
}

impl<T> Dated<T> {
    /// The report as it is told.
    fn reported(self, outcome: Outcome, warning: Option<CacheError>) -> Reported<T> {
        let Self { value, generated_at, covered_until } = self;
        Reported { value, generated_at, covered_until, outcome, warning }
    }
}

/// Answers a question from those that are kept, or else by computing. All that the report depends
/// on is in the question: what differs in it is another report.
pub(super) async fn report<T, F>(
    kept: &Kept<T>,
    question: &(impl Serialize + ?Sized),
    now: Timestamp,
    refresh: bool,
    compute: impl FnOnce() -> F,
) -> Result<Reported<T>, ReportError>
where
    T: Clone + Serialize + DeserializeOwned + Send + Sync + 'static,
    F: Future<Output = Result<Dated<T>, ReportError>> + Send + 'static,
{
    let question = postcard::to_stdvec(question).expect("a question is plain data, which can be written");
    // A digest, since keys are short and hold nothing that anybody wrote.
    let digest = Uuid::new_v5(&Uuid::NAMESPACE_OID, &question).simple().to_string();
    let answered = kept.answer(&digest, now, refresh, compute).await?;
    Ok(answered.answer.reported(answered.outcome, answered.warning))
}

/// The time, as often as something begins.
pub(super) fn now() -> Timestamp {
    Utc::now()
}
