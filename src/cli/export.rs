//! `quarry export`.

mod context;
mod ubi;

use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use anyhow::{Context, Result, anyhow, bail};
use clap::{Args, Subcommand, ValueEnum};
use serde::Serialize;
use serde_json::Value;

use self::context::known_facts;
use self::ubi::{UbiEvent, UbiQuery};
use super::{SettingsArgs, start_log};
use crate::app::connect_migrated_store;
use crate::config::parse_time;
use crate::domain::{LoggedSearch, Period, Timestamp};
use crate::store::{ExportedInteraction, SearchLogFilter, Slice, Store};

/// Rows in one query.
const PAGE_ROWS: u64 = 1_000;

#[derive(Debug, Args)]
pub(super) struct ExportArgs {
    #[command(flatten)]
    pub(super) settings: SettingsArgs,
    #[command(subcommand)]
    records: Records,
}

#[derive(Debug, Subcommand)]
enum Records {
    /// Logged searches, newest first
    Searches(FormatArgs),
    /// Clicks and conversions, in no particular order
    Interactions(FormatArgs),
}

#[derive(Debug, Args)]
struct FormatArgs {
    /// The format of the output
    #[arg(long, value_enum, default_value = "csv")]
    format: Format,
    /// The first day, such as 2027-01-31, or time [default: all]
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// The day or time before which to stop [default: now]
    #[arg(long, value_name = "TIME")]
    before: Option<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// Comma-separated values with a header (RFC 4180)
    Csv,
    /// One JSON object per line
    Jsonl,
    /// User Behavior Insights 1.3: one query or event per line, as JSON
    Ubi,
}

pub(super) async fn run(args: ExportArgs) -> Result<ExitCode> {
    let settings = args.settings.load()?;
    start_log(&settings)?;
    let (Records::Searches(options) | Records::Interactions(options)) = &args.records;
    let period = Period {
        from: options.from.as_deref().map(time).transpose()?.unwrap_or(Timestamp::UNIX_EPOCH),
        before: options.before.as_deref().map(time).transpose()?,
    };
    if period.before.is_some_and(|before| period.from >= before) {
        bail!("--from is not before --before, so that nothing can be between them: exchange both");
    }
    let store = connect_migrated_store(&settings).await?;
    let mut output = RecordWriter::new(options.format);
    let exported = match args.records {
        Records::Searches(_) => export_searches(&store, period, &mut output).await,
        Records::Interactions(_) => export_interactions(&store, period, &mut output).await,
    };
    store.close().await?;
    match exported.and_then(|()| output.finish()) {
        // The reader has read enough.
        Err(error) if is_closed(&error) => Ok(ExitCode::SUCCESS),
        finished => finished.map(|()| ExitCode::SUCCESS),
    }
}

fn time(text: &str) -> Result<Timestamp> {
    parse_time(text)
        .ok_or_else(|| anyhow!("{text:?} is no day or time: write 2027-01-31 or 2027-01-31T08:00:00Z"))
}

fn is_closed(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

/// A line with texts that clients choose.
trait ExportedLine: Default + Serialize {
    fn texts(&mut self) -> impl Iterator<Item = &mut String>;

    /// Writes objects as JSON, for formats whose values are texts.
    fn flatten(&mut self) {}
}

/// A line of the searches.
#[derive(Default, Serialize)]
struct SearchLine {
    id: String,
    session: String,
    user: Option<String>,
    query: String,
    truncated: bool,
    keystrokes: i64,
    result_count: Option<i64>,
    tier: Option<&'static str>,
    relaxed: Option<bool>,
    /// The order of documents, conditions of the filter and tags: an object, or null without any.
    context: Value,
    reason: &'static str,
    started_at: String,
    last_keystroke_at: String,
    logged_at: String,
    /// Above 1, later typing superseded an earlier text.
    revision: i64,
}

impl From<LoggedSearch> for SearchLine {
    fn from(search: LoggedSearch) -> Self {
        Self {
            id: search.id.0.to_string(),
            tier: search.tier_of_results().map(|tier| tier.last.name()),
            session: search.session.as_str().to_owned(),
            user: search.user.as_ref().map(|user| user.as_str().to_owned()),
            query: search.query,
            truncated: search.truncated,
            keystrokes: search.keystrokes,
            result_count: search.result_count,
            relaxed: search.tier.map(|tier| tier.relaxed),
            context: Some(known_facts(&search.context)).filter(|facts| !facts.is_empty()).into(),
            reason: search.reason.name(),
            started_at: rfc3339(search.started_at),
            last_keystroke_at: rfc3339(search.last_keystroke_at),
            logged_at: rfc3339(search.logged_at),
            revision: search.revision,
        }
    }
}

impl ExportedLine for SearchLine {
    fn texts(&mut self) -> impl Iterator<Item = &mut String> {
        [&mut self.session, &mut self.query].into_iter().chain(&mut self.user)
    }

    fn flatten(&mut self) {
        if self.context.is_object() {
            self.context = self.context.to_string().into();
        }
    }
}

/// A line of the interactions.
#[derive(Default, Serialize)]
struct InteractionLine {
    id: String,
    kind: String,
    source: Option<String>,
    key: Option<String>,
    quantity: i64,
    session: Option<String>,
    user: Option<String>,
    /// The logged search, or the response while it is not known.
    search: Option<String>,
    position: Option<i32>,
    occurred_at: String,
}

impl From<ExportedInteraction> for InteractionLine {
    fn from(interaction: ExportedInteraction) -> Self {
        Self {
            id: interaction.id.0.to_string(),
            kind: interaction.kind,
            source: interaction.source,
            key: interaction.key,
            quantity: interaction.quantity,
            session: interaction.session,
            user: interaction.user,
            search: interaction.search.map(|search| search.to_string()),
            position: interaction.position,
            occurred_at: rfc3339(interaction.occurred_at),
        }
    }
}

impl ExportedLine for InteractionLine {
    fn texts(&mut self) -> impl Iterator<Item = &mut String> {
        let optional = [&mut self.source, &mut self.key, &mut self.session, &mut self.user];
        optional.into_iter().flatten().chain([&mut self.kind])
    }
}

fn rfc3339(at: Timestamp) -> String {
    at.to_rfc3339_opts(chrono::SecondsFormat::Micros, true)
}

async fn export_searches(store: &Store, period: Period, output: &mut RecordWriter) -> Result<()> {
    let filter = SearchLogFilter { from: Some(period.from), before: period.before, ..Default::default() };
    let mut after = None;
    loop {
        let searches = store.search_log(&filter, Slice::first(PAGE_ROWS).after(after)).await?;
        let Some(last) = searches.last() else { return output.end_lines::<SearchLine>(after.is_none()) };
        after = Some((last.last_keystroke_at, last.id));
        for search in searches {
            match output {
                RecordWriter::Ubi(_) => output.write(&UbiQuery::from(search))?,
                _ => output.write_line(SearchLine::from(search))?,
            }
        }
    }
}

async fn export_interactions(store: &Store, period: Period, output: &mut RecordWriter) -> Result<()> {
    let mut after = None;
    loop {
        let interactions = store.interactions(period, after, PAGE_ROWS).await?;
        let Some(last) = interactions.last() else {
            return output.end_lines::<InteractionLine>(after.is_none());
        };
        after = Some(last.id);
        for interaction in interactions {
            match output {
                RecordWriter::Ubi(_) => output.write(&UbiEvent::from(interaction))?,
                _ => output.write_line(InteractionLine::from(interaction))?,
            }
        }
    }
}

/// The standard output in a format.
enum RecordWriter {
    Csv(Box<csv::Writer<io::Stdout>>),
    Jsonl(BufWriter<io::Stdout>),
    Ubi(BufWriter<io::Stdout>),
}

impl RecordWriter {
    fn new(format: Format) -> Self {
        match format {
            Format::Csv => Self::Csv(Box::new(csv::Writer::from_writer(io::stdout()))),
            Format::Jsonl => Self::Jsonl(BufWriter::new(io::stdout())),
            Format::Ubi => Self::Ubi(BufWriter::new(io::stdout())),
        }
    }

    fn write_line(&mut self, mut line: impl ExportedLine) -> Result<()> {
        if matches!(self, Self::Csv(_)) {
            line.texts().for_each(disarm);
            line.flatten();
        }
        self.write(&line)
    }

    /// Ends the lines; without any, CSV has its header alone.
    fn end_lines<L: ExportedLine>(&mut self, is_empty: bool) -> Result<()> {
        let Self::Csv(writer) = self else { return Ok(()) };
        if is_empty {
            let mut line = csv::Writer::from_writer(Vec::new());
            line.serialize(L::default())?;
            line.flush()?;
            let header = csv::Reader::from_reader(line.get_ref().as_slice()).headers()?.clone();
            writer.write_record(&header)?;
        }
        Ok(())
    }

    fn write(&mut self, line: &impl Serialize) -> Result<()> {
        match self {
            Self::Csv(writer) => writer.serialize(line).map_err(|error| match error.into_kind() {
                csv::ErrorKind::Io(error) => error.into(),
                _ => anyhow!("a record cannot be written as CSV"),
            }),
            Self::Jsonl(writer) | Self::Ubi(writer) => {
                let line = serde_json::to_string(line).context("a record cannot be written as JSON")?;
                Ok(writeln!(writer, "{line}")?)
            }
        }
    }

    fn finish(self) -> Result<()> {
        match self {
            Self::Csv(mut writer) => Ok(writer.flush()?),
            Self::Jsonl(mut writer) | Self::Ubi(mut writer) => Ok(writer.flush()?),
        }
    }
}

/// Prefixes a text that a spreadsheet would execute as a formula.
fn disarm(text: &mut String) {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        text.insert(0, '\'');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spreadsheets_execute_no_text_of_a_client() {
        let texts = ["=1+1", "+a", "-b", "@c", "\td"];
        let [session, user, query, kind, key] = texts.map(str::to_owned);
        let mut line = InteractionLine {
            id: String::new(),
            kind,
            source: Some(query),
            key: Some(key),
            quantity: -1,
            session: Some(session),
            user: Some(user),
            search: None,
            position: None,
            occurred_at: String::new(),
        };
        line.texts().for_each(disarm);
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.serialize(&line).unwrap();
        let written = String::from_utf8(writer.into_inner().unwrap()).unwrap();
        assert_eq!(written.lines().nth(1), Some(",'@c,'-b,'\td,-1,'=1+1,'+a,,,"));
        let mut text = "red = blue".to_owned();
        disarm(&mut text);
        assert_eq!(text, "red = blue");
    }
}
