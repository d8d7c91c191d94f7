//! Questions before data is removed.

use std::io::IsTerminal as _;

use anyhow::{Result, bail};

use super::output::say;

/// Asks a question on the terminal; without one, the command needs `--yes` to `act`.
pub(super) async fn confirm(question: &str, act: &str) -> Result<bool> {
    if !std::io::stdin().is_terminal() {
        bail!("without a terminal to ask on, pass --yes to {act}");
    }
    say!("{question} [y/N] ")?;
    let read = || {
        let mut answer = String::new();
        std::io::stdin().read_line(&mut answer).map(|_| answer)
    };
    let answer = tokio::task::spawn_blocking(read).await??;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}
