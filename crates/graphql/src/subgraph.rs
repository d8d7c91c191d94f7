//! The subgraph of Apollo Federation 2: its schema, and the fields that a router requests.
//!
//! The federation of async-graphql is not used: the errors of its `_entities` have no index, so that a router cannot
//! assign them, and one missing entity fails all others.

use std::sync::LazyLock;

use async_graphql::parser::types::OperationType;
use async_graphql::{Context, MergedObject, Object, SDLExportOptions};

use super::failure::Failure;
use super::guard::{self, RootGuard};
use super::list::List;
use super::node::load_node;
use super::pagination::MAX_REPRESENTATIONS;
use super::query::{PublicQuery, Query};
use super::schema_builder::schema_of;
use super::types::{Entity, Representation};

/// The link to the directives of the subgraph.
const LINK: &str = r#"extend schema
  @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key", "@shareable"])
"#;

/// The directives of types.
const DIRECTIVES: [(&str, &str); 4] = [
    ("Author", r#"@key(fields: "id") @key(fields: "source key")"#),
    ("Document", r#"@key(fields: "id") @key(fields: "source key")"#),
    // Each subgraph with connections has this type.
    ("PageInfo", "@shareable"),
    ("Search", r#"@key(fields: "id")"#),
];

/// The queries: searches, documents, reports, sources and their crawls.
#[derive(Default, MergedObject)]
#[graphql(name = "Query")]
pub(super) struct SubgraphQuery(Query, SubgraphFields);

#[derive(Default)]
struct SubgraphFields;

/// The fields that routers request.
#[Object(guard = RootGuard(OperationType::Query))]
impl SubgraphFields {
    /// Fetches entities by the fields of a key, in the order of the representations: null for an entity that does not
    /// exist, and null with an error for one that fails. Scope: SEARCH for documents and authors, REPORTS for logged
    /// searches.
    #[graphql(name = "_entities")]
    async fn entities(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The types and keys of the entities: at most 1,000.")] representations: Vec<
            Representation,
        >,
    ) -> Result<List<Vec<Option<Result<Entity, Failure>>>>, Failure> {
        let count = representations.len();
        Failure::check_count("representations", count, MAX_REPRESENTATIONS, "representations")?;
        let entities = representations.iter().enumerate().map(|(index, representation)| async move {
            let node = match representation.id(&format!("representations.{index}")) {
                Ok(id) => load_node(ctx, id?).await,
                Err(failure) => Err(failure),
            };
            node.map(|node| node.and_then(Entity::of)).transpose()
        });
        Ok(List(futures_util::future::join_all(entities).await))
    }

    /// The subgraph, which `server.introspection` permits to read. Scope: SEARCH, REPORTS or ADMIN.
    #[graphql(name = "_service")]
    async fn service(&self, ctx: &Context<'_>) -> Result<Service, Failure> {
        guard::require_introspection(ctx)?;
        Ok(Service)
    }
}

struct Service;

/// The subgraph.
#[Object(name = "_Service")]
impl Service {
    /// The schema of the subgraph, as `quarry schema --federation` prints it.
    async fn sdl(&self) -> &str {
        static SDL: LazyLock<String> = LazyLock::new(subgraph_sdl);
        &SDL
    }
}

/// Exports the schema in the schema definition language, sorted, with descriptions.
pub fn schema_sdl() -> String {
    let options = SDLExportOptions::new()
        .sorted_fields()
        .sorted_arguments()
        .sorted_enum_items()
        .include_specified_by()
        .use_space_ident();
    let sdl = schema_of(PublicQuery::default()).finish().sdl_with_options(options);
    format!("{}\n", sdl.trim_end())
}

/// Exports the schema of the subgraph: the one of [`schema_sdl`], with the directives of Apollo Federation 2.
pub fn subgraph_sdl() -> String {
    let mut sdl = format!("{}\n{LINK}", schema_sdl());
    for (name, directives) in DIRECTIVES {
        let (start, brace) = header(&sdl, name).expect("the schema defines the type");
        sdl.insert_str(start + brace, &format!(" {directives}"));
    }
    sdl
}

/// The position of a type's definition, and the position within it at which its directives belong.
fn header(sdl: &str, name: &str) -> Option<(usize, usize)> {
    let start = sdl.find(&format!("\ntype {name} "))?;
    Some((start, sdl[start..].find(" {")?))
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_schema;
    use async_graphql::parser::types::TypeSystemDefinition;

    use super::*;

    #[test]
    fn the_subgraph_is_the_schema_with_directives() {
        let mut directives = Vec::new();
        for definition in parse_schema(subgraph_sdl()).unwrap().definitions {
            let TypeSystemDefinition::Type(definition) = definition else { continue };
            for directive in &definition.node.directives {
                let name = directive.node.name.node.as_str();
                if !matches!(name, "oneOf" | "specifiedBy") {
                    directives.push(format!("{} @{name}", definition.node.name.node));
                }
            }
        }
        directives.sort();
        let keys = ["Author @key"; 2].into_iter().chain(["Document @key"; 2]);
        let expected: Vec<&str> = keys.chain(["PageInfo @shareable", "Search @key"]).collect();
        assert_eq!(directives, expected);
        let stripped = DIRECTIVES
            .iter()
            .fold(subgraph_sdl(), |sdl, (_, directives)| sdl.replacen(&format!(" {directives} {{"), " {", 1));
        assert_eq!(stripped, format!("{}\n{LINK}", schema_sdl()));
    }
}
