use async_graphql::{Context, Object};

use super::ranked_page::RankedPage;
use super::{
    CategoriesReport, CategoryReport, ClickedDocumentsReport, SearchVolumeReport, TopSearchesReport,
    ZeroResultInclusion, ZeroResultReport,
};
use crate::failure::Failure;
use crate::pagination::page_size;
use crate::scalars::{Flag, OrDefault};
use crate::services::Services;
use crate::types::{InteractionKind, Interval, Period, SearchContextFilter, TimeZone};
use crate::warnings::Warnings;
use quarry_domain::{SearchFact, SourceName};
use quarry_report::{
    CategoryDocuments, CategoryTotals, ClickedDocuments, ReportError, ReportResponse, SearchVolume,
    TopSearches, ZeroResultSearches,
};

/// The GraphQL type of the reports.
pub(crate) struct Reports;

/// The reports. Each is cached, for five minutes by default, and states the time of its numbers.
#[Object]
impl Reports {
    /// The most frequent searches.
    async fn top_searches(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The period of the searches: the last 30 days by default.")] period: Option<Period>,
        #[graphql(desc = "Restricts the report to searches whose requests meet these conditions.")]
        filter: Option<SearchContextFilter>,
        #[graphql(desc = "Returns the first n queries: 10 by default, at most 100.")] first: Option<i32>,
        #[graphql(
            desc = "Returns the queries after this cursor, up to rank 10,000; the other arguments must be unchanged."
        )]
        after: Option<String>,
        #[graphql(default, desc = "Bypass the cache.")] refresh: Flag<false>,
    ) -> Result<TopSearchesReport, Failure> {
        let page = RankedPage::of(page_size(ctx, first)?, after.as_deref())?;
        let (period, facts) = (period.unwrap_or_default().into(), facts(ctx, filter)?);
        let report = TopSearches { period, facts, offset: page.offset, first: page.rows() };
        let found = with_warning(ctx, Services::of(ctx)?.reports.get(report, refresh.0).await)?;
        Ok(TopSearchesReport::of_page(page, found))
    }

    /// The most frequent searches without results.
    #[expect(clippy::too_many_arguments, reason = "the arguments are the contract's")]
    async fn zero_result_searches(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The period of the searches: the last 30 days by default.")] period: Option<Period>,
        #[graphql(desc = "Restricts the report to searches whose requests meet these conditions.")]
        filter: Option<SearchContextFilter>,
        #[graphql(desc = "Includes these searches as well.")] including: Option<ZeroResultInclusion>,
        #[graphql(desc = "Returns the first n queries: 10 by default, at most 100.")] first: Option<i32>,
        #[graphql(
            desc = "Returns the queries after this cursor, up to rank 10,000; the other arguments must be unchanged."
        )]
        after: Option<String>,
        #[graphql(default, desc = "Bypass the cache.")] refresh: Flag<false>,
    ) -> Result<ZeroResultReport, Failure> {
        let page = RankedPage::of(page_size(ctx, first)?, after.as_deref())?;
        let report = ZeroResultSearches {
            period: period.unwrap_or_default().into(),
            facts: facts(ctx, filter)?,
            with_relaxed: including == Some(ZeroResultInclusion::Relaxed),
            offset: page.offset,
            first: page.rows(),
        };
        let found = with_warning(ctx, Services::of(ctx)?.reports.get(report, refresh.0).await)?;
        Ok(ZeroResultReport::of_page(page, found))
    }

    /// The documents that are clicked most after searches of a query.
    async fn clicked_documents(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The query, in any spelling.")] query: String,
        #[graphql(desc = "The period of the clicks: the last 30 days by default.")] period: Option<Period>,
        #[graphql(desc = "Restricts the report to searches whose requests meet these conditions.")]
        filter: Option<SearchContextFilter>,
        #[graphql(desc = "Returns the first n documents: 10 by default, at most 100.")] first: Option<i32>,
        #[graphql(default, desc = "Bypass the cache.")] refresh: Flag<false>,
    ) -> Result<ClickedDocumentsReport, Failure> {
        let (period, first) = (period.unwrap_or_default().into(), page_size(ctx, first)? as u64);
        let facts = facts(ctx, filter)?;
        let report = ClickedDocuments { query: query.clone(), period, facts, first };
        let found = with_warning(ctx, Services::of(ctx)?.reports.get(report, refresh.0).await)?;
        Ok(ClickedDocumentsReport::of_query(query, found))
    }

    /// The number of searches over time.
    async fn search_volume(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The period of the searches: the last 30 days by default.")] period: Option<Period>,
        #[graphql(desc = "Restricts the report to searches whose requests meet these conditions.")]
        filter: Option<SearchContextFilter>,
        #[graphql(default, desc = "The interval of each row.")] interval: OrDefault<Interval>,
        #[graphql(
            default,
            desc = "The time zone of the intervals: a name in the IANA time zone database, such as Europe/Berlin."
        )]
        timezone: OrDefault<TimeZone>,
        #[graphql(default, desc = "Bypass the cache.")] refresh: Flag<false>,
    ) -> Result<SearchVolumeReport, Failure> {
        let (period, TimeZone(zone)) = (period.unwrap_or_default().into(), timezone.0);
        let reports = &Services::of(ctx)?.reports;
        let volume = SearchVolume::new(period, facts(ctx, filter)?, interval.0.into(), &zone)?;
        Ok(with_warning(ctx, reports.get(volume, refresh.0).await)?.into())
    }

    /// Sales and clicks of the documents in a category, by total quantity in descending order.
    #[expect(clippy::too_many_arguments, reason = "the arguments are the contract's")]
    async fn category(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The category, equal to that of the documents.")] name: String,
        #[graphql(desc = "Restricts the report to documents of this source.")] source: Option<String>,
        #[graphql(default, desc = "The kind of interactions to count.")] kind: OrDefault<InteractionKind>,
        #[graphql(desc = "The period of the interactions: the last 30 days by default.")] period: Option<
            Period,
        >,
        #[graphql(desc = "Returns the first n documents: 10 by default, at most 100.")] first: Option<i32>,
        #[graphql(default, desc = "Bypass the cache.")] refresh: Flag<false>,
    ) -> Result<CategoryReport, Failure> {
        let parameters = CategoryDocuments {
            name: name.clone(),
            source: checked_source(source)?,
            kind: kind.0.into(),
            period: period.unwrap_or_default().into(),
            first: page_size(ctx, first)? as u64,
        };
        let report = Services::of(ctx)?.reports.get(parameters, refresh.0).await;
        Ok(CategoryReport::named(name, with_warning(ctx, report)?))
    }

    /// Sales and clicks per category.
    async fn categories(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Restricts the report to documents of this source.")] source: Option<String>,
        #[graphql(default, desc = "The kind of interactions to count.")] kind: OrDefault<InteractionKind>,
        #[graphql(desc = "The period of the interactions: the last 30 days by default.")] period: Option<
            Period,
        >,
        #[graphql(default, desc = "Bypass the cache.")] refresh: Flag<false>,
    ) -> Result<CategoriesReport, Failure> {
        let parameters = CategoryTotals {
            source: checked_source(source)?,
            kind: kind.0.into(),
            period: period.unwrap_or_default().into(),
        };
        Ok(with_warning(ctx, Services::of(ctx)?.reports.get(parameters, refresh.0).await)?.into())
    }
}

fn facts(ctx: &Context<'_>, filter: Option<SearchContextFilter>) -> Result<Vec<SearchFact>, Failure> {
    let mask = Services::of(ctx)?.keystrokes.mask.as_ref();
    filter.unwrap_or_default().checked("filter", mask)
}

fn checked_source(name: Option<String>) -> Result<Option<SourceName>, Failure> {
    let parsed = name.map(|name| SourceName::parse(&name)).transpose();
    parsed.map_err(|error| Failure::bad_input("source", error.problem))
}

/// Returns the report, after adding an error of the cache to the warnings.
fn with_warning<T>(
    ctx: &Context<'_>,
    report: Result<ReportResponse<T>, ReportError>,
) -> Result<ReportResponse<T>, Failure> {
    let mut report = report?;
    if let Some(error) = report.warning.take() {
        Warnings::add(ctx, "The report was computed without the cache.", error.into());
    }
    Ok(report)
}
