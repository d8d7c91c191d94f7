//! A product catalogue of a shop that does not exist.

use serde::Serialize;

use super::grammar::{coined, sentence};
use super::{timestamp, words};
use crate::split_mix::{SplitMix64, derive_seed};

/// A product as a shop's API serves them.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Product {
    /// Unique.
    pub sku: String,
    /// What is printed on the box.
    pub name: String,
    /// Two sentences.
    pub description: String,
    /// One of electronics, books, home goods, toys and clothing.
    pub category: &'static str,
    /// Who makes it.
    pub brand: String,
    /// In whole cents, written as a decimal number.
    pub price: f64,
    /// Within 2025, in no order.
    pub updated_at: String,
}

/// What is sold under one heading.
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

/// The first `count` products of a seed.
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
