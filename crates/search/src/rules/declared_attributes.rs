//! The attributes that filters of rules name, compared with the declared ones.

use super::super::attributes::{Attributes, DeclaredAttribute};
use super::super::filter::{AttributeTest, DocumentFilter};
use super::definitions::RuleDocument;
use super::validation::RuleProblem;
use quarry_config::{AttributeType, AttributeUse};

impl RuleDocument {
    /// Returns the filters of boosts that name attributes which no source declares, or that test another type.
    pub fn attribute_problems(&self, attributes: &Attributes) -> Vec<RuleProblem> {
        let mut problems = Vec::new();
        for (at, rule) in self.rules.iter().enumerate() {
            for (factor_at, factor) in rule.boost.iter().enumerate() {
                let path = format!("rules.{at}.boost.{factor_at}.filter");
                add_problems(&factor.filter, &path, attributes, &mut problems);
            }
        }
        problems
    }
}

fn add_problems(
    filter: &DocumentFilter,
    path: &str,
    attributes: &Attributes,
    problems: &mut Vec<RuleProblem>,
) {
    for (at, condition) in filter.attributes.iter().enumerate() {
        let path = format!("{path}.attributes.{at}");
        let problem = match attributes.get(&condition.name) {
            None => Some(("name", unknown(&condition.name, attributes))),
            Some(declared) if !declared.has(AttributeUse::Filter) => {
                Some(("name", format!("is {:?}, whose `uses` have no `filter`: add it", condition.name)))
            }
            Some(declared) if !fits(&condition.test, declared) => {
                let kind = declared.kind.name();
                Some(("test", format!("does not fit {:?}, which is a `{kind}`", condition.name)))
            }
            Some(_) => None,
        };
        let problem =
            problem.map(|(member, problem)| RuleProblem { path: format!("{path}.{member}"), problem });
        problems.extend(problem);
    }
    if let Some(not) = &filter.not {
        add_problems(not, &format!("{path}.not"), attributes, problems);
    }
    for (at, any) in filter.any_of.iter().enumerate() {
        add_problems(any, &format!("{path}.anyOf.{at}"), attributes, problems);
    }
}

fn unknown(name: &str, attributes: &Attributes) -> String {
    let known: Vec<&str> = attributes.iter().map(|(name, _)| name).collect();
    let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
    format!(
        "is {name:?}, which no source of the settings declares: declare it, or import with the settings of the \
         servers (declared: {known})"
    )
}

fn fits(test: &AttributeTest, declared: &DeclaredAttribute) -> bool {
    match test {
        AttributeTest::Labels(_) => matches!(declared.kind, AttributeType::String | AttributeType::Boolean),
        AttributeTest::Numbers(_) => declared.kind == AttributeType::Number,
        AttributeTest::Dates(_) => declared.kind == AttributeType::Date,
        AttributeTest::Near { .. } | AttributeTest::Within(_) => declared.kind == AttributeType::Geo,
        AttributeTest::Exists(_) => true,
    }
}
