//! What quarry keeps in its data folder: who can read it, and which database it belongs to.

mod lost_database;
mod permissions;
mod vanished_files;
