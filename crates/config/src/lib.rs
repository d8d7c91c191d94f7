//! Settings: defaults, then `quarry.toml`, then `QUARRY_*` variables, then flags; loaded and checked at once.
//!
//! Each setting is one field in `settings`, `limits`, `source` or `key`: its type, its bounds (a function of
//! `values`), its default, and its description as a doc comment. `table` turns the declarations into tables that
//! read, print, document and compare themselves. `node` is the position in the layers while they are read and
//! collects all problems. `load` runs the reading, and `check` finds settings that contradict each other.
//! No other crate reads the environment.
//!
//! A running server loads the settings again on SIGHUP: [`Settings::changed_from`] lists the differences.

mod check;
mod cron;
mod environment;
mod error;
mod file;
mod headers;
mod key;
mod limits;
mod load;
mod node;
mod reference;
mod reference_line;
mod reload;
mod secret;
mod setting;
mod settings;
mod show;
mod source;
mod suggestion;
mod table;
mod values;
mod variables;

pub use cron::CronSchedule;
pub use environment::Environment;
pub use error::{ConfigError, ConfigProblem};
pub use key::{KeyConfig, parse_time};
pub use limits::LimitSettings;
pub use load::{DEFAULT_FILE, Overrides};
pub use reference::reference;
pub use reference_line::ReferenceLine;
pub use secret::{Secret, redact_url};
pub use settings::{
    DatabaseSettings, KeystrokeSettings, LogFormat, LogSettings, PersistedSettings, RateSettings,
    ReportSettings, SearchSettings, ServerSettings, Settings, SuggestSettings, Switch, TelemetrySettings,
};
pub use source::{FieldMap, JsonPointer, Language, Pagination, SourceConfig, StopSignals, StopValue};
pub use values::{allows_every, parse_authority};
