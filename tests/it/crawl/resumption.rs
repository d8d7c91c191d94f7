//! resumption
