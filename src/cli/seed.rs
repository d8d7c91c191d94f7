//! `quarry seed`.

use std::process::ExitCode;
use std::time::Instant;

use anyhow::Result;
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use clap::Args;
use indicatif::ProgressBar;

use super::output::{note_line, say_line};
use super::progress::{LINE_INTERVAL, ProgressDisplay};
use super::{INTERRUPTED, SettingsArgs, cancel_on_signal, parse_count, start_log};
use crate::app::{self, SeedPlan};
use crate::domain::SourceName;

#[derive(Debug, Args)]
pub(super) struct SeedArgs {
    /// The number of products, in five categories
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = parse_count)]
    products: usize,
    /// The number of sales over a year
    #[arg(long, value_name = "N", default_value_t = 200_000)]
    sales: usize,
    /// The seed of the data: a second run with the same seed, source, --products, --sales and --until
    /// adds nothing. To change one of these three, set another seed or source, because stored sales of
    /// the same seed and source stay unchanged
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// The source of the products
    #[arg(long, value_name = "NAME", default_value = "products", value_parser = parse_source)]
    source: SourceName,
    /// The day before which the year of sales ends, in UTC [default: today]
    #[arg(long, value_name = "DATE")]
    until: Option<NaiveDate>,
    #[command(flatten)]
    pub(super) settings: SettingsArgs,
}

pub(super) async fn run(args: SeedArgs) -> Result<ExitCode> {
    let settings = args.settings.load()?;
    start_log(&settings)?;
    let plan = SeedPlan {
        source: args.source,
        products: args.products,
        sales: args.sales,
        seed: args.seed,
        until: beginning_of(args.until.unwrap_or_else(|| Utc::now().date_naive())),
    };
    let (store, _) = app::open_store(&settings).await?;
    let cancel = cancel_on_signal()?;
    let started = Instant::now();
    let display =
        ProgressDisplay::new("{msg:>12.bold} {bar:32.cyan/dim} {human_pos:>7}/{human_len:7}", LINE_INTERVAL);
    let show = |rows: &'static str, done: usize, end: usize| {
        let update = |bar: &ProgressBar| {
            bar.set_message(rows);
            bar.set_length(end as u64);
            bar.set_position(done as u64);
        };
        display.show(done == end, update, || format!("{rows}: {done} of {end}"));
    };
    let seeded = app::seed(&store, &plan, &cancel, |seeded| match seeded.sales {
        0 => show("products", seeded.products, plan.products),
        sales => show("sales", sales, plan.sales),
    })
    .await;
    display.finish();
    store.close().await?;
    let seeded = seeded?;
    say_line!(
        "{} products ({} new or changed) and {} sales ({} new) of {:?} up to {}, in {:.1} s",
        seeded.products,
        seeded.new_products,
        seeded.sales,
        seeded.new_sales,
        plan.source.as_str(),
        plan.until.format("%Y-%m-%d"),
        started.elapsed().as_secs_f64()
    )?;
    if seeded.new_sales < seeded.sales {
        say_line!(
            "{} sales of this seed and source were already stored and are unchanged, even if they came from \
             other --products, --sales or --until: to generate those, set another --seed or --source",
            seeded.sales - seeded.new_sales
        )?;
    }
    if cancel.is_cancelled() && (seeded.products, seeded.sales) != (plan.products, plan.sales) {
        note_line!("stopped; run the same command to resume");
        return Ok(ExitCode::from(INTERRUPTED));
    }
    Ok(ExitCode::SUCCESS)
}

fn beginning_of(day: NaiveDate) -> DateTime<Utc> {
    day.and_time(NaiveTime::MIN).and_utc()
}

fn parse_source(text: &str) -> Result<SourceName, String> {
    SourceName::parse(text).map_err(|error| error.problem)
}
