//! Settings: defaults, then `quarry.toml`, then `QUARRY_*` variables; resolved and checked once.

mod source;

pub use source::{FieldMap, JsonPointer, Language, Pagination, Secret, SourceConfig};
