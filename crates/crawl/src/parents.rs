//! The parents of a child source, read from the store in the order of their ids, and the list of each.

use std::collections::VecDeque;
use std::sync::Arc;

use super::json::{Json, unescape};
use super::mapping::scalar_text;
use super::upstream::UpstreamRequest;
use quarry_config::{Pagination, ParentValue, Placeholder, SourceConfig, placeholders_in};
use quarry_domain::{CrawlState, Document, DocumentId, DocumentKey, SourceName};
use quarry_store::{Store, StoreError};

/// Parents of one read. Their texts, up to 1 MiB each, are in memory then.
const BATCH: u64 = 50;
/// Crawls of the parent in which the latest ended one is looked for.
const LATEST_CRAWLS: u64 = 2;

/// The list of one parent.
#[derive(Clone, Debug)]
pub(super) struct ParentList {
    /// The key of the parent.
    pub(super) parent: DocumentKey,
    /// The settings with the values of the parent.
    pub(super) config: Arc<SourceConfig>,
    /// The parameters that a link to another page of the list may lack.
    params: Vec<(String, String)>,
}

impl ParentList {
    /// Returns the list of a parent, or the placeholder without a usable value.
    pub(super) fn of(config: &SourceConfig, parent: &Document) -> Result<Self, Placeholder> {
        let attributes = Json::parse(&parent.attributes).unwrap_or_default();
        let value_of = |placeholder: &Placeholder| {
            let value = config.parent_value(placeholder).ok()?;
            value_in(parent, &attributes, &value)
        };
        let list = config.for_parent(value_of)?;
        Ok(Self { parent: parent.key.clone(), params: params_of(config, &list), config: Arc::new(list) })
    }

    /// Adds the parameters of the list to a request.
    pub(super) fn complete(&self, request: &mut UpstreamRequest) {
        request.params.clone_from(&self.params);
    }
}

/// The parents behind the current one.
pub(super) struct Parents {
    store: Store,
    source: SourceName,
    child: Arc<SourceConfig>,
    /// The next lists, read ahead.
    ahead: VecDeque<Result<ParentList, Placeholder>>,
    last: Option<DocumentId>,
    is_exhausted: bool,
}

impl Parents {
    /// Returns the parents of a child source, behind the one with the key `after`.
    pub(super) fn of(
        store: Store,
        child: Arc<SourceConfig>,
        source: &SourceName,
        after: Option<&DocumentKey>,
    ) -> Self {
        let last = after.map(|key| DocumentId::of(source, key));
        Self { store, source: source.clone(), child, ahead: VecDeque::new(), last, is_exhausted: false }
    }

    /// Returns the list of the parent with a key; `None` if it is gone, or lacks a value.
    pub(super) async fn find(&self, key: &DocumentKey) -> Result<Option<ParentList>, StoreError> {
        let id = DocumentId::of(&self.source, key);
        let document = self.store.documents_by_id(&[id]).await?.remove(&id);
        Ok(document.and_then(|document| ParentList::of(&self.child, &document).ok()))
    }

    /// Returns the next list, or the placeholder for which its parent has no usable value.
    pub(super) async fn next(&mut self) -> Result<Option<Result<ParentList, Placeholder>>, StoreError> {
        if self.ahead.len() < self.child.concurrency as usize && !self.is_exhausted {
            let documents = self.store.documents_of_source(&self.source, self.last, BATCH).await?;
            self.is_exhausted = (documents.len() as u64) < BATCH;
            self.last = documents.last().map(|document| document.id).or(self.last);
            self.ahead.extend(documents.iter().map(|document| ParentList::of(&self.child, document)));
        }
        Ok(self.ahead.pop_front())
    }

    /// Returns the lists that follow, as far as they were read.
    pub(super) fn ahead(&self) -> impl Iterator<Item = &ParentList> {
        self.ahead.iter().filter_map(|list| list.as_ref().ok())
    }

    /// Returns the reason why the stored parents may not be all of them.
    pub(super) async fn doubt(&self) -> Result<Option<String>, StoreError> {
        let crawls = self.store.crawls_of_source(&self.source, LATEST_CRAWLS).await?;
        let ended = crawls.iter().find(|crawl| crawl.state != CrawlState::Running);
        if ended.is_some_and(|crawl| crawl.state == CrawlState::Completed) {
            return Ok(None);
        }
        let source = &self.source;
        let problem = if ended.is_some() {
            "the last crawl of the parent is not complete"
        } else {
            "the parent has not been crawled"
        };
        Ok(Some(format!("{problem}: `quarry crawl {source}`")))
    }
}

/// Returns the parameters with values of the parent.
///
/// An address in a `Link` header has all of them by its standard.
fn params_of(child: &SourceConfig, list: &SourceConfig) -> Vec<(String, String)> {
    let listed = child.params.iter().zip(&list.params).filter(|((_, written), (_, value))| written != value);
    let listed = listed.map(|(_, (name, value))| (name.clone(), value.expose().to_owned()));
    let is_link_paged = matches!(child.pagination, Pagination::Link { .. });
    let in_url = child.url.query_pairs().zip(list.url.query_pairs());
    let in_url = in_url.filter(|((_, written), _)| !is_link_paged && !placeholders_in(written).is_empty());
    listed.chain(in_url.map(|(_, (name, value))| (name.into_owned(), value.into_owned()))).collect()
}

fn value_in(parent: &Document, attributes: &Json, value: &ParentValue) -> Option<String> {
    let author = || parent.author.as_ref();
    match value {
        ParentValue::Key(_, 1) => Some(parent.key.as_str().to_owned()),
        ParentValue::Key(index, _) => parent.key.as_str().split('/').nth(*index).map(unescape),
        ParentValue::Title => parent.title.clone(),
        ParentValue::Text => Some(parent.text.clone()),
        ParentValue::Category => parent.category.clone(),
        ParentValue::AuthorKey => author().map(|author| author.key.clone()),
        ParentValue::AuthorName => author().map(|author| author.name.clone()),
        ParentValue::Attribute(pointer) => scalar_text(attributes.pointer(pointer)?).map(Into::into),
    }
}
