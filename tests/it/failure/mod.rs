//! The program when something breaks under it: each test names what.

mod damaged_index;
mod database_away;
mod full_disk;
mod keystrokes_embedded;
mod keystrokes_fleet;
mod keystrokes_killed;
mod keystrokes_limits;
mod keystrokes_outages;
mod killed_crawl;
mod killed_interactions;
mod killed_server;
mod privacy;
mod reports;
