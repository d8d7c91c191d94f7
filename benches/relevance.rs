//! Relevance of the ranking on test collections: nDCG@10, recall@10 and MRR.
//!
//! `cargo bench --bench relevance -- FOLDER...` measures each folder with documents, queries and judgments
//! (`support/test_collection.rs`); without folders it ends at once, since the clone has no collection.
//! `--opensearch URL` compares with a running OpenSearch in the same run: BM25 and the `english` analyzer on
//! title and text together, any word. `--engine` leaves out the server.
//!
//! The engine and the server over GraphQL rank with `match: ANY` and with defaults. Measures are means over the
//! queries with a relevant document. The gain of a document is `2^judgment - 1`; reciprocal ranks end at ten.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a benchmark prints, and fails loudly")]

#[path = "support/measures.rs"]
mod measures;
#[path = "support/process.rs"]
#[expect(dead_code, reason = "this benchmark does not measure CPU time")]
mod process;
#[path = "support/rankers.rs"]
mod rankers;
#[path = "support/test_collection.rs"]
mod test_collection;

use std::path::{Path, PathBuf};

use quarry::search::MatchPolicy;

use measures::Measures;
use rankers::{EngineRanker, OpenSearchRanker, Ranker, Server, ServerRanker};
use test_collection::TestCollection;

const USAGE: &str = "relevance needs test collections: \
                     cargo bench --bench relevance -- [--engine] [--opensearch URL] FOLDER...";

/// The arguments.
#[derive(Default)]
struct Options {
    folders: Vec<PathBuf>,
    opensearch: Option<String>,
    engine_only: bool,
}

fn main() {
    let options = options();
    if options.folders.is_empty() {
        println!("{USAGE}");
        return;
    }
    println!(
        "{:<14} {:<20} {:>8} {:>10} {:>8}  of OpenSearch",
        "collection", "ranked by", "nDCG@10", "recall@10", "MRR"
    );
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for folder in &options.folders {
        runtime.block_on(measure(folder, &options));
    }
}

fn options() -> Options {
    let mut options = Options::default();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            // cargo adds it.
            "--bench" => {}
            "--engine" => options.engine_only = true,
            "--opensearch" => options.opensearch = arguments.next(),
            _ => options.folders.push(argument.into()),
        }
    }
    options
}

/// Measures every ranker on the collection of a folder.
async fn measure(folder: &Path, options: &Options) {
    let collection = TestCollection::read(folder);
    let mut baseline = None;
    if let Some(url) = &options.opensearch {
        let ranker = OpenSearchRanker::index(url, &collection).await;
        baseline = Some(report(&collection, "OpenSearch, any", &ranker, None).await);
        ranker.delete().await;
    }
    let temporary = tempfile::tempdir().unwrap();
    let engine = rankers::engine(&temporary.path().join("index"), &collection).await;
    for (label, policy) in [("engine, any", MatchPolicy::Any), ("engine, defaults", MatchPolicy::All)] {
        report(&collection, label, &EngineRanker { engine: &engine, policy }, baseline).await;
    }
    if options.engine_only {
        return;
    }
    let server = Server::start(temporary.path(), &collection).await;
    for (label, policy) in [("GraphQL, any", Some("ANY")), ("GraphQL, defaults", None)] {
        report(&collection, label, &ServerRanker { server: &server, policy }, baseline).await;
    }
}

/// Ranks each query, and prints the means.
async fn report(
    collection: &TestCollection,
    label: &str,
    ranker: &impl Ranker,
    baseline: Option<Measures>,
) -> Measures {
    let mut sum = Measures::default();
    let mut cut = 0;
    for query in &collection.queries {
        let ranking = ranker.rank(&query.text).await;
        sum += Measures::of(&ranking.ids, &query.gains);
        cut += usize::from(ranking.cut);
    }
    let queries = collection.queries.len();
    let mean = sum.mean(queries);
    let ratio = baseline.map_or_else(String::new, |baseline| format!("{:.3}", mean.ndcg / baseline.ndcg));
    let cuts =
        if cut == 0 { String::new() } else { format!("  {cut} of {queries} queries were rejected and cut") };
    println!(
        "{:<14} {label:<20} {:>8.3} {:>10.3} {:>8.3}  {ratio}{cuts}",
        collection.name, mean.ndcg, mean.recall, mean.reciprocal_rank
    );
    mean
}
