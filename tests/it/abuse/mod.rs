//! The program under attack: each test names the behaviour of its hostile clients.

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
