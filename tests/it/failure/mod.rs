//! The program when something breaks under it: each test names what.

mod database_away;
mod damaged_index;
mod killed_crawl;
mod killed_server;
