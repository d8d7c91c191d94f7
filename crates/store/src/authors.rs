//! Authors, as the documents that were stored last name them.

use quarry_runtime::boxed;
use std::collections::HashMap;

use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, Set};
use uuid::Uuid;

use super::batch::{batches, id_lists};
use super::documents::source_name;
use super::entity::authors::{ActiveModel, Column, Entity};
use super::failure::Failure;
use super::{Store, StoreError};
use quarry_domain::{Author, AuthorId, DocumentDraft};

/// Authors in one statement.
const STATEMENT_AUTHORS: usize = 256;
/// Text in one statement, in bytes.
const STATEMENT_BYTES: usize = 1 << 20;

impl Store {
    /// Authors by id; absent ones are left out.
    #[boxed]
    pub async fn authors_by_id(&self, ids: &[AuthorId]) -> Result<HashMap<AuthorId, Author>, StoreError> {
        let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
        self.read(|database| async move {
            let mut found = HashMap::with_capacity(ids.len());
            for list in id_lists(&ids) {
                for row in Entity::find().filter(Column::Id.is_in(list)).all(&database).await? {
                    let id = AuthorId(row.id);
                    let source = source_name(row.source)?;
                    found.insert(id, Author { id, source, key: row.key, name: row.name });
                }
            }
            Ok(found)
        })
        .await
    }
}

/// Stores the authors of changed documents that are new or have another name now.
pub(super) async fn store(
    transaction: &DatabaseTransaction,
    drafts: &[&DocumentDraft],
) -> Result<(), Failure> {
    // Of several names of one author, the last document's counts.
    let mut named: HashMap<Uuid, (&DocumentDraft, &str, &str)> = HashMap::new();
    for draft in drafts {
        if let Some(author) = &draft.author {
            let id = AuthorId::of(&draft.source, &author.key).0;
            named.insert(id, (draft, &author.key, &author.name));
        }
    }
    let ids: Vec<Uuid> = named.keys().copied().collect();
    for list in id_lists(&ids) {
        for row in Entity::find().filter(Column::Id.is_in(list)).all(transaction).await? {
            if named.get(&row.id).is_some_and(|(_, _, name)| *name == row.name) {
                named.remove(&row.id);
            }
        }
    }
    let rows: Vec<ActiveModel> = named
        .into_iter()
        .map(|(id, (draft, key, name))| ActiveModel {
            id: Set(id),
            source: Set(draft.source.as_str().to_owned()),
            key: Set(key.to_owned()),
            name: Set(name.to_owned()),
        })
        .collect();
    let size = |row: &ActiveModel| row.key.as_ref().len() + row.name.as_ref().len();
    for batch in batches(rows, STATEMENT_AUTHORS, STATEMENT_BYTES, size) {
        let on_conflict = OnConflict::column(Column::Id).update_column(Column::Name).to_owned();
        Entity::insert_many(batch).on_conflict(on_conflict).exec_without_returning(transaction).await?;
    }
    Ok(())
}
