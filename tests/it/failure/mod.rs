//! The program when something breaks under it: each test names what.

mod damaged_index;
mod database_away;
mod keystrokes_killed;
mod killed_crawl;
mod killed_server;
