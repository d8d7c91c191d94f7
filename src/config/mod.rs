//! Settings: defaults, then `quarry.toml`, then `QUARRY_*` variables, then the command line;
//! resolved and checked once.
//!
//! [`reference()`] lists every setting once; the checks, the defaults and the documentation are
//! read from it. `raw` reads the layers and refuses unknown keys and values that do not fit,
//! all of them at once; `resolve` makes typed [`Settings`] of them. Nothing outside this folder
//! reads the environment.
//!
//! It deliberately lacks reloading: a process has the settings that it started with.

mod check;
mod environment;
mod error;
mod kind;
mod raw;
mod reference;
mod resolve;
mod settings;
mod show;
mod source;

pub use environment::Environment;
pub use error::{ConfigError, Problem};
pub use raw::Overrides;
pub use reference::{ReferenceLine, reference};
pub use settings::{
    DatabaseSettings, KeystrokeSettings, LogFormat, LogSettings, ReportSettings, SearchSettings,
    ServerSettings, Settings, SuggestSettings,
};
pub use source::{FieldMap, JsonPointer, Language, Pagination, Secret, SourceConfig};
