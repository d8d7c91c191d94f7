//! One query per level: look-ups of the same kind that fields ask for side by side go to the
//! store together. Loaders live as long as their request, so nothing is served stale.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, OnceLock};

use async_graphql::Context;
use async_graphql::dataloader::{DataLoader, Loader};
use async_graphql::runtime::TokioTimer;
use futures_util::task::{FutureObj, Spawn, SpawnError};
use tracing::{Instrument, Span};

use super::error::Failure;
use super::response_budget::ResponseBudget;
use super::services::Services;
use quarry_domain::{
    Author, AuthorId, Crawl, CrawlId, Document, DocumentId, LoggedSearch, LoggedSearchId, SourceName,
    Timestamp,
};
use quarry_store::{Slice, Store};

/// The loaders of one request. They are made when first needed: most searches need none.
#[derive(Default)]
pub(super) struct Loaders(OnceLock<DataLoader<StoreLoader>>);

impl Loaders {
    /// Looks up one record, together with those that its neighbours ask for.
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
            ctx.data_opt::<Loaders>().ok_or_else(|| Failure::internal("the request came without loaders"))?;
        Ok(loaders.0.get_or_init(|| {
            let loader = StoreLoader { store: store.clone(), budget: ResponseBudget::of(ctx).cloned() };
            DataLoader::new(loader, Within(Span::current()), TokioTimer::default())
        }))
    }
}

/// Runs look-ups as tasks within the span of the operation that they are made for.
struct Within(Span);

impl Spawn for Within {
    fn spawn_obj(&self, future: FutureObj<'static, ()>) -> Result<(), SpawnError> {
        tokio::spawn(future.instrument(self.0.clone()));
        Ok(())
    }
}

type ValueOf<K> = <StoreLoader as Loader<K>>::Value;

/// Answers batches of keys from the store; the key's type says what is looked up.
pub(super) struct StoreLoader {
    store: Store,
    /// The budget that documents read from the store count towards; absent in subscriptions.
    budget: Option<ResponseBudget>,
}

/// Documents of one query: this many of the largest fit into the memory of a response.
const DOCUMENTS_AT_ONCE: usize = 32;

impl StoreLoader {
    /// Counts documents that were read.
    fn read<'a>(&self, documents: impl IntoIterator<Item = &'a Document>) -> Result<(), Failure> {
        let Some(budget) = &self.budget else { return Ok(()) };
        budget.add_read(documents.into_iter().map(Document::memory_bytes).sum())
    }

    /// A page of an author's documents, read in parts.
    async fn author_page(&self, page: &AuthorPage) -> Result<Vec<Arc<Document>>, Failure> {
        let (mut slice, mut left) = (page.slice, page.slice.limit);
        let mut found = Vec::new();
        while left > 0 {
            slice.limit = left.min(DOCUMENTS_AT_ONCE as u64);
            let part = self.store.documents_of_author(page.author, slice).await?;
            self.read(&part)?;
            let goes_on = part.len() as u64 == slice.limit;
            left -= slice.limit;
            let position = |document: &Document| (document.published_at, document.id);
            if slice.from_end {
                slice.before = part.first().map(position).or(slice.before);
                found.splice(0..0, part.into_iter().map(Arc::new));
            } else {
                slice.after = part.last().map(position).or(slice.after);
                found.extend(part.into_iter().map(Arc::new));
            }
            if !goes_on {
                break;
            }
        }
        Ok(found)
    }
}

/// Asks how many documents a source has.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct SourceCount(pub(super) SourceName);

/// Asks for the latest crawl of a source.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct LastCrawl(pub(super) SourceName);

/// Asks how many documents an author has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct AuthorCount(pub(super) AuthorId);

/// Asks for a page of an author's documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct AuthorPage {
    pub(super) author: AuthorId,
    pub(super) slice: Slice<(Option<Timestamp>, DocumentId)>,
}

/// Says that the store is asked: one such event a batch.
fn note(what: &'static str, keys: usize) {
    tracing::trace!(lookup.of = what, lookup.keys = keys, "relations looked up");
}

impl Loader<DocumentId> for StoreLoader {
    /// Shared: many fields may ask for the same.
    type Value = Arc<Document>;
    type Error = Failure;

    async fn load(&self, ids: &[DocumentId]) -> Result<HashMap<DocumentId, Arc<Document>>, Failure> {
        note("documents", ids.len());
        let mut found = HashMap::with_capacity(ids.len());
        for ids in ids.chunks(DOCUMENTS_AT_ONCE) {
            let part = self.store.documents_by_id(ids).await?;
            self.read(part.values())?;
            found.extend(part.into_iter().map(|(id, document)| (id, Arc::new(document))));
        }
        Ok(found)
    }
}

impl Loader<AuthorId> for StoreLoader {
    type Value = Author;
    type Error = Failure;

    async fn load(&self, ids: &[AuthorId]) -> Result<HashMap<AuthorId, Author>, Failure> {
        note("authors", ids.len());
        Ok(self.store.authors_by_id(ids).await?)
    }
}

impl Loader<CrawlId> for StoreLoader {
    type Value = Crawl;
    type Error = Failure;

    async fn load(&self, ids: &[CrawlId]) -> Result<HashMap<CrawlId, Crawl>, Failure> {
        note("crawls", ids.len());
        Ok(self.store.crawls_by_id(ids).await?)
    }
}

impl Loader<LoggedSearchId> for StoreLoader {
    type Value = LoggedSearch;
    type Error = Failure;

    async fn load(&self, ids: &[LoggedSearchId]) -> Result<HashMap<LoggedSearchId, LoggedSearch>, Failure> {
        note("logged searches", ids.len());
        Ok(self.store.searches_by_id(ids).await?)
    }
}

impl Loader<SourceCount> for StoreLoader {
    type Value = i64;
    type Error = Failure;

    async fn load(&self, keys: &[SourceCount]) -> Result<HashMap<SourceCount, i64>, Failure> {
        note("document counts of sources", keys.len());
        let sources: Vec<_> = keys.iter().map(|key| key.0.clone()).collect();
        let counts = self.store.document_counts_of_sources(&sources).await?;
        Ok(counts.into_iter().map(|(source, count)| (SourceCount(source), count)).collect())
    }
}

impl Loader<LastCrawl> for StoreLoader {
    type Value = Crawl;
    type Error = Failure;

    async fn load(&self, keys: &[LastCrawl]) -> Result<HashMap<LastCrawl, Crawl>, Failure> {
        note("last crawls", keys.len());
        let sources: Vec<_> = keys.iter().map(|key| key.0.clone()).collect();
        let crawls = self.store.last_crawls(&sources).await?;
        Ok(crawls.into_iter().map(|(source, crawl)| (LastCrawl(source), crawl)).collect())
    }
}

impl Loader<AuthorCount> for StoreLoader {
    type Value = i64;
    type Error = Failure;

    async fn load(&self, keys: &[AuthorCount]) -> Result<HashMap<AuthorCount, i64>, Failure> {
        note("document counts of authors", keys.len());
        let authors: Vec<_> = keys.iter().map(|key| key.0).collect();
        let counts = self.store.document_counts_of_authors(&authors).await?;
        Ok(counts.into_iter().map(|(author, count)| (AuthorCount(author), count)).collect())
    }
}

impl Loader<AuthorPage> for StoreLoader {
    type Value = Vec<Arc<Document>>;
    type Error = Failure;

    // Each author's page is a range of an index, so this is one query an author; the loader
    // still asks but once where the same author stands under many documents.
    async fn load(&self, keys: &[AuthorPage]) -> Result<HashMap<AuthorPage, Vec<Arc<Document>>>, Failure> {
        note("pages of authors", keys.len());
        let mut pages = HashMap::with_capacity(keys.len());
        for key in keys {
            pages.insert(*key, self.author_page(key).await?);
        }
        Ok(pages)
    }
}
