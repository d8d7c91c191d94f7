//! Generic parts of a long-running service. They know nothing of this product.

pub mod figures;
pub mod instance;
pub mod redis_link;
pub mod retry;
pub mod supervisor;
pub mod telemetry;
