//! The data folder: its permissions, and the database it belongs to.

mod lost_database;
mod permissions;
mod vanished_files;
