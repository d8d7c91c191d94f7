//! The fields whose matches add to scores.

use super::field_weights::{FieldWeights, WeightedField};
use super::weights::Weights;

/// A field of an index whose matches add to scores.
#[derive(Clone, Debug)]
pub(crate) struct FieldBonus<F> {
    pub(crate) field: F,
    pub(crate) of: BonusFactors,
}

/// The factors of what matches in a field add.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BonusFactors {
    pub(crate) weight: f32,
    /// The same where less exact kinds of matches must remain below the more exact ones, whatever the weights are.
    pub(crate) share: f32,
}

impl BonusFactors {
    /// Returns the factor of a form in this field.
    pub(crate) fn of_stem(&self, weights: &Weights) -> f32 {
        // For a query of one word, no weight may raise another form above an exact match.
        let ranks_kinds = weights.stem_in_title < weights.exact_in_title;
        weights.stem_in_title * if ranks_kinds { self.share } else { self.weight }
    }
}

/// Returns the fields with a weight; those that an index has not got yet add nothing until it is rebuilt.
pub(crate) fn bonuses<'w, F>(
    weights: &FieldWeights,
    title: Option<F>,
    others: impl IntoIterator<Item = (F, &'w WeightedField)>,
) -> Vec<FieldBonus<F>> {
    let others = others.into_iter().map(|(field, of)| (field, weights.weight(of)));
    let title = title.map(|field| (field, weights.title));
    let fields: Vec<_> = title.into_iter().chain(others).filter(|(_, weight)| *weight > 0.0).collect();
    let sum = fields.iter().map(|(_, weight)| weight).sum::<f32>().max(1.0);
    let bonus = |(field, weight)| FieldBonus { field, of: BonusFactors { weight, share: weight / sum } };
    fields.into_iter().map(bonus).collect()
}
