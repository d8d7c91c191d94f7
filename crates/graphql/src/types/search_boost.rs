use async_graphql::InputObject;

use super::InteractionKind;
use super::attribute_filter::{AttributeChoice, declared_beside};
use crate::failure::Failure;
use quarry_config::{AttributeType, AttributeUse};
use quarry_search::{Attributes, BoostShape, BoostValue, PUBLISHED_AT, ValueBoost};

/// The maximum number of boosts of a search.
const MAX_BOOSTS: usize = 8;
/// The largest weight.
const MAX_WEIGHT: f64 = 9.0;
/// The values that boosts are by.
const CHOICE: AttributeChoice = AttributeChoice {
    usage: AttributeUse::Sort,
    fields: &[PUBLISHED_AT],
    kinds: Some(&[AttributeType::Number, AttributeType::Date]),
};
/// The microseconds of a day.
const DAY_MICROS: f64 = 86_400e6;

/// A boost of documents by a value, either `attribute` or `interactions`: their scores are multiplied by 1 to
/// 1 + `weight`. Documents without a value keep their scores. All factors of a document together are at most 10.
#[derive(Clone, Debug, InputObject)]
pub(crate) struct SearchBoost {
    /// A declared attribute of type number or date with the use `sort`, or `publishedAt`.
    attribute: Option<String>,
    /// The number of visitors who clicked the document, or reached a goal by it, in the last days: 30, unless the server
    /// is configured otherwise. A session counts once, and numbers are up to a minute old.
    interactions: Option<InteractionKind>,
    /// The largest increase of scores: 1 by default, at most 9.
    weight: Option<f64>,
    /// Of numbers and `interactions`, the value that receives half of the weight; larger numbers approach the whole weight, and numbers up
    /// to 0 receive none.
    saturation: Option<f64>,
    /// Of dates, the age in days that receives half of the weight; each further such time halves it again.
    half_life_days: Option<f64>,
}

impl SearchBoost {
    /// Validates boosts, and converts them to those of the engine.
    pub(crate) fn checked(
        boosts: Option<Vec<Self>>,
        attributes: &Attributes,
    ) -> Result<Vec<ValueBoost>, Failure> {
        let boosts = boosts.unwrap_or_default();
        Failure::check_count("boost", boosts.len(), MAX_BOOSTS, "boosts")?;
        boosts.into_iter().enumerate().map(|(at, boost)| boost.checked_at(at, attributes)).collect()
    }

    fn checked_at(self, at: usize, attributes: &Attributes) -> Result<ValueBoost, Failure> {
        let failure =
            |argument: &str, problem: String| Failure::bad_input(format!("boost.{at}.{argument}"), problem);
        let (value, kind) = match (self.attribute, self.interactions) {
            (Some(name), None) if name == PUBLISHED_AT => (BoostValue::PublishedAt, AttributeType::Date),
            (Some(name), None) => {
                let argument = format!("boost.{at}.attribute");
                let kind = declared_beside(attributes, &argument, &name, &CHOICE)?.kind;
                (BoostValue::Attribute(name), kind)
            }
            (None, Some(kind)) => (BoostValue::Interactions(kind.into()), AttributeType::Number),
            _ => {
                let problem = "needs one value: either attribute or interactions".to_owned();
                return Err(Failure::bad_input(format!("boost.{at}"), problem));
            }
        };
        let (argument, given, other, stray) = match kind {
            AttributeType::Number => ("saturation", self.saturation, "halfLifeDays", self.half_life_days),
            AttributeType::Date => ("halfLifeDays", self.half_life_days, "saturation", self.saturation),
            kind => {
                let problem = format!("is a {}: boosts are by numbers and dates", kind.name());
                return Err(failure("attribute", problem));
            }
        };
        if stray.is_some() {
            return Err(failure(other, format!("does not apply to a {}: leave it out", kind.name())));
        }
        let half = given.filter(|half| half.is_finite() && *half > 0.0);
        let half = half.ok_or_else(|| failure(argument, "must be a number greater than 0".to_owned()))?;
        let weight = self.weight.unwrap_or(1.0);
        if !(0.0..=MAX_WEIGHT).contains(&weight) {
            return Err(failure("weight", format!("must be from 0 to {MAX_WEIGHT}")));
        }
        let shape = match kind {
            AttributeType::Date => BoostShape::HalfLife(half * DAY_MICROS),
            _ => BoostShape::Saturation(half),
        };
        Ok(ValueBoost { value, weight, shape })
    }
}
