//! `quarry seed`.

use std::process::ExitCode;
use std::time::Instant;

use anyhow::Result;
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use clap::Args;
use futures_util::StreamExt as _;
use tokio_util::sync::CancellationToken;

use super::progress::Counting;
use super::{INTERRUPTED, SettingsArgs, start_log};
use crate::app::{self, SeedPlan};
use crate::domain::SourceName;
use crate::supervisor::stop_signals;

#[derive(Debug, Args)]
pub(super) struct SeedArgs {
    /// The number of products, in five categories
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = parse_products)]
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
    let seeding = SeedPlan {
        source: args.source,
        products: args.products,
        sales: args.sales,
        seed: args.seed,
        until: beginning_of(args.until.unwrap_or_else(|| Utc::now().date_naive())),
    };
    let (store, _) = app::open_store(&settings).await?;
    let cancel = CancellationToken::new();
    let mut signals = Box::pin(stop_signals()?);
    let stop = cancel.clone();
    tokio::spawn(async move {
        signals.next().await;
        stop.cancel();
    });
    let started = Instant::now();
    let display = Counting::new();
    let seeded = app::seed(&store, &seeding, &cancel, |seeded| match seeded.sales {
        0 => display.show("products", seeded.products, seeding.products),
        sales => display.show("sales", sales, seeding.sales),
    })
    .await;
    display.finish();
    store.close().await?;
    let seeded = seeded?;
    println!(
        "{} products ({} new or changed) and {} sales ({} new) of {:?} up to {}, in {:.1} s",
        seeded.products,
        seeded.new_products,
        seeded.sales,
        seeded.new_sales,
        seeding.source.as_str(),
        seeding.until.format("%Y-%m-%d"),
        started.elapsed().as_secs_f64()
    );
    if seeded.new_sales < seeded.sales {
        println!(
            "{} sales of this seed and source were already stored and are unchanged, even if they came from \
             other --products, --sales or --until: to generate those, set another --seed or --source",
            seeded.sales - seeded.new_sales
        );
    }
    if cancel.is_cancelled() && (seeded.products, seeded.sales) != (seeding.products, seeding.sales) {
        eprintln!("stopped; run the same command to resume");
        return Ok(ExitCode::from(INTERRUPTED));
    }
    Ok(ExitCode::SUCCESS)
}

fn beginning_of(day: NaiveDate) -> DateTime<Utc> {
    day.and_time(NaiveTime::MIN).and_utc()
}

fn parse_products(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|count| *count > 0).ok_or_else(|| "the number must be 1 or more".to_owned())
}

fn parse_source(text: &str) -> Result<SourceName, String> {
    SourceName::parse(text).map_err(|error| error.problem)
}
