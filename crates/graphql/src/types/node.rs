use async_graphql::{ID, Interface};

use super::{Author, Crawl, Document, Search};

/// An object with an id, by which `node` and `nodes` fetch it.
#[derive(Interface)]
#[graphql(field(
    name = "id",
    ty = "ID",
    desc = "The id of the object: opaque, stable, unique among all types."
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
