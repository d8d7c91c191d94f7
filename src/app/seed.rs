//! Filling the store with a made-up catalogue and a year of its sales.
//!
//! Ids of sales derive from the seed, the source and the number of the sale alone, so doing the
//! same again adds nothing, and doing it again after it was broken off adds what is missing. But
//! sales of another number, of another number of products or of another year have the same ids:
//! those in the store stay as they are. They are made with another seed or source. A product is
//! known by its source and key, which other seeds use as well: it becomes what came last.
//!
//! It writes as any client would: a server that runs on the same database sees it come in.

use anyhow::{Context, Result};
use chrono::{DateTime, Utc};
use tokio_util::sync::CancellationToken;
use uuid::{Uuid, uuid};

use crate::domain::{
    DocumentDraft, DocumentId, DocumentKey, Interaction, InteractionId, InteractionKind, SourceName,
};
use crate::simulator::synthetic::{self, Product, Sale};
use crate::store::{RecordOutcome, Store};

/// Names the ids of sales.
const NAMESPACE: Uuid = uuid!("0d3a7c0e-60b5-4f0e-9d53-2f3a7f6c1f10");
/// Products in one transaction.
const PRODUCTS: usize = 1_000;
/// Sales in one transaction.
const SALES: usize = 5_000;

/// What to fill the store with.
#[derive(Clone, Debug)]
pub struct SeedPlan {
    /// The source of the products.
    pub source: SourceName,
    /// How many products.
    pub products: usize,
    /// How many sales of these.
    pub sales: usize,
    /// Another one makes other products, and sales of other ids.
    pub seed: u64,
    /// When the year of sales ends.
    pub until: DateTime<Utc>,
}

/// How far it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SeedProgress {
    /// Products that are in the store as they were made.
    pub products: usize,
    /// Those that were not as they are before.
    pub new_products: usize,
    /// Sales whose ids are in the store.
    pub sales: usize,
    /// Those whose ids were not there before; the others stay as they were.
    pub new_sales: usize,
}

/// Fills the store, and tells how far it is after each step; ends early when it is cancelled.
pub async fn seed(
    store: &Store,
    seeding: &SeedPlan,
    cancel: &CancellationToken,
    mut progress: impl FnMut(SeedProgress),
) -> Result<SeedProgress> {
    let mut seeded = SeedProgress::default();
    let mut documents = Vec::with_capacity(seeding.products);
    let mut products = synthetic::products(seeding.products, seeding.seed);
    loop {
        let batch: Vec<Product> = products.by_ref().take(PRODUCTS).collect();
        if batch.is_empty() || cancel.is_cancelled() {
            break;
        }
        let drafts = batch.into_iter().map(|product| draft(&seeding.source, product));
        let drafts: Vec<DocumentDraft> = drafts.collect::<Result<_>>()?;
        let outcome = store.upsert_documents(&drafts).await?;
        documents.extend(drafts.iter().map(DocumentDraft::id));
        seeded.products += drafts.len();
        seeded.new_products += outcome.inserted + outcome.updated;
        progress(seeded);
    }
    let sales = synthetic::sales(seeding.sales, seeding.products, seeding.seed, seeding.until);
    let mut sales = sales.enumerate();
    loop {
        let batch: Vec<(usize, Sale)> = sales.by_ref().take(SALES).collect();
        if batch.is_empty() || cancel.is_cancelled() {
            return Ok(seeded);
        }
        let batch: Vec<Interaction> =
            batch.into_iter().map(|(index, sale)| interaction(seeding, &documents, index, sale)).collect();
        let outcomes = store.record_interactions(&batch).await?;
        seeded.sales += outcomes.len();
        seeded.new_sales += outcomes.iter().filter(|outcome| **outcome == RecordOutcome::Recorded).count();
        progress(seeded);
    }
}

/// A product as a document, with the fields where `quarry demo` has them.
fn draft(source: &SourceName, product: Product) -> Result<DocumentDraft> {
    let attributes = [("brand", product.brand.into()), ("price", product.price.into())];
    let draft = DocumentDraft {
        source: source.clone(),
        key: DocumentKey::parse(&product.sku)?,
        title: Some(product.name),
        text: product.description,
        category: Some(product.category.to_owned()),
        author: None,
        published_at: Some(product.updated_at.parse().context("a made-up date cannot be read")?),
        attributes: attributes.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
    };
    Ok(draft.checked()?)
}

fn interaction(seeding: &SeedPlan, documents: &[DocumentId], index: usize, sale: Sale) -> Interaction {
    let name = format!("{} {index} {}", seeding.seed, seeding.source);
    Interaction {
        id: InteractionId(Uuid::new_v5(&NAMESPACE, name.as_bytes())),
        kind: InteractionKind::Conversion,
        document: documents[sale.product],
        quantity: sale.quantity,
        session: None,
        user: None,
        search: None,
        occurred_at: sale.at,
    }
}
