//! Reports of searches: the most frequent ones, those without results, and their number over time.

use chrono_tz::Tz;
use serde::Serialize;

use super::calendar::{CalendarInterval, buckets};
use super::report::{Report, ReportCache, ReportCaches, ReportSource};
use super::{ReportError, ReportPeriod, SearchedQuery};
use quarry_domain::{
    ClickedDocument, Period, QueryDigest, SearchFact, Timestamp, VolumeBucket, ZeroResultSearch, query_key,
};
use quarry_store::Store;

/// The most frequent searches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TopSearches {
    /// The period of the searches.
    pub period: ReportPeriod,
    /// The facts about the requests of the searches, all of which hold.
    pub facts: Vec<SearchFact>,
    /// The number of more frequent queries to skip.
    pub offset: u64,
    /// The number of queries.
    pub first: u64,
}

impl Report for TopSearches {
    type Value = Vec<SearchedQuery>;
    const SOURCE: ReportSource = ReportSource::SearchLog;

    fn period(&self) -> ReportPeriod {
        self.period
    }

    fn cache(caches: &ReportCaches) -> &ReportCache<Self::Value> {
        &caches.top_searches
    }

    async fn compute(self, store: Store, period: Period, now: Timestamp) -> Result<Self::Value, ReportError> {
        store.attribute_interactions(now).await?;
        let searches = store.top_searches(period, &self.facts, self.offset, self.first).await?;
        let digests: Vec<QueryDigest> =
            searches.iter().map(|search| QueryDigest::of(&search.query_key)).collect();
        let found = store.query_interactions(&digests, period, &self.facts).await?;
        let is_clicked = found.values().any(|of_query| of_query.clicked > 0);
        if !is_clicked && !store.clicks_are_recorded(period).await? {
            let unrated = |search| SearchedQuery { search, interactions: None };
            return Ok(searches.into_iter().map(unrated).collect());
        }
        let rated = searches.into_iter().zip(digests).map(|(search, digest)| {
            let interactions = Some(found.get(&digest).copied().unwrap_or_default());
            SearchedQuery { search, interactions }
        });
        Ok(rated.collect())
    }
}

/// The most frequent searches without results.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ZeroResultSearches {
    /// The period of the searches.
    pub period: ReportPeriod,
    /// The facts about the requests of the searches, all of which hold.
    pub facts: Vec<SearchFact>,
    /// Includes searches that documents with any of the words answered.
    pub with_relaxed: bool,
    /// The number of more frequent queries to skip.
    pub offset: u64,
    /// The number of queries.
    pub first: u64,
}

impl Report for ZeroResultSearches {
    type Value = Vec<ZeroResultSearch>;
    const SOURCE: ReportSource = ReportSource::SearchLog;

    fn period(&self) -> ReportPeriod {
        self.period
    }

    fn cache(caches: &ReportCaches) -> &ReportCache<Self::Value> {
        &caches.zero_results
    }

    async fn compute(self, store: Store, period: Period, _: Timestamp) -> Result<Self::Value, ReportError> {
        let Self { facts, with_relaxed, offset, first, .. } = self;
        Ok(store.zero_result_searches(period, &facts, with_relaxed, offset, first).await?)
    }
}

/// The documents that are clicked most after searches of a query.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ClickedDocuments {
    /// The query, in any spelling.
    pub query: String,
    /// The period of the clicks.
    pub period: ReportPeriod,
    /// The facts about the requests of the searches, all of which hold.
    pub facts: Vec<SearchFact>,
    /// The number of documents.
    pub first: u64,
}

impl Report for ClickedDocuments {
    type Value = Vec<ClickedDocument>;
    const SOURCE: ReportSource = ReportSource::Interactions;

    fn period(&self) -> ReportPeriod {
        self.period
    }

    fn cache(caches: &ReportCaches) -> &ReportCache<Self::Value> {
        &caches.clicked_documents
    }

    async fn compute(self, store: Store, period: Period, now: Timestamp) -> Result<Self::Value, ReportError> {
        store.attribute_interactions(now).await?;
        let query = QueryDigest::of(&query_key(&self.query));
        Ok(store.clicked_documents(query, period, &self.facts, self.first).await?)
    }
}

/// The number of searches per calendar interval that the period touches, zeros included.
///
/// The first and the last interval may extend beyond the period; they count searches of the period only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SearchVolume {
    period: ReportPeriod,
    facts: Vec<SearchFact>,
    interval: CalendarInterval,
    zone: Tz,
}

impl SearchVolume {
    /// Creates the report of the searches with all facts in a period, by the calendar of an IANA time zone.
    pub fn new(
        period: ReportPeriod,
        facts: Vec<SearchFact>,
        interval: CalendarInterval,
        timezone: &str,
    ) -> Result<Self, ReportError> {
        let zone = timezone.parse().map_err(|_| ReportError::UnknownTimeZone)?;
        Ok(Self { period, facts, interval, zone })
    }
}

impl Report for SearchVolume {
    type Value = Vec<VolumeBucket>;
    const SOURCE: ReportSource = ReportSource::SearchLog;

    fn period(&self) -> ReportPeriod {
        self.period
    }

    fn cache(caches: &ReportCaches) -> &ReportCache<Self::Value> {
        &caches.search_volume
    }

    async fn compute(self, store: Store, period: Period, now: Timestamp) -> Result<Self::Value, ReportError> {
        let buckets = buckets(self.interval, self.zone, period, now).ok_or(ReportError::TooManyIntervals)?;
        let volumes = store.search_volume(&buckets.bounds, &self.facts).await?;
        let rows = volumes.into_iter().zip(buckets.starts);
        Ok(rows.map(|(volume, start)| VolumeBucket { start, ..volume }).collect())
    }
}
