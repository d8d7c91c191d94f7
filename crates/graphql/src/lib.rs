//! The GraphQL API: types, resolvers, limits and the codes of errors.
//!
//! The schema builds without any service, so the SDL can be exported on its own; [`Api`] puts
//! [`Services`] in and is what the transports talk to. Nothing here knows of HTTP, SQL, Redis
//! or tantivy: resolvers see the [`Store`](quarry_store::Store) and a
//! [`SearchEngine`](quarry_search::SearchEngine). What comes from the index needs no store;
//! relations go there through loaders.

mod api;
mod argument_path;
mod checker;
mod disclosure;
mod document_cache;
mod erasure;
mod error;
mod error_bounds;
mod executor;
mod field_group;
mod fields;
mod guard;
mod ids;
mod limits;
mod list;
mod loaders;
mod mutation;
mod nested_variables;
mod pagination;
mod query;
mod quote;
mod raw_variables;
mod request_context;
mod request_id;
mod response_budget;
mod root_fields;
mod scalars;
mod services;
mod subscription;
mod track;
mod types;
mod variables;
mod warnings;

use async_graphql::{SDLExportOptions, Schema, SchemaBuilder};

pub use api::WHERE_SUBSCRIPTIONS_ARE;
pub use api::{Answer, Api, Operation, OperationKind, Prepared};
pub use error::ErrorCode;
pub use error::{broken, refusal};
pub use error_bounds::excerpt;
pub use executor::SchemaExecutor;
pub use field_group::FieldGroup;
pub use guard::Introspection;
pub use limits::{Limits, TimeLimits};
use mutation::Mutation;
use query::Query;
pub use raw_variables::RawVariables;
pub use request_context::RequestContext;
pub use request_id::RequestId;
pub use response_budget::{ResponseMemory, no_room_for_response, response_too_large};
pub use services::Services;
use subscription::Subscription;
use types::Report;

type ApiSchema = Schema<Query, Mutation, Subscription>;

/// The schema, without services: it describes itself, but resolves nothing.
fn schema() -> SchemaBuilder<Query, Mutation, Subscription> {
    // No field is of the interface's type, so nothing else would bring it in.
    Schema::build(Query, Mutation, Subscription).register_output_type::<Report>()
}

/// The schema in the schema definition language, sorted and described. Ends with a line feed.
pub fn schema_sdl() -> String {
    let options = SDLExportOptions::new()
        .sorted_fields()
        .sorted_arguments()
        .sorted_enum_items()
        .include_specified_by()
        .use_space_ident();
    let sdl = schema().finish().sdl_with_options(options);
    format!("{}\n", sdl.trim_end())
}
