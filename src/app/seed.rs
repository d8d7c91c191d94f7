//! Fills the store with a synthetic catalogue and a year of its sales.
//!
//! Ids of sales derive from the seed, the source and the number of the sale alone, so a repeated run
//! adds nothing, and a run after an interrupted one adds the missing sales. But sales of another number,
//! of another number of products or of another year have the same ids, and stored ones stay unchanged:
//! they need another seed or source. A product is identified by its source and key, which other seeds
//! use as well: the last run determines it.
//!
//! It writes as any client does: servers on the same database index the products.

use anyhow::{Context, Result};
use chrono::{DateTime, Utc};
use tokio_util::sync::CancellationToken;
use uuid::{Uuid, uuid};

use crate::domain::{
    DocumentDraft, DocumentId, DocumentKey, Interaction, InteractionId, InteractionKind, SourceName,
};
use crate::simulator::synthetic::{self, Product, Sale};
use crate::store::{RecordOutcome, Store};

/// The namespace of the ids of sales.
const NAMESPACE: Uuid = uuid!("0d3a7c0e-60b5-4f0e-9d53-2f3a7f6c1f10");
/// Products in one transaction.
const PRODUCT_BATCH: usize = 1_000;
/// Sales in one transaction.
const SALE_BATCH: usize = 5_000;

/// The data to store.
#[derive(Clone, Debug)]
pub struct SeedPlan {
    /// The source of the products.
    pub source: SourceName,
    /// The number of products.
    pub products: usize,
    /// The number of their sales.
    pub sales: usize,
    /// The seed of products and sales, and of the ids of sales.
    pub seed: u64,
    /// The end of the year of sales.
    pub until: DateTime<Utc>,
}

/// Stored products and sales so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SeedProgress {
    /// Products that the store has.
    pub products: usize,
    /// Those that were missing or different before.
    pub new_products: usize,
    /// Sales whose ids the store has.
    pub sales: usize,
    /// Those whose ids were missing before; others stay unchanged.
    pub new_sales: usize,
}

/// Fills the store and reports progress after each batch, until the end or until it is cancelled.
pub async fn seed(
    store: &Store,
    plan: &SeedPlan,
    cancel: &CancellationToken,
    mut progress: impl FnMut(SeedProgress),
) -> Result<SeedProgress> {
    let mut seeded = SeedProgress::default();
    let mut documents = Vec::with_capacity(plan.products);
    let mut products = synthetic::products(plan.products, plan.seed);
    loop {
        let batch: Vec<Product> = products.by_ref().take(PRODUCT_BATCH).collect();
        if batch.is_empty() || cancel.is_cancelled() {
            break;
        }
        let drafts = batch.into_iter().map(|product| draft(&plan.source, product));
        let drafts: Vec<DocumentDraft> = drafts.collect::<Result<_>>()?;
        let outcome = store.upsert_documents(&drafts).await?;
        documents.extend(drafts.iter().map(DocumentDraft::id));
        seeded.products += drafts.len();
        seeded.new_products += outcome.inserted + outcome.updated;
        progress(seeded);
    }
    let sales = synthetic::sales(plan.sales, plan.products, plan.seed, plan.until);
    let mut sales = sales.enumerate();
    loop {
        let batch: Vec<(usize, Sale)> = sales.by_ref().take(SALE_BATCH).collect();
        if batch.is_empty() || cancel.is_cancelled() {
            return Ok(seeded);
        }
        let batch: Vec<Interaction> =
            batch.into_iter().map(|(index, sale)| interaction(plan, &documents, index, sale)).collect();
        let outcomes = store.record_interactions(&batch).await?;
        seeded.sales += outcomes.len();
        seeded.new_sales += outcomes.iter().filter(|outcome| **outcome == RecordOutcome::Recorded).count();
        progress(seeded);
    }
}

/// Converts a product to a document with the same fields as in `quarry demo`.
fn draft(source: &SourceName, product: Product) -> Result<DocumentDraft> {
    let attributes = serde_json::json!({"brand": product.brand, "price": product.price});
    let draft = DocumentDraft {
        source: source.clone(),
        key: DocumentKey::parse(&product.sku)?,
        title: Some(product.name),
        text: product.description,
        category: Some(product.category.to_owned()),
        author: None,
        published_at: Some(product.updated_at.parse().context("invalid synthetic date")?),
        attributes: attributes.to_string(),
    };
    Ok(draft.checked()?)
}

fn interaction(plan: &SeedPlan, documents: &[DocumentId], index: usize, sale: Sale) -> Interaction {
    let name = format!("{} {index} {}", plan.seed, plan.source);
    Interaction {
        id: InteractionId(Uuid::new_v5(&NAMESPACE, name.as_bytes())),
        kind: InteractionKind::Conversion,
        document: documents[sale.product],
        quantity: sale.quantity,
        session: None,
        user: None,
        search: None,
        position: None,
        occurred_at: sale.at,
    }
}
