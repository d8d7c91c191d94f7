//! The fields whose matches add to scores.

use super::term_field::TermField;
use super::weighted_field::WeightedTerms;
use super::weights::Weights;
use crate::field_weights::FieldWeights;

/// A field of a snapshot whose matches add to scores.
#[derive(Clone, Copy, Debug)]
pub(super) struct FieldBonus {
    pub(super) field: TermField,
    /// The factor of what a match adds.
    pub(super) weight: f32,
    /// The same where less exact kinds of matches must remain below the more exact ones, whatever the weights are.
    pub(super) share: f32,
}

impl FieldBonus {
    /// Returns the factor of a form in this field.
    pub(super) fn of_stem(&self, weights: &Weights) -> f32 {
        // For a query of one word, no weight may raise another form above an exact match.
        let ranks_kinds = weights.stem_in_title < weights.exact_in_title;
        weights.stem_in_title * if ranks_kinds { self.share } else { self.weight }
    }
}

/// Returns the fields with a weight; those that an index has not got yet add nothing until it is rebuilt.
pub(super) fn bonuses(
    weights: &FieldWeights,
    has_titles: bool,
    indexed: &[WeightedTerms],
) -> Vec<FieldBonus> {
    let others = indexed.iter().enumerate();
    let others = others.map(|(at, terms)| (TermField::Weighted(at), weights.weight(&terms.of)));
    let title = has_titles.then_some((TermField::Title, weights.title));
    let fields: Vec<_> = title.into_iter().chain(others).filter(|(_, weight)| *weight > 0.0).collect();
    let sum = fields.iter().map(|(_, weight)| weight).sum::<f32>().max(1.0);
    fields.into_iter().map(|(field, weight)| FieldBonus { field, weight, share: weight / sum }).collect()
}
