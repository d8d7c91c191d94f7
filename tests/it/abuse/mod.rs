//! The program among hostile clients: each test names what they do.

mod bodies;
mod connections;
mod fuzz;
mod half_closed;
mod hosts;
mod idle_websockets;
mod memory;
mod messages;
mod slow_clients;
mod storm;
mod wire;
