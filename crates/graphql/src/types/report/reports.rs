use async_graphql::{Context, Object};

use super::{CategoriesReport, CategoryReport, SearchVolumeReport, TopSearchesReport, ZeroResultReport};
use crate::error::Failure;
use crate::pagination::page_size;
use crate::scalars::{Flag, OrDefault};
use crate::services::Services;
use crate::types::{InteractionKind, Interval, Period, TimeZone};
use crate::warnings::Warnings;
use quarry_domain::SourceName;
use quarry_report::{
    CategoryDocuments, CategoryTotals, ReportError, ReportResponse, SearchVolume, TopSearches,
    ZeroResultSearches,
};

/// What the log of searches and the interactions come to, as GraphQL shows it.
pub(crate) struct Reports;

/// Reports. Each is answered from a cache, five minutes long unless configured otherwise, and says how fresh it is.
#[Object]
impl Reports {
    /// What was searched for most.
    async fn top_searches(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "When it was searched for: within the last 30 days unless given.")] period: Option<
            Period,
        >,
        #[graphql(desc = "How many queries: 10 unless given, at most 100.")] first: Option<i32>,
        #[graphql(default, desc = "Compute it anew instead of asking the cache.")] refresh: Flag<false>,
    ) -> Result<TopSearchesReport, Failure> {
        let (asked, size) = (period.unwrap_or_default().into(), page_size(ctx, first)?);
        let reports = &Services::of(ctx)?.reports;
        Ok(told(ctx, reports.get(TopSearches { period: asked, first: size as u64 }, refresh.0).await)?.into())
    }

    /// What was searched for in vain.
    async fn zero_result_searches(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "When it was searched for: within the last 30 days unless given.")] period: Option<
            Period,
        >,
        #[graphql(desc = "How many queries: 10 unless given, at most 100.")] first: Option<i32>,
        #[graphql(default, desc = "Compute it anew instead of asking the cache.")] refresh: Flag<false>,
    ) -> Result<ZeroResultReport, Failure> {
        let (asked, size) = (period.unwrap_or_default().into(), page_size(ctx, first)?);
        let reports = &Services::of(ctx)?.reports;
        Ok(told(ctx, reports.get(ZeroResultSearches { period: asked, first: size as u64 }, refresh.0).await)?
            .into())
    }

    /// How much was searched for over time.
    async fn search_volume(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "When it was searched for: within the last 30 days unless given.")] period: Option<
            Period,
        >,
        #[graphql(default, desc = "How long each step is.")] interval: OrDefault<Interval>,
        #[graphql(
            default,
            desc = "Whose calendar and clock: a name of the IANA time zone database, as Europe/Berlin."
        )]
        timezone: OrDefault<TimeZone>,
        #[graphql(default, desc = "Compute it anew instead of asking the cache.")] refresh: Flag<false>,
    ) -> Result<SearchVolumeReport, Failure> {
        let (asked, TimeZone(zone)) = (period.unwrap_or_default().into(), timezone.0);
        let reports = &Services::of(ctx)?.reports;
        let volume = SearchVolume::new(asked, interval.0.into(), &zone)?;
        Ok(told(ctx, reports.get(volume, refresh.0).await)?.into())
    }

    /// What sells, or is clicked, in one category: documents by total quantity, most first, ties by key.
    #[expect(clippy::too_many_arguments, reason = "the arguments are the contract's")]
    async fn category(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The category, as the documents have it.")] name: String,
        #[graphql(desc = "Documents of this source only.")] source: Option<String>,
        #[graphql(default, desc = "What is counted.")] kind: OrDefault<InteractionKind>,
        #[graphql(desc = "When it happened: within the last 30 days unless given.")] period: Option<Period>,
        #[graphql(desc = "How many documents: 10 unless given, at most 100.")] first: Option<i32>,
        #[graphql(default, desc = "Compute it anew instead of asking the cache.")] refresh: Flag<false>,
    ) -> Result<CategoryReport, Failure> {
        let question = CategoryDocuments {
            name: name.clone(),
            source: checked_source(source)?,
            kind: kind.0.into(),
            period: period.unwrap_or_default().into(),
            first: page_size(ctx, first)? as u64,
        };
        let report = Services::of(ctx)?.reports.get(question, refresh.0).await;
        Ok(CategoryReport::named(name, told(ctx, report)?))
    }

    /// What sells, or is clicked, by category.
    async fn categories(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Documents of this source only.")] source: Option<String>,
        #[graphql(default, desc = "What is counted.")] kind: OrDefault<InteractionKind>,
        #[graphql(desc = "When it happened: within the last 30 days unless given.")] period: Option<Period>,
        #[graphql(default, desc = "Compute it anew instead of asking the cache.")] refresh: Flag<false>,
    ) -> Result<CategoriesReport, Failure> {
        let question = CategoryTotals {
            source: checked_source(source)?,
            kind: kind.0.into(),
            period: period.unwrap_or_default().into(),
        };
        Ok(told(ctx, Services::of(ctx)?.reports.get(question, refresh.0).await)?.into())
    }
}

fn checked_source(name: Option<String>) -> Result<Option<SourceName>, Failure> {
    let parsed = name.map(|name| SourceName::parse(&name)).transpose();
    parsed.map_err(|error| Failure::bad_input("source", error.problem))
}

/// The report; what kept the cache from answering goes into the warnings.
fn told<T>(
    ctx: &Context<'_>,
    reported: Result<ReportResponse<T>, ReportError>,
) -> Result<ReportResponse<T>, Failure> {
    let mut reported = reported?;
    if let Some(error) = reported.warning.take() {
        Warnings::add(ctx, "The report was computed without the cache.", error.into());
    }
    Ok(reported)
}
