//! The kinds of text that people type and write, on the engine.

mod boosts;
mod completions;
mod distinct;
mod explanations;
mod facets;
mod languages;
mod places;
mod ranking;
mod scripts;
mod spellings;
mod tiers;
mod weights;
