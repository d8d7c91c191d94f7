//! Failures of processes, disks, databases and Redis beneath a running program.

mod cluster_away;
mod cluster_faults;
mod cluster_fencing;
mod cluster_nodes;
mod cluster_restored;
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
