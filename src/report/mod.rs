//! Reports.

mod roll_up;

pub use roll_up::{RollUp, RollUpStep};
