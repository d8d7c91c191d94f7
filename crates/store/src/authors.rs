//! Authors, with the name in the latest document of each.

use quarry_runtime::boxed;
use std::collections::HashMap;

use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, InsertMany, QueryFilter};
use uuid::Uuid;

use super::batch::{STATEMENT_BYTES, batches, id_lists};
use super::entity::authors::{ActiveModel, Column, Entity, Model};
use super::failure::CallFailure;
use super::{Store, StoreError, source_name};
use quarry_domain::{Author, AuthorId, DocumentDraft};

/// Authors in one statement.
const STATEMENT_AUTHORS: usize = 256;

impl Store {
    /// Authors by id, without unknown ones.
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

/// Stores new authors of changed documents, and those with a changed name.
pub(super) async fn store(
    transaction: &DatabaseTransaction,
    drafts: &[&DocumentDraft],
) -> Result<(), CallFailure> {
    // The last of several names of one author counts.
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
    let rows: Vec<Model> = named
        .into_iter()
        .map(|(id, (draft, key, name))| Model {
            id,
            source: draft.source.as_str().to_owned(),
            key: key.to_owned(),
            name: name.to_owned(),
        })
        .collect();
    let size = |row: &Model| row.key.len() + row.name.len();
    for batch in batches(rows, STATEMENT_AUTHORS, STATEMENT_BYTES, size) {
        let on_conflict = OnConflict::column(Column::Id).update_column(Column::Name).to_owned();
        InsertMany::<ActiveModel>::many(batch)
            .on_conflict(on_conflict)
            .exec_without_returning(transaction)
            .await?;
    }
    Ok(())
}
