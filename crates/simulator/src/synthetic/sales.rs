//! A synthetic year of sales.
//!
//! The distributions are realistic: a few products sell most, December sells more than June, and
//! evenings more than nights. Ranks are assigned to products at random.

use chrono::{DateTime, Datelike, TimeDelta, Utc};

use crate::split_mix::{SplitMix64, derive_seed};

/// The number of days with sales.
const DAYS: usize = 365;
/// The relative weight of each month, January first.
const MONTHS: [u64; 12] = [8, 7, 8, 8, 9, 8, 8, 8, 9, 10, 15, 18];
/// The relative weight of each weekday, Monday first.
const WEEKDAYS: [u64; 7] = [9, 9, 9, 10, 12, 14, 13];
/// The relative weight of each hour.
const HOURS: [usize; 24] =
    [3, 2, 1, 1, 1, 2, 4, 6, 8, 10, 11, 11, 12, 11, 10, 10, 11, 13, 15, 17, 18, 15, 10, 6];
const HOUR_MICROSECONDS: usize = 60 * 60 * 1_000_000;

/// A sale: one line of a receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sale {
    /// The index of the product in the catalogue.
    pub product: usize,
    /// The quantity.
    pub quantity: i64,
    /// The time of the sale.
    pub at: DateTime<Utc>,
}

/// Generates `count` sales of the first `products` products in the 365 days before `until`.
///
/// They are ordered by day. Each depends on the arguments and its index alone; without products, there
/// are none.
pub fn sales(
    count: usize,
    products: usize,
    seed: u64,
    until: DateTime<Utc>,
) -> impl ExactSizeIterator<Item = Sale> + Clone {
    let seed = derive_seed(seed, "sale");
    let count = if products == 0 { 0 } else { count };
    let by_rank = shuffled(products, derive_seed(seed, "rank"));
    let first_day = until - TimeDelta::days(DAYS as i64);
    let sold_by_end_of_day: Vec<u64> = (0..DAYS)
        .scan(0, |sold, day| {
            *sold += weight(first_day + TimeDelta::days(day as i64));
            Some(*sold)
        })
        .collect();
    let sold = u128::from(sold_by_end_of_day[DAYS - 1]);
    (0..count).map(move |index| {
        let mut rng = SplitMix64::at(seed, index as u64);
        let sold_before = (sold * index as u128 / count as u128) as u64;
        let day = sold_by_end_of_day.partition_point(|end| *end <= sold_before);
        let in_day = hour(&mut rng) * HOUR_MICROSECONDS + rng.below(HOUR_MICROSECONDS);
        let is_more_than_one = rng.below(4) == 0;
        Sale {
            product: by_rank[rng.skewed_below(products)],
            quantity: if is_more_than_one { 2 + rng.skewed_below(6) as i64 } else { 1 },
            at: first_day + TimeDelta::days(day as i64) + TimeDelta::microseconds(in_day as i64),
        }
    })
}

/// The relative weight of a day.
fn weight(day: DateTime<Utc>) -> u64 {
    MONTHS[day.month0() as usize] * WEEKDAYS[day.weekday().num_days_from_monday() as usize]
}

fn hour(rng: &mut SplitMix64) -> usize {
    let mut share = rng.below(HOURS.iter().sum());
    HOURS
        .iter()
        .position(|weight| match share.checked_sub(*weight) {
            Some(rest) => {
                share = rest;
                false
            }
            None => true,
        })
        .unwrap_or(0)
}

/// A random permutation of the numbers below `count`.
fn shuffled(count: usize, seed: u64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    let mut rng = SplitMix64::at(seed, 0);
    for index in (1..count).rev() {
        order.swap(index, rng.below(index + 1));
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    fn until() -> DateTime<Utc> {
        "2026-11-21T00:00:00Z".parse().unwrap()
    }

    #[test]
    fn the_sales_of_a_seed_are_the_same_for_ever() {
        let first: Vec<(usize, i64, String)> = sales(1_000, 100, 1, until())
            .step_by(400)
            .map(|sale| (sale.product, sale.quantity, sale.at.to_rfc3339()))
            .collect();
        let expected = [
            (56, 1, "2025-11-21T21:11:30.605530+00:00"),
            (89, 1, "2026-04-02T12:02:00.461035+00:00"),
            (86, 1, "2026-09-19T17:39:50.591721+00:00"),
        ];
        assert_eq!(first, expected.map(|(product, quantity, at)| (product, quantity, at.to_owned())));
        assert_ne!(
            sales(1_000, 100, 1, until()).collect::<Vec<_>>(),
            sales(1_000, 100, 2, until()).collect::<Vec<_>>()
        );
    }

    #[test]
    fn they_make_up_a_year_with_its_seasons() {
        let all: Vec<Sale> = sales(50_000, 500, 7, until()).collect();
        let first = until() - TimeDelta::days(365);
        assert!(all.iter().all(|sale| (first..until()).contains(&sale.at)));
        assert!(all.windows(2).all(|pair| pair[0].at.date_naive() <= pair[1].at.date_naive()));
        let of_month = |month: u32| all.iter().filter(|sale| sale.at.month() == month).count();
        assert!((1..=12).all(|month| of_month(month) > 2_500));
        assert!(of_month(12) > 3 * of_month(6) / 2, "{} {}", of_month(12), of_month(6));
        let days: std::collections::HashSet<_> = all.iter().map(|sale| sale.at.date_naive()).collect();
        assert_eq!(days.len(), DAYS);
    }

    #[test]
    fn a_few_products_sell_most_and_nearly_all_sell() {
        let mut sold = vec![0_i64; 1_000];
        for sale in sales(100_000, 1_000, 7, until()) {
            assert!((1..=7).contains(&sale.quantity));
            sold[sale.product] += sale.quantity;
        }
        sold.sort_unstable();
        let total: i64 = sold.iter().sum();
        assert!(sold[900..].iter().sum::<i64>() > total / 2);
        assert!(sold[100] > 0);
    }

    #[test]
    fn an_empty_catalogue_sells_nothing() {
        assert_eq!(sales(10, 0, 1, until()).len(), 0);
        assert_eq!(sales(0, 10, 1, until()).len(), 0);
        assert!(sales(10, 1, 1, until()).all(|sale| sale.product == 0));
    }
}
