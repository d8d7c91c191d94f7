//! Settings: defaults, then `quarry.toml`, then `QUARRY_*` variables, then the command line;
//! resolved and checked once.
//!
//! [`reference()`] lists every setting once; the checks, the defaults and the documentation are
//! read from it. `raw` reads the layers and refuses unknown keys and values that do not fit,
//! all of them at once; `resolve` makes typed [`Settings`] of them. Nothing outside this folder
//! reads the environment.
//!
//! A running server reads them again when it is told to: [`Settings::changed_from`] says which of
//! them differ. What is done about it is decided above.

mod check;
mod documented;
mod environment;
mod error;
mod key;
mod kind;
mod limits;
mod raw;
mod reference;
mod resolve;
mod settings;
mod show;
mod source;
mod source_rows;

pub use documented::{ReferenceLine, reference};
pub use environment::Environment;
pub use error::{ConfigError, Problem};
pub use key::{KeyConfig, parse_time};
pub use kind::{allows_every, parse_authority};
pub use limits::LimitSettings;
pub use raw::{DEFAULT_FILE, Overrides};
pub use settings::{
    DatabaseSettings, KeystrokeSettings, LogFormat, LogSettings, RateSettings, ReportSettings,
    SearchSettings, ServerSettings, Settings, SuggestSettings, Switch, TelemetrySettings,
};
pub use source::{FieldMap, JsonPointer, Language, Pagination, Secret, SourceConfig};
