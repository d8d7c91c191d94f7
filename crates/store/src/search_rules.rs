//! Synonyms, stop words and rules of searches, as JSON.
//!
//! Every change advances a counter, whose row the changing transaction locks: servers read the counter to learn
//! of changes. They read it before the entries, so that they never take old entries for new ones.
//!
//! Deliberately not here: the meaning of the entries.

use quarry_runtime::boxed;
use std::collections::HashMap;

use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, InsertMany, IntoActiveModel, QueryFilter,
    QuerySelect,
};

use super::batch::{STATEMENT_BYTES, batches};
use super::entity::counters;
use super::entity::search_rules::{ActiveModel, Column, Entity, Model};
use super::failure::CallFailure;
use super::{Store, StoreError};

const COUNTER: &str = "search_rules";
/// Entries in one statement.
const STATEMENT_ENTRIES: usize = 256;

/// A kind of entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RuleKind {
    /// Words that stand for each other.
    Synonyms,
    /// Words without a topic.
    StopWords,
    /// Changes of the results of certain searches.
    Rule,
}

impl RuleKind {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::Synonyms, Self::StopWords, Self::Rule];

    /// The maximum number of entries.
    pub fn max_entries(self) -> usize {
        match self {
            Self::Synonyms => 5_000,
            Self::StopWords => 200,
            Self::Rule => 1_000,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Synonyms => "synonyms",
            Self::StopWords => "stop_words",
            Self::Rule => "rule",
        }
    }

    fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// A stored entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleEntry {
    /// The kind.
    pub kind: RuleKind,
    /// The id among the entries of its kind: at most 64 ASCII characters.
    pub id: String,
    /// The entry as JSON.
    pub content: String,
}

/// Changes of entries, made in one transaction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuleChanges {
    /// The entries to store, each with another kind and id; those of the same kind and id are replaced.
    pub put: Vec<RuleEntry>,
    /// The entries to delete. Absent ones are ignored.
    pub delete: Vec<(RuleKind, String)>,
    /// Delete all entries that are not in `put`.
    pub replace: bool,
}

/// The numbers of changed entries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RuleCounts {
    /// New entries.
    pub inserted: usize,
    /// Entries with another content.
    pub updated: usize,
    /// Entries that were stored with the same content.
    pub unchanged: usize,
    /// Deleted entries.
    pub deleted: usize,
}

/// The outcome of changes of entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuleOutcome {
    /// All changes are stored.
    Stored(RuleCounts),
    /// There would be too many entries of a kind: nothing is stored.
    TooMany(RuleKind),
}

impl Store {
    /// The number of changes of entries so far.
    #[boxed]
    pub async fn search_rules_version(&self) -> Result<i64, StoreError> {
        self.read(|database| async move { version(&database).await }).await
    }

    /// All entries by kind and id, with a version whose changes they include.
    #[boxed]
    pub async fn search_rules(&self) -> Result<(i64, Vec<RuleEntry>), StoreError> {
        self.read(|database| async move {
            let version = version(&database).await?;
            let rows = Entity::find().all(&database).await?.into_iter();
            let mut entries = rows.map(entry).collect::<Result<Vec<RuleEntry>, CallFailure>>()?;
            // The order of texts depends on the database.
            entries.sort_by(|a, b| (a.kind, &a.id).cmp(&(b.kind, &b.id)));
            Ok((version, entries))
        })
        .await
    }

    /// Changes entries in one transaction.
    #[boxed]
    pub async fn change_search_rules(&self, changes: RuleChanges) -> Result<RuleOutcome, StoreError> {
        self.write(changes, |store, changes| Box::pin(store.try_change_search_rules(changes))).await
    }

    async fn try_change_search_rules(&self, changes: &RuleChanges) -> Result<RuleOutcome, CallFailure> {
        let transaction = self.begin().await?;
        let counter = counters::Entity::find_by_id(COUNTER).lock_exclusive().one(&*transaction).await?;
        let version = counter.ok_or_else(|| CallFailure::unreadable("counter of search rules"))?.value;
        let mut known: HashMap<(String, String), String> = Entity::find()
            .all(&*transaction)
            .await?
            .into_iter()
            .map(|row| ((row.kind, row.id), row.content))
            .collect();
        let mut counts = RuleCounts::default();
        let mut put = Vec::new();
        let mut kept: HashMap<RuleKind, usize> = HashMap::new();
        for entry in &changes.put {
            *kept.entry(entry.kind).or_default() += 1;
            let row = row(entry);
            match known.remove(&(row.kind.clone(), row.id.clone())) {
                Some(content) if content == entry.content => {
                    counts.unchanged += 1;
                    continue;
                }
                Some(_) => counts.updated += 1,
                None => counts.inserted += 1,
            }
            put.push(row);
        }
        let deleted: Vec<(String, String)> = if changes.replace {
            known.drain().map(|(key, _)| key).collect()
        } else {
            let named = changes.delete.iter().map(|(kind, id)| (kind.name().to_owned(), id.clone()));
            named.filter_map(|key| known.remove(&key).map(|_| key)).collect()
        };
        counts.deleted = deleted.len();
        for (kind, _) in known.keys() {
            if let Some(kind) = RuleKind::of_name(kind) {
                *kept.entry(kind).or_default() += 1;
            }
        }
        let too_many = |kind: &RuleKind| kept.get(kind).is_some_and(|kept| *kept > kind.max_entries());
        if let Some(kind) = RuleKind::ALL.into_iter().find(too_many) {
            return Ok(RuleOutcome::TooMany(kind));
        }
        if put.is_empty() && deleted.is_empty() {
            return Ok(RuleOutcome::Stored(counts));
        }
        delete(&transaction, deleted).await?;
        upsert(&transaction, put).await?;
        counters::Entity::update_many()
            .col_expr(counters::Column::Value, Expr::value(version + 1))
            .filter(counters::Column::Name.eq(COUNTER))
            .exec(&*transaction)
            .await?;
        transaction.commit().await?;
        Ok(RuleOutcome::Stored(counts))
    }
}

async fn version(database: &impl ConnectionTrait) -> Result<i64, CallFailure> {
    let counter = counters::Entity::find_by_id(COUNTER).one(database).await?;
    Ok(counter.ok_or_else(|| CallFailure::unreadable("counter of search rules"))?.value)
}

async fn delete(transaction: &DatabaseTransaction, keys: Vec<(String, String)>) -> Result<(), CallFailure> {
    for kind in RuleKind::ALL {
        let of_kind = keys.iter().filter(|(name, _)| name == kind.name());
        let ids: Vec<&str> = of_kind.map(|(_, id)| id.as_str()).collect();
        for ids in ids.chunks(STATEMENT_ENTRIES) {
            Entity::delete_many()
                .filter(Column::Kind.eq(kind.name()))
                .filter(Column::Id.is_in(ids.iter().copied()))
                .exec(transaction)
                .await?;
        }
    }
    Ok(())
}

async fn upsert(transaction: &DatabaseTransaction, rows: Vec<Model>) -> Result<(), CallFailure> {
    let replace =
        OnConflict::columns([Column::Kind, Column::Id]).update_columns([Column::Content]).to_owned();
    for batch in batches(rows, STATEMENT_ENTRIES, STATEMENT_BYTES, |row| row.content.len()) {
        InsertMany::<ActiveModel>::many(batch.into_iter().map(IntoActiveModel::into_active_model))
            .on_conflict(replace.clone())
            .exec_without_returning(transaction)
            .await?;
    }
    Ok(())
}

fn row(entry: &RuleEntry) -> Model {
    Model { kind: entry.kind.name().to_owned(), id: entry.id.clone(), content: entry.content.clone() }
}

fn entry(row: Model) -> Result<RuleEntry, CallFailure> {
    let kind = RuleKind::of_name(&row.kind).ok_or_else(|| CallFailure::unreadable("kind of search rules"))?;
    Ok(RuleEntry { kind, id: row.id, content: row.content })
}
