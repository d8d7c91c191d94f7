//! Helpers of tests in several areas: databases, services, and the program as a process.

pub(crate) mod collector;
pub(crate) mod databases;
pub(crate) mod events;
pub(crate) mod folder;
pub(crate) mod haproxy;
pub(crate) mod http_proxy;
pub(crate) mod json_api;
pub(crate) mod mariadb;
pub(crate) mod messages;
pub(crate) mod opensearch;
pub(crate) mod port;
pub(crate) mod postgres;
pub(crate) mod process;
pub(crate) mod redis;
pub(crate) mod reports;
pub(crate) mod scan;
pub(crate) mod search_log;
pub(crate) mod server;
pub(crate) mod small_disk;
pub(crate) mod socket;
pub(crate) mod subscription;
pub(crate) mod tcp_proxy;
pub(crate) mod typing_clients;
pub(crate) mod upstream;
pub(crate) mod wait;
