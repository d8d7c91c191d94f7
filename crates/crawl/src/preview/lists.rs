//! The preview of a child source: the list of one of the first stored parents.

use super::{Preview, preview_source};
use crate::client::HttpUpstreamError;
use crate::parents::ParentList;
use quarry_config::SourceConfig;
use quarry_domain::SourceName;
use quarry_store::{Store, StoreError};

/// The parents whose lists are requested until one has items.
const MAX_PARENTS: u64 = 5;

/// The reason why a source cannot be previewed.
#[derive(Debug, thiserror::Error)]
pub enum PreviewError {
    /// The source is not configured any more.
    #[error("The source {0} is not configured any more.")]
    NotConfigured(SourceName),
    /// The parent has no documents.
    #[error("the parent {0} has no documents yet: crawl it first, with `quarry crawl {0}`")]
    NoParents(SourceName),
    /// None of the first parents has a value for a placeholder.
    #[error("the first documents of the parent {0} have no usable value for {1}: check the placeholder")]
    NoValue(SourceName, String),
    /// The client cannot be built.
    #[error(transparent)]
    Upstream(#[from] HttpUpstreamError),
    /// The parents cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Previews a source; of a child source, the first list with items among those of the first parents.
pub async fn preview_configured(
    store: &Store,
    config: &SourceConfig,
    pages: usize,
) -> Result<Preview, PreviewError> {
    match &config.parent {
        Some(parent) => preview_list(store, config, parent, pages).await,
        None => Ok(preview_source(config, pages).await?),
    }
}

/// Previews the first list with items among those of the first parents.
async fn preview_list(
    store: &Store,
    config: &SourceConfig,
    parent: &SourceName,
    pages: usize,
) -> Result<Preview, PreviewError> {
    let parents = store.documents_of_source(parent, None, MAX_PARENTS).await?;
    let mut missing = None;
    let mut last = None;
    for document in &parents {
        let list = match ParentList::of(config, document) {
            Ok(list) => list,
            Err(placeholder) => {
                missing = Some(placeholder);
                continue;
            }
        };
        let preview = preview_source(&list.config, pages).await?;
        let has_items = preview.pages.iter().any(|page| page.items.is_some_and(|items| items > 0));
        last = Some(Preview { parent: Some(document.key.as_str().to_owned()), ..preview });
        if has_items {
            break;
        }
    }
    let problem = || match missing {
        Some(placeholder) => PreviewError::NoValue(parent.clone(), placeholder.to_string()),
        None => PreviewError::NoParents(parent.clone()),
    };
    last.ok_or_else(problem)
}
