//! The binary with the messages of a file as its source.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use serde_json::json;

use crate::process::{Running, free_address, wait_for};

const DOCUMENT: &str = "query Search($q: String!) { search(query: $q, first: 10) { nodes { id text } } }";

/// Returns the body of a search for ten hits with their texts.
pub(crate) fn search(query: &str) -> String {
    json!({ "query": DOCUMENT, "variables": { "q": query } }).to_string()
}

/// Starts an upstream with the messages of a file.
pub(crate) fn upstream(messages: &Path) -> (Running, SocketAddr) {
    let address = free_address();
    let mut command = Command::new(env!("CARGO_BIN_EXE_quarry"));
    command.args(["upstream", "--listen", &address.to_string(), "--file"]).arg(messages);
    let running = Running::start(&mut command);
    wait_for(address);
    (running, address)
}

/// Returns the settings of a server whose source is an upstream.
pub(crate) fn settings(listen: SocketAddr, upstream: SocketAddr) -> String {
    format!(
        "listen = \"{listen}\"\n[log]\nlevel = \"warn\"\n[[sources]]\nname = \"messages\"\nurl = \"http://{upstream}/messages/\"\n\
         items = \"/items\"\ntotal = \"/total\"\ndelay = \"1ms\"\n\
         pagination = {{ kind = \"offset\", offset = \"skip\", limit = \"limit\", size = 500 }}\n[sources.fields]\n\
         key = \"/id\"\ntext = \"/message\"\nauthor_key = \"/user_id\"\nauthor_name = \"/user_name\"\n\
         published_at = \"/timestamp\"\n"
    )
}

/// Returns the output of a command that must succeed.
pub(crate) fn run(folder: &Path, arguments: &[&str]) -> String {
    let command = Command::new(env!("CARGO_BIN_EXE_quarry")).args(arguments).current_dir(folder).output();
    let output = command.unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}
