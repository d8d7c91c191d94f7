//! The operator's own patterns.

use std::borrow::Cow;
use std::ops::Range;

use quarry_domain::CUSTOM_LABEL;
use regex::Regex;

/// Patterns to mask, and patterns whose matches stay.
#[derive(Debug, Default)]
pub(super) struct CustomPatterns {
    pub(super) masked: Vec<Regex>,
    pub(super) exempt: Vec<Regex>,
}

impl CustomPatterns {
    pub(super) fn mask<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut masked = Cow::Borrowed(text);
        for pattern in &self.masked {
            if let Cow::Owned(replaced) = pattern.replace_all(&masked, CUSTOM_LABEL) {
                masked = Cow::Owned(replaced);
            }
        }
        masked
    }

    /// The ranges of a text in which built-in detectors mask nothing.
    pub(super) fn exempt(&self, text: &str) -> Vec<Range<usize>> {
        self.exempt.iter().flat_map(|pattern| pattern.find_iter(text)).map(|found| found.range()).collect()
    }
}
