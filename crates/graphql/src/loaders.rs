//! Batches of look-ups: one query of the store for each type and level of a response.
//!
//! Loaders live as long as their request, so they return no stale records.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, OnceLock};

use async_graphql::Context;
use async_graphql::dataloader::{DataLoader, Loader};
use async_graphql::runtime::TokioTimer;
use futures_util::task::{FutureObj, Spawn, SpawnError};
use tracing::{Instrument, Span};

use super::failure::Failure;
use super::response_budget::ResponseBudget;
use super::services::Services;
use quarry_domain::{
    Author, AuthorId, Crawl, CrawlId, Document, DocumentId, LoggedSearch, LoggedSearchId, SourceName,
    Timestamp,
};
use quarry_store::{Slice, Store};

/// The loaders of one request, created on first use: most searches need none.
#[derive(Default)]
pub(super) struct Loaders(OnceLock<DataLoader<StoreLoader>>);

impl Loaders {
    /// Looks up one record, in a batch with those of other fields.
    pub(super) async fn load<K>(ctx: &Context<'_>, key: K) -> Result<Option<ValueOf<K>>, Failure>
    where
        K: Send + Sync + Hash + Eq + Clone + 'static,
        StoreLoader: Loader<K, Error = Failure>,
    {
        Self::of(ctx)?.load_one(key).await
    }

    fn of<'a>(ctx: &Context<'a>) -> Result<&'a DataLoader<StoreLoader>, Failure> {
        let store = &Services::of(ctx)?.store;
        let loaders =
            ctx.data_opt::<Loaders>().ok_or_else(|| Failure::internal("the request has no loaders"))?;
        Ok(loaders.0.get_or_init(|| {
            let loader = StoreLoader { store: store.clone(), budget: ResponseBudget::of(ctx).cloned() };
            DataLoader::new(loader, InSpan(Span::current()), TokioTimer::default())
        }))
    }
}

/// A spawner of tasks within the span of the operation.
struct InSpan(Span);

impl Spawn for InSpan {
    fn spawn_obj(&self, future: FutureObj<'static, ()>) -> Result<(), SpawnError> {
        tokio::spawn(future.instrument(self.0.clone()));
        Ok(())
    }
}

type ValueOf<K> = <StoreLoader as Loader<K>>::Value;

/// A loader of batches of keys; the type of the key selects the query.
pub(super) struct StoreLoader {
    store: Store,
    /// The budget of documents that the response reads; absent in subscriptions.
    budget: Option<ResponseBudget>,
}

/// The maximum number of documents of one query; if largest, they fit into a response.
const MAX_QUERIED_DOCUMENTS: usize = 32;

impl StoreLoader {
    /// Adds the memory of documents to the budget.
    fn add_read<'a>(&self, documents: impl IntoIterator<Item = &'a Document>) -> Result<(), Failure> {
        let Some(budget) = &self.budget else { return Ok(()) };
        budget.add_read(documents.into_iter().map(Document::memory_bytes).sum())
    }

    /// Reads a page of an author's documents in several queries.
    async fn author_page(&self, page: &AuthorPage) -> Result<Vec<Arc<Document>>, Failure> {
        let (mut slice, mut remaining) = (page.slice, page.slice.limit);
        let mut found = Vec::new();
        while remaining > 0 {
            slice.limit = remaining.min(MAX_QUERIED_DOCUMENTS as u64);
            let part = self.store.documents_of_author(page.author, slice).await?;
            self.add_read(&part)?;
            let continues = part.len() as u64 == slice.limit;
            remaining -= slice.limit;
            let position = |document: &Document| (document.published_at, document.id);
            if slice.from_end {
                slice.before = part.first().map(position).or(slice.before);
                found.splice(0..0, part.into_iter().map(Arc::new));
            } else {
                slice.after = part.last().map(position).or(slice.after);
                found.extend(part.into_iter().map(Arc::new));
            }
            if !continues {
                break;
            }
        }
        Ok(found)
    }
}

/// The key of the number of a source's documents.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct SourceCount(pub(super) SourceName);

/// The key of the latest crawl of a source.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct LastCrawl(pub(super) SourceName);

/// The key of the number of an author's documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct AuthorCount(pub(super) AuthorId);

/// The key of a page of an author's documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct AuthorPage {
    pub(super) author: AuthorId,
    pub(super) slice: Slice<(Option<Timestamp>, DocumentId)>,
}

/// Traces a batch.
fn trace(records: &'static str, keys: usize) {
    tracing::trace!(lookup.of = records, lookup.keys = keys, "relations looked up");
}

impl Loader<DocumentId> for StoreLoader {
    /// Shared, as many fields may request the same document.
    type Value = Arc<Document>;
    type Error = Failure;

    async fn load(&self, ids: &[DocumentId]) -> Result<HashMap<DocumentId, Arc<Document>>, Failure> {
        trace("documents", ids.len());
        let mut found = HashMap::with_capacity(ids.len());
        for ids in ids.chunks(MAX_QUERIED_DOCUMENTS) {
            let part = self.store.documents_by_id(ids).await?;
            self.add_read(part.values())?;
            found.extend(part.into_iter().map(|(id, document)| (id, Arc::new(document))));
        }
        Ok(found)
    }
}

/// Implements a loader whose batch is one query of the store.
macro_rules! query_loader {
    ($key:ty => $value:ty, $records:literal, |$store:ident, $keys:ident| $query:expr) => {
        impl Loader<$key> for StoreLoader {
            type Value = $value;
            type Error = Failure;

            async fn load(&self, $keys: &[$key]) -> Result<HashMap<$key, $value>, Failure> {
                trace($records, $keys.len());
                let $store = &self.store;
                Ok($query)
            }
        }
    };
}

query_loader!(AuthorId => Author, "authors", |store, ids| store.authors_by_id(ids).await?);
query_loader!(CrawlId => Crawl, "crawls", |store, ids| store.crawls_by_id(ids).await?);
query_loader!(LoggedSearchId => LoggedSearch, "logged searches", |store, ids| store.searches_by_id(ids).await?);
query_loader!(SourceCount => i64, "document counts of sources", |store, keys| {
    let sources: Vec<_> = keys.iter().map(|key| key.0.clone()).collect();
    let counts = store.document_counts_of_sources(&sources).await?;
    counts.into_iter().map(|(source, count)| (SourceCount(source), count)).collect()
});
query_loader!(LastCrawl => Crawl, "last crawls", |store, keys| {
    let sources: Vec<_> = keys.iter().map(|key| key.0.clone()).collect();
    let crawls = store.last_crawls(&sources).await?;
    crawls.into_iter().map(|(source, crawl)| (LastCrawl(source), crawl)).collect()
});
query_loader!(AuthorCount => i64, "document counts of authors", |store, keys| {
    let authors: Vec<_> = keys.iter().map(|key| key.0).collect();
    let counts = store.document_counts_of_authors(&authors).await?;
    counts.into_iter().map(|(author, count)| (AuthorCount(author), count)).collect()
});

impl Loader<AuthorPage> for StoreLoader {
    type Value = Vec<Arc<Document>>;
    type Error = Failure;

    // The page of an author is a range of an index, so each author takes a query; several documents of the same author
    // share it.
    async fn load(&self, keys: &[AuthorPage]) -> Result<HashMap<AuthorPage, Vec<Arc<Document>>>, Failure> {
        trace("pages of authors", keys.len());
        let mut pages = HashMap::with_capacity(keys.len());
        for key in keys {
            pages.insert(*key, self.author_page(key).await?);
        }
        Ok(pages)
    }
}
