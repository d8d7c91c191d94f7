//! Stands in for what the store is about to get: to be deleted.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use super::entity::search_logs::{Column, Entity, Model};
use super::{Store, StoreError, stored};
use crate::domain::{
    CategoryReport, CategoryTotal, InteractionKind, Period, QueryDigest, SourceName, Timestamp, TopSearch,
    VolumeBucket, ZeroResultSearch,
};

#[expect(missing_docs, reason = "it stands in for something else")]
impl Store {
    async fn logged(&self, from: Timestamp, before: Option<Timestamp>) -> Result<Vec<Model>, StoreError> {
        self.read(|database| async move {
            let mut find = Entity::find().filter(Column::LastKeystrokeAt.gte(stored(from)));
            if let Some(before) = before {
                find = find.filter(Column::LastKeystrokeAt.lt(stored(before)));
            }
            Ok(find.all(&database).await?)
        })
        .await
    }

    pub async fn top_searches(&self, period: Period, first: u64) -> Result<Vec<TopSearch>, StoreError> {
        let mut by_key: BTreeMap<String, Vec<Model>> = BTreeMap::new();
        for row in self.logged(period.from, period.before).await? {
            by_key.entry(row.query_key.clone()).or_default().push(row);
        }
        let tops = by_key.into_iter().map(|(query_key, rows)| TopSearch {
            query: rows[0].query.clone(),
            query_key,
            searches: rows.len() as i64,
            sessions: rows.iter().map(|row| &row.session_id).collect::<BTreeSet<_>>().len() as i64,
            average_results: None,
        });
        let mut tops: Vec<_> = tops.collect();
        tops.sort_by_key(|top| -top.searches);
        tops.truncate(first as usize);
        Ok(tops)
    }

    pub async fn zero_result_searches(&self, _: Period, _: u64) -> Result<Vec<ZeroResultSearch>, StoreError> {
        Ok(Vec::new())
    }

    pub async fn search_volume(&self, bounds: &[Timestamp]) -> Result<Vec<VolumeBucket>, StoreError> {
        let mut buckets = Vec::new();
        for pair in bounds.windows(2) {
            let rows = self.logged(pair[0], Some(pair[1])).await?;
            buckets.push(VolumeBucket {
                start: pair[0],
                searches: rows.len() as i64,
                sessions: 0,
                zero_results: 0,
            });
        }
        Ok(buckets)
    }

    pub async fn category_report(
        &self,
        _: &str,
        _: Option<&SourceName>,
        _: InteractionKind,
        _: Period,
        _: u64,
    ) -> Result<CategoryReport, StoreError> {
        Ok(CategoryReport::default())
    }

    pub async fn category_totals(
        &self,
        _: Option<&SourceName>,
        _: InteractionKind,
        _: Period,
    ) -> Result<Vec<CategoryTotal>, StoreError> {
        Ok(Vec::new())
    }

    pub async fn clicked_searches(
        &self,
        _: &[QueryDigest],
        _: Period,
    ) -> Result<HashMap<QueryDigest, i64>, StoreError> {
        Ok(HashMap::new())
    }

    pub async fn clicks_are_recorded(&self, _: Period) -> Result<bool, StoreError> {
        Ok(false)
    }
}
