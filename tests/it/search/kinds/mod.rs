//! The kinds of text that people type and write, on the engine.

mod completions;
mod explanations;
mod facets;
mod languages;
mod ranking;
mod scripts;
mod spellings;
mod tiers;
mod weights;
