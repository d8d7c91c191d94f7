//! Reads of all interactions, for exports.

use quarry_runtime::boxed;
use std::collections::HashMap;

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::super::batch::id_lists;
use super::super::entity::documents;
use super::super::entity::interactions::{Column, Entity, Model};
use super::super::span::Span;
use super::super::{Store, StoreError};
use quarry_domain::{InteractionId, Period, Timestamp};

/// A stored interaction with its document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportedInteraction {
    /// The id.
    pub id: InteractionId,
    /// The name of the kind.
    pub kind: String,
    /// The source of the document, also of a deleted one.
    pub source: Option<String>,
    /// The key of the document in its source.
    pub key: Option<String>,
    /// The quantity.
    pub quantity: i64,
    /// The user's session, if known.
    pub session: Option<String>,
    /// The user, if logged in.
    pub user: Option<String>,
    /// The logged search, or the quoted response while the search is not known.
    pub search: Option<Uuid>,
    /// The rank of the document, if known.
    pub position: Option<i32>,
    /// The time.
    pub occurred_at: Timestamp,
}

impl Store {
    /// The interactions of a period in the order of their ids, after an id.
    #[boxed]
    pub async fn interactions(
        &self,
        period: Period,
        after: Option<InteractionId>,
        limit: u64,
    ) -> Result<Vec<ExportedInteraction>, StoreError> {
        let mut select = Entity::find()
            .filter(Span::of(period).contains(Column::OccurredAt))
            .order_by_asc(Column::Id)
            .limit(limit);
        if let Some(InteractionId(after)) = after {
            select = select.filter(Column::Id.gt(after));
        }
        self.read(|database| async move {
            let rows: Vec<Model> = select.all(&database).await?;
            let ids: Vec<Uuid> = rows.iter().map(|row| row.document_id).collect();
            let mut keys: HashMap<Uuid, (String, String)> = HashMap::new();
            for list in id_lists(&ids) {
                let found: Vec<(Uuid, String, String)> = documents::Entity::find()
                    .select_only()
                    .columns([documents::Column::Id, documents::Column::Source, documents::Column::Key])
                    .filter(documents::Column::Id.is_in(list))
                    .into_tuple()
                    .all(&database)
                    .await?;
                keys.extend(found.into_iter().map(|(id, source, key)| (id, (source, key))));
            }
            let exported = |row: Model| {
                let (source, key) = keys.get(&row.document_id).cloned().unzip();
                ExportedInteraction {
                    id: InteractionId(row.id),
                    kind: row.kind,
                    source,
                    key,
                    quantity: row.quantity,
                    session: row.session_id,
                    user: row.user_id,
                    search: row.search_id,
                    position: row.position,
                    occurred_at: row.occurred_at.to_utc(),
                }
            };
            Ok(rows.into_iter().map(exported).collect())
        })
        .await
    }
}
