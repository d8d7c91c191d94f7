//! `quarry rules`.

use std::io::Read;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};

use super::output::say_line;
use super::{SettingsArgs, start_log};
use crate::app::connect_migrated_store;
use crate::search::{Attributes, RuleDocument, read_rules, rule_entries};
use crate::store::{RuleChanges, RuleOutcome, Store};

/// The longest document: that of all entries has less.
const MAX_BYTES: u64 = 256 << 20;
/// Problems that an error lists.
const MAX_PROBLEMS: usize = 20;

#[derive(Debug, Args)]
pub(super) struct RulesArgs {
    #[command(flatten)]
    pub(super) settings: SettingsArgs,
    #[command(subcommand)]
    command: RulesCommand,
}

#[derive(Debug, Subcommand)]
enum RulesCommand {
    /// Store the synonyms, stop words and rules of a JSON document, all or none, while servers run
    Import {
        /// The document; `-` reads the standard input
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Delete all entries that are not in the document
        #[arg(long)]
        replace: bool,
    },
    /// Write all synonyms, stop words and rules to the standard output, as JSON
    Export,
}

pub(super) async fn run(args: RulesArgs) -> Result<ExitCode> {
    let settings = args.settings.load()?;
    start_log(&settings)?;
    match args.command {
        RulesCommand::Import { file, replace } => {
            let document = read(&file)?;
            check(&document, &Attributes::of(settings.sources.contents()))?;
            let store = connect_migrated_store(&settings).await?;
            let imported = import(&store, &document, replace).await;
            store.close().await?;
            imported?;
        }
        RulesCommand::Export => {
            let store = connect_migrated_store(&settings).await?;
            let entries = store.search_rules().await;
            store.close().await?;
            let document = read_rules(entries?.1);
            let json = serde_json::to_string_pretty(&document).context("the rules cannot be written")?;
            say_line!("{json}")?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn read(file: &PathBuf) -> Result<RuleDocument> {
    let mut text = String::new();
    let reader: Box<dyn Read> = if file.as_os_str() == "-" {
        Box::new(std::io::stdin().lock())
    } else {
        let file = std::fs::File::open(file).with_context(|| format!("cannot read {}", file.display()))?;
        Box::new(file)
    };
    reader
        .take(MAX_BYTES)
        .read_to_string(&mut text)
        .with_context(|| format!("cannot read {} as UTF-8", file.display()))?;
    // Editors of some systems write a byte order mark.
    let json = text.strip_prefix('\u{feff}').unwrap_or(&text);
    RuleDocument::from_json(json).with_context(|| {
        format!("{} is not a document of rules (see docs/search.md); nothing is stored", file.display())
    })
}

fn check(document: &RuleDocument, attributes: &Attributes) -> Result<()> {
    let mut problems = document.problems();
    problems.extend(document.attribute_problems(attributes));
    if problems.is_empty() {
        return Ok(());
    }
    let listed: Vec<String> =
        problems.iter().take(MAX_PROBLEMS).map(|problem| format!("  {problem}")).collect();
    let more = match problems.len().saturating_sub(MAX_PROBLEMS) {
        0 => String::new(),
        more => format!("\n  and {more} more"),
    };
    bail!("the document is invalid, and nothing is stored:\n{}{more}", listed.join("\n"))
}

async fn import(store: &Store, document: &RuleDocument, replace: bool) -> Result<()> {
    let changes = RuleChanges { put: rule_entries(document), delete: Vec::new(), replace };
    match store.change_search_rules(changes).await? {
        RuleOutcome::Stored(counts) => {
            say_line!(
                "{} inserted, {} updated, {} unchanged, {} deleted",
                counts.inserted,
                counts.updated,
                counts.unchanged,
                counts.deleted
            )?;
            Ok(())
        }
        RuleOutcome::TooMany(kind) => bail!(
            "there would be more than {} entries of the kind {kind:?}, and nothing is stored: delete some, or \
             replace all (--replace)",
            kind.max_entries()
        ),
    }
}
