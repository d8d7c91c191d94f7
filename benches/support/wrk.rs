//! `wrk`, with a script of simulated users.

use std::path::{Path, PathBuf};

use crate::load::Load;
use crate::typing::SEARCHES;

/// The script of requests.
pub(crate) struct Script(PathBuf);

impl Script {
    pub(crate) fn write(folder: &Path) -> Self {
        let path = folder.join("typing.lua");
        let searches = SEARCHES.map(|search| format!("'{search}'")).join(", ");
        let script = format!("local searches = {{ {searches} }}\n{}", include_str!("typing.lua"));
        std::fs::write(&path, script).unwrap();
        Self(path)
    }

    /// Sends the keystrokes of `people` users, whose sessions begin with `prefix`.
    pub(crate) fn run(
        &self,
        url: &str,
        connections: usize,
        seconds: u64,
        prefix: &str,
        people: usize,
        document: &str,
    ) -> Load {
        Load::of(url, connections, seconds, Some(&self.0), &[prefix, &people.to_string(), document])
    }
}
