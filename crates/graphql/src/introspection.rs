use quarry_config::Switch;
use quarry_domain::Principal;

/// The callers that may introspect the schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Introspection {
    /// All but anonymous callers.
    Auto,
    /// All callers.
    On,
    /// No caller.
    Off,
}

impl Introspection {
    pub(super) fn allows(self, caller: &Principal) -> bool {
        match self {
            Self::Auto => !caller.is_anonymous(),
            Self::On => true,
            Self::Off => false,
        }
    }
}

impl From<Switch> for Introspection {
    fn from(setting: Switch) -> Self {
        match setting {
            Switch::Auto => Self::Auto,
            Switch::On => Self::On,
            Switch::Off => Self::Off,
        }
    }
}
