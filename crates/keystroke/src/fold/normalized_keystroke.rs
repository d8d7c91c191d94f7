//! A keystroke as the fold reads it.

use super::comparison::NormalizedText;
use quarry_domain::{SearchContext, Timestamp, UserId};

/// A keystroke with its normalized text.
#[derive(Debug)]
pub(super) struct NormalizedKeystroke<'a> {
    pub(super) at: Timestamp,
    pub(super) user: Option<&'a UserId>,
    pub(super) text: &'a str,
    pub(super) normalized: NormalizedText<'a>,
    pub(super) submitted: bool,
    pub(super) request: TextRequest<'a>,
    /// An input method was composing the text.
    pub(super) composing: bool,
    /// The first of its piece, but not of its page load: the box may have held an unknown text.
    pub(super) may_follow: bool,
    /// The page load that counted the sequence, in order of arrival.
    pub(super) epoch: u32,
    pub(super) sequence: Option<i64>,
}

impl<'a> NormalizedKeystroke<'a> {
    /// A remembered search as the content of the box before a piece.
    pub(super) fn remembered(
        at: Timestamp,
        user: Option<&'a UserId>,
        normalized: NormalizedText<'a>,
        composing: bool,
    ) -> Self {
        Self {
            at,
            user,
            text: normalized.text(),
            normalized,
            submitted: false,
            request: TextRequest::default(),
            composing,
            may_follow: false,
            epoch: 0,
            sequence: None,
        }
    }
}

/// The known result count of a text, and the facts about the request that found it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct TextRequest<'a> {
    pub(super) result_count: Option<i64>,
    /// `None` without facts.
    context: Option<&'a SearchContext>,
}

impl<'a> TextRequest<'a> {
    pub(super) fn new(result_count: Option<i64>, context: &'a SearchContext) -> Self {
        Self { result_count, context: Some(context).filter(|context| !context.is_empty()) }
    }

    /// Adds what a later request of the same text knows: its facts replace others if only it has a result count.
    pub(super) fn or(self, later: Self) -> Self {
        let is_first_count = self.result_count.is_none() && later.result_count.is_some();
        let (first, second) = if is_first_count { (later, self) } else { (self, later) };
        Self { result_count: first.result_count, context: first.context.or(second.context) }
    }

    /// The context, with changed values.
    pub(super) fn context(self, change: impl Fn(&str) -> String) -> SearchContext {
        self.context.map(|context| context.map_values(change)).unwrap_or_default()
    }
}
