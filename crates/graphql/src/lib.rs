//! The GraphQL API: types, resolvers, limits and error codes.
//!
//! Transports call [`Api`], which executes operations with [`Services`]. The schema builds without services, so that
//! the SDL can be exported. Resolvers depend on the [`Store`](quarry_store::Store) and a
//! [`SearchEngine`](quarry_search::SearchEngine), not on HTTP, SQL, Redis or tantivy. Search results come from the
//! index; relations are read from the store, through loaders.

mod api;
mod api_schema;
mod argument_path;
mod cached_searches;
mod disclosure;
mod document_rules;
mod erasure;
mod error;
mod error_bounds;
mod error_code;
mod executor;
mod failure;
mod field_group;
mod fields;
mod guard;
mod ids;
mod input_fields;
mod input_path;
mod introspection;
mod limits;
mod list;
mod literals;
mod loaders;
mod mutation;
mod nested_variables;
mod node;
mod operation;
mod pagination;
mod prepared_documents;
mod query;
mod raw_variables;
mod request_context;
mod request_id;
mod response_budget;
mod root_fields;
mod scalars;
mod schema_builder;
mod search_rules;
mod selections;
mod services;
mod string_escapes;
mod subgraph;
mod subscription;
mod tokens;
mod types;
mod variables;
mod warnings;

pub use api::{Api, SUBSCRIPTION_TRANSPORTS};
pub use error::internal_error;
pub use error_bounds::excerpt;
pub use error_code::{ErrorCode, request_error};
pub use executor::SchemaExecutor;
pub use field_group::FieldGroup;
pub use introspection::Introspection;
pub use limits::{Limits, TimeLimits};
pub use operation::{Answer, Operation, OperationKind, Prepared};
pub use raw_variables::RawVariables;
pub use request_context::{RequestContext, UserAgent};
pub use request_id::RequestId;
pub use response_budget::{ResponseMemory, response_memory_exhausted, response_too_large};
pub use services::Services;
pub use subgraph::{schema_sdl, subgraph_sdl};
