use async_graphql::{ID, Interface};

use super::{Author, Crawl, Document, Search};

/// Something that has an id of its own and can be fetched again by it.
#[derive(Interface)]
#[graphql(field(
    name = "id",
    ty = "ID",
    desc = "Identifies the object; opaque, stable, unique among all types."
))]
pub(crate) enum Node {
    /// A document.
    Document(Document),
    /// An author.
    Author(Author),
    /// A crawl.
    Crawl(Crawl),
    /// A logged search.
    Search(Search),
}
