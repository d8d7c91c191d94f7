use async_graphql::{ID, InputObject, Object, SimpleObject};

use super::int;
use super::rule_filter::filter_input;
use super::rule_input::{HiddenDocumentInput, PinnedDocumentInput, RuleConditionInput, ScoreFactorInput};
use crate::failure::Failure;
use crate::list::List;
use crate::scalars::{DateTime, Flag, JsonScalar};
use quarry_search::Attributes;

/// A change of the results of the searches that meet its condition. It has at least one of `pin`, `hide`, `boost` and
/// `redirect`.
#[derive(Clone, Debug, InputObject)]
pub(crate) struct SearchRuleInput {
    /// The id, chosen by the client: 1 to 64 ASCII letters, digits, `-`, `_` and `.`.
    id: ID,
    /// The name for people: up to 200 characters.
    name: Option<String>,
    /// False if the rule does not apply.
    #[graphql(default)]
    enabled: Flag<true>,
    /// Rules of higher priority come first: 0 by default.
    priority: Option<i32>,
    /// The first time at which the rule applies.
    valid_from: Option<DateTime>,
    /// The time from which on the rule does not apply.
    valid_until: Option<DateTime>,
    /// The searches to which the rule applies: all by default.
    condition: Option<RuleConditionInput>,
    /// Documents at fixed positions: up to 50.
    pin: Option<Vec<PinnedDocumentInput>>,
    /// Documents that are not found: up to 50.
    hide: Option<Vec<HiddenDocumentInput>>,
    /// Documents whose scores change: up to 20 filters.
    boost: Option<Vec<ScoreFactorInput>>,
    /// The URL to which the client should lead its user: with http or https, or a path that begins with `/`.
    redirect: Option<String>,
}

impl SearchRuleInput {
    /// Converts the rule; errors begin with `path`.
    pub(crate) fn parsed(
        self,
        path: &str,
        attributes: &Attributes,
    ) -> Result<quarry_search::SearchRule, Failure> {
        let factor = |factor: ScoreFactorInput, path: &str| factor.parsed(path, attributes);
        Ok(quarry_search::SearchRule {
            id: self.id.to_string(),
            name: self.name,
            enabled: self.enabled.0,
            priority: self.priority.unwrap_or_default(),
            valid_from: self.valid_from.map(|at| at.0),
            valid_until: self.valid_until.map(|at| at.0),
            condition: self.condition.unwrap_or_default().parsed(&format!("{path}.condition"))?,
            pin: each(&format!("{path}.pin"), self.pin.unwrap_or_default(), PinnedDocumentInput::parsed)?,
            hide: each(&format!("{path}.hide"), self.hide.unwrap_or_default(), HiddenDocumentInput::parsed)?,
            boost: each(&format!("{path}.boost"), self.boost.unwrap_or_default(), factor)?,
            redirect: self.redirect,
        })
    }
}

/// Converts the items of a list; errors begin with `path` and the index of the item.
pub(crate) fn each<I, T>(
    path: &str,
    inputs: Vec<I>,
    parse: impl Fn(I, &str) -> Result<T, Failure>,
) -> Result<Vec<T>, Failure> {
    let inputs = inputs.into_iter().enumerate();
    inputs.map(|(at, input)| parse(input, &format!("{path}.{at}"))).collect()
}

/// The GraphQL type of a rule.
pub(crate) struct SearchRule(pub(crate) quarry_search::SearchRule);

/// A change of the results of the searches that meet its condition.
#[Object]
impl SearchRule {
    /// The id, chosen by the client.
    async fn id(&self) -> ID {
        ID(self.0.id.clone())
    }

    /// The name for people; null if it has none.
    async fn name(&self) -> Option<&str> {
        self.0.name.as_deref()
    }

    /// False if the rule does not apply.
    async fn enabled(&self) -> bool {
        self.0.enabled
    }

    /// Rules of higher priority come first.
    async fn priority(&self) -> i32 {
        self.0.priority
    }

    /// The first time at which the rule applies; null if it has always begun.
    async fn valid_from(&self) -> Option<DateTime> {
        self.0.valid_from.map(DateTime)
    }

    /// The time from which on the rule does not apply; null if it does not end.
    async fn valid_until(&self) -> Option<DateTime> {
        self.0.valid_until.map(DateTime)
    }

    /// The searches to which the rule applies.
    async fn condition(&self) -> RuleCondition<'_> {
        RuleCondition(&self.0.condition)
    }

    /// Documents at fixed positions.
    async fn pin(&self) -> List<Vec<PinnedDocument>> {
        self.0.pin.iter().map(PinnedDocument::from).collect()
    }

    /// Documents that are not found.
    async fn hide(&self) -> List<Vec<HiddenDocument>> {
        self.0.hide.iter().map(HiddenDocument::from).collect()
    }

    /// Documents whose scores change.
    async fn boost(&self) -> List<Vec<ScoreFactor<'_>>> {
        self.0.boost.iter().map(ScoreFactor).collect()
    }

    /// The URL to which the client should lead its user; null if it has none.
    async fn redirect(&self) -> Option<&str> {
        self.0.redirect.as_deref()
    }
}

/// The GraphQL type of a condition.
pub(crate) struct RuleCondition<'r>(&'r quarry_search::RuleCondition);

/// A condition of searches: all given parts must hold. Without any, it holds for all searches.
#[Object]
impl RuleCondition<'_> {
    /// The query consists of the words of one of these.
    async fn equals(&self) -> List<&[String]> {
        List(&self.0.equals)
    }

    /// The query contains the words of one of these, side by side.
    async fn contains(&self) -> List<&[String]> {
        List(&self.0.contains)
    }

    /// The query is empty.
    async fn empty(&self) -> bool {
        self.0.empty
    }

    /// The filter of the search selects some of these sources, and no others.
    async fn source(&self) -> List<Vec<&str>> {
        self.0.source.iter().map(|source| source.as_str()).collect()
    }

    /// The filter of the search selects some of these categories, and no others.
    async fn category(&self) -> List<&[String]> {
        List(&self.0.category)
    }
}

/// A document at a fixed position.
#[derive(Clone, Debug, SimpleObject)]
pub(crate) struct PinnedDocument {
    /// The name of the document's source.
    source: String,
    /// The id of the document within the source.
    key: String,
    /// The position over all pages, from 1.
    position: i32,
}

impl From<&quarry_search::PinnedDocument> for PinnedDocument {
    fn from(pinned: &quarry_search::PinnedDocument) -> Self {
        Self {
            source: pinned.source.as_str().to_owned(),
            key: pinned.key.as_str().to_owned(),
            position: int(pinned.position),
        }
    }
}

/// A document that searches do not find.
#[derive(Clone, Debug, SimpleObject)]
pub(crate) struct HiddenDocument {
    /// The name of the document's source.
    source: String,
    /// The id of the document within the source.
    key: String,
}

impl From<&quarry_search::HiddenDocument> for HiddenDocument {
    fn from(hidden: &quarry_search::HiddenDocument) -> Self {
        Self { source: hidden.source.as_str().to_owned(), key: hidden.key.as_str().to_owned() }
    }
}

/// The GraphQL type of a factor.
pub(crate) struct ScoreFactor<'r>(&'r quarry_search::ScoreFactor);

/// A factor of the scores of some documents.
#[Object]
impl ScoreFactor<'_> {
    /// The filter of the documents, with the fields of `DocumentFilter`, so that it can be sent again.
    async fn filter(&self) -> Result<JsonScalar, Failure> {
        let filter = filter_input(&self.0.filter).map_err(Failure::internal)?;
        JsonScalar::raw(&filter.to_string()).map_err(Failure::internal)
    }

    /// The factor: above 1 it boosts, below 1 it buries.
    async fn factor(&self) -> f64 {
        // The decimal digits of the stored number, not those of its binary form.
        self.0.factor.to_string().parse().unwrap_or(1.0)
    }
}

/// A rule that applied to a search.
#[derive(Clone, Debug, SimpleObject)]
pub(crate) struct AppliedRule {
    /// The id of the rule.
    id: ID,
    /// The name of the rule; null if it has none.
    name: Option<String>,
}

impl From<quarry_search::AppliedRule> for AppliedRule {
    fn from(rule: quarry_search::AppliedRule) -> Self {
        Self { id: ID(rule.id), name: rule.name }
    }
}
