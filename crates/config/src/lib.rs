//! Settings: defaults, then `quarry.toml`, then `QUARRY_*` variables, then flags; loaded and checked at once.
//!
//! Each setting is one field in `settings`, `limits`, `source` or `key`: its type, its bounds (a function of
//! `values`, or of `pointer` and `date_format` for sources), its default, and its description as a doc comment.
//! `table` turns the declarations into tables that read, print, document and compare themselves. `node` is the
//! position in the layers while they are read and collects all problems. `load` runs the reading, and `check`
//! finds settings that contradict each other. No other crate reads the environment.
//!
//! A running server loads the settings again on SIGHUP: [`Settings::changed_from`] lists the differences.

mod check;
mod cron;
mod date_format;
mod environment;
mod error;
mod file;
mod key;
mod limits;
mod load;
mod node;
mod pattern;
mod placeholder;
mod pointer;
mod reference;
mod reference_line;
mod reload;
mod secret;
mod secret_values;
mod setting;
mod settings;
mod show;
mod source;
mod suggestion;
mod table;
mod values;
mod variables;
mod web_url;

pub use cron::CronSchedule;
pub use date_format::{DateFormat, DatePattern};
pub use environment::Environment;
pub use error::{ConfigError, ConfigProblem};
pub use key::{KeyConfig, parse_time};
pub use limits::LimitSettings;
pub use load::{DEFAULT_FILE, Overrides};
pub use pattern::Pattern;
pub use placeholder::{Placeholder, placeholders_in};
pub use pointer::{FieldList, ItemsPath, JsonPointer, KeyFields, KeyPart, PathSegment};
pub use reference::reference;
pub use reference_line::ReferenceLine;
pub use secret::{Secret, hide_params, is_harmless, looks_secret};
pub use settings::{
    DatabaseSettings, EngineKind, KeystrokeSettings, LogFormat, LogSettings, OpenSearchSettings,
    PersistedSettings, RateSettings, ReportSettings, SearchSettings, SearchesToLog, ServerSettings, Settings,
    SuggestSettings, Switch, TelemetrySettings, WeightSettings,
};
pub use source::{
    AttributeConfig, AttributeType, AttributeUse, BodyContent, ClientAuthStyle, FieldMap, Language,
    LanguageSetting, Locator, NextKind, OnFailedPage, OnReject, PageFormat, Pagination, ParentValue,
    PostBody, PushedSource, RequestMethod, SinceParam, SourceConfig, SourceContent, SourceList, StopSignals,
    StopValue, UpstreamAuth,
};
pub use values::{allows_every, parse_authority};
pub use web_url::WebUrl;
