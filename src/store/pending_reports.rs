//! Stands in for what the store is about to get: to be deleted.

use std::collections::HashMap;

use super::{Store, StoreError};
use crate::domain::{CategoryReport, CategoryTotal, InteractionKind, Period, QueryDigest, SourceName};

#[expect(missing_docs, reason = "it stands in for something else")]
impl Store {
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
