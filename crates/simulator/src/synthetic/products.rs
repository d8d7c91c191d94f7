//! A synthetic product catalogue.

use serde::Serialize;

use super::grammar::{coined, sentence};
use super::{timestamp, words};
use crate::split_mix::{SplitMix64, derive_seed};

/// A product in the format of a shop's API.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Product {
    /// The unique id.
    pub sku: String,
    /// The display name.
    pub name: String,
    /// The description: two sentences.
    pub description: String,
    /// The category: electronics, books, home goods, toys or clothing.
    pub category: &'static str,
    /// The manufacturer.
    pub brand: String,
    /// The price as a decimal number of whole cents.
    pub price: f64,
    /// A random time in 2025.
    pub updated_at: String,
}

/// The products of a category.
struct Department {
    category: &'static str,
    sku: &'static str,
    nouns: &'static [&'static str],
    max_price: usize,
}

const DEPARTMENTS: &[Department] = &[
    Department { category: "electronics", sku: "ELE", nouns: words::ELECTRONICS, max_price: 900 },
    Department { category: "books", sku: "BOO", nouns: words::BOOKS, max_price: 60 },
    Department { category: "home goods", sku: "HOM", nouns: words::HOME_GOODS, max_price: 250 },
    Department { category: "toys", sku: "TOY", nouns: words::TOYS, max_price: 120 },
    Department { category: "clothing", sku: "CLO", nouns: words::CLOTHING, max_price: 300 },
];

/// Generates the first `count` products of a seed.
pub fn products(count: usize, seed: u64) -> impl ExactSizeIterator<Item = Product> + Clone {
    let seed = derive_seed(seed, "product");
    (0..count).map(move |index| {
        let mut rng = SplitMix64::at(seed, index as u64);
        let department = &DEPARTMENTS[rng.below(DEPARTMENTS.len())];
        let brand = coined(&mut rng);
        let noun = department.nouns[rng.skewed_below(department.nouns.len())];
        let quality = words::QUALITIES[rng.skewed_below(words::QUALITIES.len())];
        let euros = 5 + rng.skewed_below(department.max_price);
        Product {
            sku: format!("{}-{:07}", department.sku, index + 1),
            name: format!("{brand} {quality} {noun}"),
            description: sentence(&mut rng, "{blurb}") + " " + &sentence(&mut rng, "{blurb}"),
            category: department.category,
            brand,
            price: (euros * 100 + [0, 50, 90, 95, 99][rng.below(5)]) as f64 / 100.0,
            updated_at: timestamp(&mut rng),
        }
    })
}
