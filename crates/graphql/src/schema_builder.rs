//! The schema of any query root.

use async_graphql::{ObjectType, Schema, SchemaBuilder};

use super::mutation::Mutation;
use super::subscription::Subscription;
use super::types::Report;

/// The schema of a query root.
pub(super) type SchemaOf<Q> = Schema<Q, Mutation, Subscription>;

/// Begins a schema: without services, it can be described, but not executed.
pub(super) fn schema_of<Q: ObjectType + 'static>(query: Q) -> SchemaBuilder<Q, Mutation, Subscription> {
    // No field has the type of the interface, which is therefore registered here.
    Schema::build(query, Mutation, Subscription).register_output_type::<Report>()
}
