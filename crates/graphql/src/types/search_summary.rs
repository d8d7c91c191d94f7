use super::response_id::ResponseId;
use super::{AppliedRule, Correction, SearchInterpretation};
use quarry_domain::SessionId;
use quarry_keystroke::Mask;
use quarry_search::SearchAnswer;

/// The parts of a search result besides its documents and facets.
pub(super) struct SearchSummary {
    pub(super) total: u64,
    pub(super) relaxed: bool,
    pub(super) interpretation: SearchInterpretation,
    pub(super) applied_rules: Vec<AppliedRule>,
    pub(super) redirect: Option<String>,
    pub(super) took_ms: f64,
    pub(super) id: ResponseId,
}

impl SearchSummary {
    /// Takes the parts of an answer that responds now to a query, of a session if it is tracked.
    pub(super) fn take(
        answer: &mut SearchAnswer,
        query: String,
        session: Option<SessionId>,
        mask: Option<Mask>,
    ) -> Self {
        let corrections = std::mem::take(&mut answer.corrections).into_iter().map(Correction::from);
        let rules = std::mem::take(&mut answer.rules).into_iter().map(AppliedRule::from);
        Self {
            total: answer.total,
            relaxed: answer.relaxed,
            interpretation: SearchInterpretation {
                tier: answer.tier.into(),
                corrections: corrections.collect(),
                truncated: answer.is_truncated,
            },
            applied_rules: rules.collect(),
            redirect: answer.redirect.take(),
            took_ms: answer.took.as_secs_f64() * 1_000.0,
            id: ResponseId::new(query, session, mask),
        }
    }
}
