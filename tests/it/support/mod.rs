//! What tests of more than one area need.

pub(crate) mod databases;
