//! The properties of a keystroke as both buffers encode them.

use serde::{Deserialize, Serialize};

use quarry_domain::Keystroke;

/// The properties of a keystroke, in the byte that the first release used for `submitted` alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct KeystrokeFlags(u8);

impl KeystrokeFlags {
    const SUBMITTED: u8 = 1;
    const COMPOSING: u8 = 2;

    pub(crate) fn of(keystroke: &Keystroke) -> Self {
        let flag = |is_set, flag| if is_set { flag } else { 0 };
        Self(flag(keystroke.submitted, Self::SUBMITTED) | flag(keystroke.composing, Self::COMPOSING))
    }

    pub(crate) fn is_submitted(self) -> bool {
        self.0 & Self::SUBMITTED != 0
    }

    pub(crate) fn is_composing(self) -> bool {
        self.0 & Self::COMPOSING != 0
    }
}
