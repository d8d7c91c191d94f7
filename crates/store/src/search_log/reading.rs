//! Reads of the log, newest first.

use quarry_runtime::boxed;
use std::collections::HashMap;

use sea_orm::sea_query::{Asterisk, Expr, ExprTrait, Order};
use sea_orm::{ColumnTrait, Condition, DbBackend, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select};
use uuid::Uuid;

use super::super::batch::id_lists;
use super::super::entity::search_logs::{Column, Entity};
use super::super::{SearchLogFilter, Slice, Store, StoreError, stored};
use super::facts::holds;
use super::{logged, stored_key};
use quarry_domain::{LoggedSearch, LoggedSearchId, Timestamp};

/// The position of a search in the log: its last keystroke, then its id.
type SearchLogPosition = (Timestamp, LoggedSearchId);

impl Store {
    /// A slice of the searches that match a filter, latest keystroke first, then greatest id.
    #[boxed]
    pub async fn search_log(
        &self,
        filter: &SearchLogFilter,
        slice: Slice<SearchLogPosition>,
    ) -> Result<Vec<LoggedSearch>, StoreError> {
        let select = page(self.backend(), filter, &slice);
        let searches = self
            .read(|database| async move { select.all(&database).await?.into_iter().map(logged).collect() })
            .await?;
        Ok(slice.in_list_order(searches))
    }

    /// The number of searches that match a filter.
    #[boxed]
    pub async fn count_searches(&self, filter: &SearchLogFilter) -> Result<u64, StoreError> {
        let select = count(self.backend(), filter).into_tuple::<i64>();
        let searches = self.read(|database| async move { Ok(select.one(&database).await?) }).await?;
        Ok(searches.unwrap_or(0).unsigned_abs())
    }

    /// Searches by id, without unknown ones.
    #[boxed]
    pub async fn searches_by_id(
        &self,
        ids: &[LoggedSearchId],
    ) -> Result<HashMap<LoggedSearchId, LoggedSearch>, StoreError> {
        let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
        self.read(|database| async move {
            let mut found = HashMap::with_capacity(ids.len());
            for list in id_lists(&ids) {
                for row in Entity::find().filter(Column::Id.is_in(list)).all(&database).await? {
                    let search = logged(row)?;
                    found.insert(search.id, search);
                }
            }
            Ok(found)
        })
        .await
    }
}

fn page(backend: DbBackend, filter: &SearchLogFilter, slice: &Slice<SearchLogPosition>) -> Select<Entity> {
    let order = slice.order(Order::Desc);
    let mut select = Entity::find().filter(matches(backend, filter));
    // The first condition of each bound limits the range of an index.
    if let Some((at, id)) = slice.after {
        let at = stored(at);
        let older = Column::LastKeystrokeAt.lt(at).or(Column::Id.lt(id.0));
        select = select.filter(Column::LastKeystrokeAt.lte(at)).filter(older);
    }
    if let Some((at, id)) = slice.before {
        let at = stored(at);
        let newer = Column::LastKeystrokeAt.gt(at).or(Column::Id.gt(id.0));
        select = select.filter(Column::LastKeystrokeAt.gte(at)).filter(newer);
    }
    select.order_by(Column::LastKeystrokeAt, order.clone()).order_by(Column::Id, order).limit(slice.limit)
}

fn count(backend: DbBackend, filter: &SearchLogFilter) -> Select<Entity> {
    let searches = Expr::col(Asterisk).count();
    Entity::find().select_only().column_as(searches, "searches").filter(matches(backend, filter))
}

fn matches(backend: DbBackend, filter: &SearchLogFilter) -> Condition {
    let SearchLogFilter { session, user, logged_in, query_key_prefix, from, before, zero_results, facts } =
        filter;
    let prefix = query_key_prefix.as_deref().map(stored_key).filter(|prefix| !prefix.is_empty());
    Condition::all()
        .add_option(session.as_ref().map(|session| Column::SessionId.eq(session.as_str())))
        .add_option(user.as_ref().map(|user| Column::UserId.eq(user.as_str())))
        .add_option(logged_in.map(|logged_in| match logged_in {
            true => Column::UserId.is_not_null(),
            false => Column::UserId.is_null(),
        }))
        // A range has no wildcards to escape.
        .add_option(prefix.as_deref().map(|prefix| Column::QueryKey.gte(prefix)))
        .add_option(prefix.as_deref().and_then(end_of_prefix).map(|end| Column::QueryKey.lt(end)))
        .add_option(from.map(|from| Column::LastKeystrokeAt.gte(stored(from))))
        .add_option(before.map(|before| Column::LastKeystrokeAt.lt(stored(before))))
        .add_option(zero_results.map(|zero_results| match zero_results {
            true => Column::ResultCount.eq(0),
            false => Column::ResultCount.is_null().or(Column::ResultCount.ne(0)),
        }))
        .add(holds(backend, facts))
}

/// The first text after all with a prefix, in the order of bytes, if any.
fn end_of_prefix(prefix: &str) -> Option<String> {
    let mut end: Vec<char> = prefix.chars().collect();
    while let Some(last) = end.pop() {
        // The range of characters excludes surrogates.
        if let Some(next) = (last..=char::MAX).nth(1) {
            end.push(next);
            return Some(end.into_iter().collect());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_ends_at_the_next_text_without_it() {
        assert_eq!(end_of_prefix("bus").as_deref(), Some("but"));
        assert_eq!(end_of_prefix("50%").as_deref(), Some("50&"));
        assert_eq!(end_of_prefix("a\u{d7ff}").as_deref(), Some("a\u{e000}"));
        assert_eq!(end_of_prefix("a\u{10ffff}\u{10ffff}").as_deref(), Some("b"));
        assert_eq!(end_of_prefix("\u{10ffff}"), None);
    }
}
