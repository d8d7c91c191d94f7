use async_graphql::InputObject;

use super::attribute_filter::declared;
use crate::failure::Failure;
use quarry_config::{AttributeType, AttributeUse};
use quarry_search::{AttributeBoost, Attributes, BoostShape, PUBLISHED_AT};

/// The maximum number of boosts of a search.
const MAX_BOOSTS: usize = 8;
/// The largest weight.
const MAX_WEIGHT: f64 = 9.0;
/// The microseconds of a day.
const DAY_MICROS: f64 = 86_400e6;

/// A boost of documents by a value: their scores are multiplied by 1 to 1 + `weight`. Documents without a value keep
/// their scores. All factors of a document together are at most 10.
#[derive(Clone, Debug, InputObject)]
pub(crate) struct SearchBoost {
    /// A declared attribute of type number or date with the use `sort`, or `publishedAt`.
    attribute: String,
    /// The largest increase of scores: 1 by default, at most 9.
    weight: Option<f64>,
    /// Of numbers, the value that receives half of the weight; larger numbers approach the whole weight, and numbers up
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
    ) -> Result<Vec<AttributeBoost>, Failure> {
        let boosts = boosts.unwrap_or_default();
        Failure::check_count("boost", boosts.len(), MAX_BOOSTS, "boosts")?;
        boosts.into_iter().enumerate().map(|(at, boost)| boost.checked_at(at, attributes)).collect()
    }

    fn checked_at(self, at: usize, attributes: &Attributes) -> Result<AttributeBoost, Failure> {
        let failure =
            |argument: &str, problem: String| Failure::bad_input(format!("boost.{at}.{argument}"), problem);
        let kind = if self.attribute == PUBLISHED_AT {
            AttributeType::Date
        } else {
            declared(attributes, &format!("boost.{at}.attribute"), &self.attribute, AttributeUse::Sort)?.kind
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
        Ok(AttributeBoost { name: self.attribute, weight, shape })
    }
}
