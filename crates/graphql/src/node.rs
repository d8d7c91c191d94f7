//! Nodes by their ids.

use async_graphql::Context;

use super::failure::Failure;
use super::guard;
use super::ids::NodeId;
use super::loaders::Loaders;
use super::types::{Author, Crawl, Document, Node, Search};
use quarry_domain::Scope;

/// Loads a node, if the caller has the scope of its type.
pub(super) async fn load_node(ctx: &Context<'_>, id: NodeId) -> Result<Option<Node>, Failure> {
    let (object, scope) = match id {
        NodeId::Document(_) => ("A document", Scope::Search),
        NodeId::Author(_) => ("An author", Scope::Search),
        NodeId::Crawl(_) => ("A crawl", Scope::Admin),
        NodeId::Search(_) => ("A logged search", Scope::Reports),
    };
    guard::require(ctx, object, scope)?;
    Ok(match id {
        NodeId::Document(id) => Loaders::load(ctx, id).await?.map(Document::from).map(Node::from),
        NodeId::Author(id) => Loaders::load(ctx, id).await?.map(Author).map(Node::from),
        NodeId::Crawl(id) => Loaders::load(ctx, id).await?.map(Crawl).map(Node::from),
        NodeId::Search(id) => Loaders::load(ctx, id).await?.map(Search).map(Node::from),
    })
}
