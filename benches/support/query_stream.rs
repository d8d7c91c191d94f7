//! Streams of searches with a known share of repetitions.
//!
//! A repeated search is one of the most frequent words of the corpus, distributed by Zipf's law. A new one is
//! two adjacent words of a message that no earlier search of the stream had.

use std::collections::{BTreeMap, BTreeSet};

use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use serde_json::Value;

/// The number of words that are repeated.
const REPEATED: usize = 1_000;
/// Shorter words are seldom searched.
const MIN_CHARS: usize = 4;

/// The words of a corpus.
pub(crate) struct QueryWords {
    /// The most frequent words, the most frequent one first.
    pub(crate) frequent: Vec<String>,
    /// Pairs of adjacent words in random order, each once.
    pub(crate) pairs: Vec<String>,
}

impl QueryWords {
    pub(crate) fn of(messages: &[Value]) -> Self {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        let mut pairs = BTreeSet::new();
        for message in messages {
            let text = message["message"].as_str().unwrap().to_lowercase();
            let words = text.split(|c: char| !c.is_alphanumeric());
            let words: Vec<&str> = words.filter(|word| word.chars().count() >= MIN_CHARS).collect();
            words.iter().for_each(|word| *counts.entry((*word).to_owned()).or_default() += 1);
            pairs.extend(words.windows(2).map(|pair| pair.join(" ")));
        }
        let mut frequent: Vec<(String, usize)> = counts.into_iter().collect();
        frequent.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let frequent = frequent.into_iter().take(REPEATED).map(|(word, _)| word).collect();
        let mut pairs: Vec<String> = pairs.into_iter().collect();
        pairs.shuffle(&mut StdRng::seed_from_u64(1));
        Self { frequent, pairs }
    }

    /// Returns a stream with a share of repeated searches, as long as there are new ones.
    pub(crate) fn stream(&self, repeated: f64) -> Vec<String> {
        let mut rng = StdRng::seed_from_u64(2);
        let mut sums = Vec::with_capacity(self.frequent.len());
        let mut sum = 0.0;
        for rank in 1..=self.frequent.len() {
            sum += 1.0 / rank as f64;
            sums.push(sum);
        }
        let (mut stream, mut new) = (Vec::new(), self.pairs.iter());
        loop {
            if rng.random::<f64>() < repeated {
                let drawn = rng.random::<f64>() * sum;
                let at = sums.partition_point(|sum| *sum < drawn);
                stream.push(self.frequent[at].clone());
            } else {
                let Some(pair) = new.next() else { return stream };
                stream.push(pair.clone());
            }
        }
    }
}
