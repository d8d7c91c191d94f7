//! Input that is answered, but not logged.
//!
//! The sender and the session of a keystroke are known before it is buffered. The text of a search is known after
//! folding only: a search that is not stored is remembered like a stored one, so text that continues it may be.

use std::sync::Arc;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::registry::Registry;
use quarry_config::{KeystrokeSettings, Pattern, SearchesToLog};
use quarry_runtime::metrics::Series;
use regex::Regex;

use super::remembered::FoldedSearch;
use quarry_domain::{FinalReason, SessionId};

/// The sender of a keystroke.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sender<'a> {
    /// The name of its API key.
    pub key: Option<&'a str>,
    /// The user agent that it states.
    pub user_agent: Option<&'a str>,
}

/// The rules of the operator, and the number of cases of each. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Exclusions(Arc<ExclusionRules>);

#[derive(Debug, Default)]
struct ExclusionRules {
    sessions: Vec<Regex>,
    keys: Vec<String>,
    user_agents: Vec<Regex>,
    queries: Vec<Regex>,
    only_submitted: bool,
    counts: ExclusionCounts,
}

#[derive(Debug, Default)]
struct ExclusionCounts {
    session: Counter,
    key: Counter,
    user_agent: Counter,
    query: Counter,
    not_submitted: Counter,
}

/// The rule that excludes a search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SearchExclusion {
    /// Its text matches a pattern.
    Query,
    /// It was not submitted.
    NotSubmitted,
}

impl Exclusions {
    /// The rules of the settings.
    pub fn of(settings: &KeystrokeSettings) -> Self {
        let compiled =
            |patterns: &[Pattern]| patterns.iter().map(|pattern| pattern.regex().clone()).collect();
        Self(Arc::new(ExclusionRules {
            sessions: compiled(&settings.exclude_sessions),
            keys: settings.exclude_keys.clone(),
            user_agents: compiled(&settings.exclude_user_agents),
            queries: compiled(&settings.exclude_queries),
            only_submitted: settings.log == SearchesToLog::Submitted,
            counts: ExclusionCounts::default(),
        }))
    }

    /// Returns true for a keystroke that is not to be buffered, and counts it.
    pub fn exclude(&self, sender: Sender<'_>, session: &SessionId) -> bool {
        let ExclusionRules { sessions, keys, user_agents, counts, .. } = &*self.0;
        let matches = |patterns: &[Regex], text: &str| patterns.iter().any(|pattern| pattern.is_match(text));
        let excluded = if sender.key.is_some_and(|key| keys.iter().any(|name| name == key)) {
            &counts.key
        } else if matches(sessions, session.as_str()) {
            &counts.session
        } else if sender.user_agent.is_some_and(|agent| matches(user_agents, agent)) {
            &counts.user_agent
        } else {
            return false;
        };
        excluded.inc();
        true
    }

    /// The rule that excludes a search.
    pub(super) fn exclusion(&self, search: &FoldedSearch) -> Option<SearchExclusion> {
        let ExclusionRules { queries, only_submitted, .. } = &*self.0;
        if *only_submitted && search.reason != FinalReason::Submitted {
            return Some(SearchExclusion::NotSubmitted);
        }
        let is_excluded = queries.iter().any(|pattern| pattern.is_match(&search.query));
        is_excluded.then_some(SearchExclusion::Query)
    }

    /// Counts excluded searches.
    pub(super) fn count(&self, excluded: &[SearchExclusion]) {
        for exclusion in excluded {
            match exclusion {
                SearchExclusion::Query => self.0.counts.query.inc(),
                SearchExclusion::NotSubmitted => self.0.counts.not_submitted.inc(),
            };
        }
    }

    /// Registers the counts.
    pub fn register(&self, registry: &mut Registry) {
        let ExclusionCounts { session, key, user_agent, query, not_submitted } = &self.0.counts;
        let mut series = |name, help, counts: &[(&'static str, &Counter)]| {
            let series = counts.iter().map(|(cause, count)| ([("cause", *cause)], (*count).clone()));
            registry.register(name, help, series.collect::<Series<_, _>>());
        };
        series(
            "keystrokes_excluded",
            "Keystrokes that this server answered but did not buffer, by the setting that excludes them",
            &[("session", session), ("key", key), ("user_agent", user_agent)],
        );
        series(
            "searches_excluded",
            "Searches that this server folded but did not log: by keystrokes.exclude_queries, or not submitted",
            &[("query", query), ("not_submitted", not_submitted)],
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::remembered;

    fn rules(rules: ExclusionRules) -> Exclusions {
        Exclusions(Arc::new(rules))
    }

    fn patterns(patterns: &[&str]) -> Vec<Regex> {
        patterns.iter().map(|pattern| Regex::new(pattern).unwrap()).collect()
    }

    #[test]
    fn senders_and_sessions_are_excluded_and_counted() {
        let exclusions = rules(ExclusionRules {
            sessions: patterns(&["^monitor-"]),
            keys: vec!["probe".to_owned()],
            user_agents: patterns(&["(?i)bot"]),
            ..ExclusionRules::default()
        });
        let session = |id| SessionId::parse(id).unwrap();
        let sender = |key, user_agent| Sender { key, user_agent };
        for (key, agent, id, expected) in [
            (None, None, "s", false),
            (None, None, "monitor-1", true),
            (None, None, "a monitor-1", false),
            (Some("probe"), None, "s", true),
            (Some("probe 2"), Some("Firefox"), "s", false),
            (Some("shop"), Some("GoogleBot/2.1"), "s", true),
            // The first rule counts.
            (Some("probe"), Some("bot"), "monitor-1", true),
        ] {
            assert_eq!(
                exclusions.exclude(sender(key, agent), &session(id)),
                expected,
                "{key:?} {agent:?} {id}"
            );
        }
        let ExclusionCounts { session, key, user_agent, .. } = &exclusions.0.counts;
        assert_eq!((session.get(), key.get(), user_agent.get()), (1, 2, 1));
        assert!(!Exclusions::default().exclude(Sender::default(), &SessionId::parse("s").unwrap()));
    }

    #[test]
    fn searches_are_excluded_by_text_and_by_their_end() {
        let of = |query: &str, reason| FoldedSearch { reason, ..remembered(query).search };
        let (idle, submitted) = (FinalReason::Idle, FinalReason::Submitted);
        let by_text = rules(ExclusionRules { queries: patterns(&["^test\\b"]), ..ExclusionRules::default() });
        assert_eq!(by_text.exclusion(&of("test 1", submitted)), Some(SearchExclusion::Query));
        assert_eq!(by_text.exclusion(&of("a test", idle)), None);
        let by_end = rules(ExclusionRules { only_submitted: true, ..ExclusionRules::default() });
        assert_eq!(by_end.exclusion(&of("bus", idle)), Some(SearchExclusion::NotSubmitted));
        assert_eq!(by_end.exclusion(&of("bus", FinalReason::Cleared)), Some(SearchExclusion::NotSubmitted));
        assert_eq!(by_end.exclusion(&of("bus", submitted)), None);
    }
}
