//! Changes of synonyms, stop words and rules.

use async_graphql::ID;

use super::failure::Failure;
use super::services::Services;
use super::types::{SearchRulesPayload, each};
use quarry_search::RuleDocument;
use quarry_store::{RuleKind, RuleOutcome};

/// The maximum number of entries of one call.
const MAX_ENTRIES: usize = 100;

/// Converts the entries of a call; errors begin with the path of the entry.
pub(super) fn parsed<I, T>(
    argument: &str,
    inputs: Vec<I>,
    parse: impl Fn(I, &str) -> Result<T, Failure>,
) -> Result<Vec<T>, Failure> {
    Failure::check_count(argument, inputs.len(), MAX_ENTRIES, "entries")?;
    each(argument, inputs, parse)
}

/// Stores entries, all or none.
pub(super) async fn put(services: &Services, document: RuleDocument) -> Result<SearchRulesPayload, Failure> {
    if let Some(problem) = document.problems().into_iter().next() {
        return Err(Failure::bad_input(problem.path, problem.problem));
    }
    change(services, &document, Vec::new()).await
}

/// Deletes entries of a kind.
pub(super) async fn delete(
    services: &Services,
    kind: RuleKind,
    ids: Vec<ID>,
) -> Result<SearchRulesPayload, Failure> {
    Failure::check_count("ids", ids.len(), MAX_ENTRIES, "ids")?;
    let ids = ids.into_iter().map(|id| (kind, id.0)).collect();
    change(services, &RuleDocument::default(), ids).await
}

async fn change(
    services: &Services,
    put: &RuleDocument,
    delete: Vec<(RuleKind, String)>,
) -> Result<SearchRulesPayload, Failure> {
    match services.rules.change(put, delete, false).await? {
        RuleOutcome::Stored(counts) => Ok(counts.into()),
        RuleOutcome::TooMany(kind) => {
            let (argument, max) = (argument(kind), kind.max_entries());
            let problem = format_args!("would be more than {max} in all: delete some first");
            Err(Failure::bad_input(argument, problem))
        }
    }
}

fn argument(kind: RuleKind) -> &'static str {
    match kind {
        RuleKind::Synonyms => "synonyms",
        RuleKind::StopWords => "stopWords",
        RuleKind::Rule => "rules",
    }
}
