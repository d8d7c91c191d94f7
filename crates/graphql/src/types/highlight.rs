use std::collections::BTreeSet;

use async_graphql::{ComplexObject, Context, SelectionField, SimpleObject, Value};

use crate::failure::Failure;
use crate::list::List;
use crate::response_budget::ResponseBudget;
use quarry_search::DEFAULT_HIGHLIGHT_LENGTH;

/// A field of a matching document with its matches marked.
#[derive(Clone, Debug, SimpleObject)]
#[graphql(complex)]
pub(crate) struct Highlight {
    /// The field: `title`, `text`, `author`, `category`, or the name of a searched attribute.
    field: String,
    #[graphql(skip)]
    html: String,
}

/// The least length of a highlight in characters.
const MIN_LENGTH: i32 = 20;
/// The greatest length.
const MAX_LENGTH: i32 = 10_000;

impl Highlight {
    /// Returns the lengths that the selected fields request, without invalid ones, which fail by themselves.
    pub(crate) fn lengths(fields: &[SelectionField<'_>]) -> Vec<usize> {
        let length = |field: &SelectionField<'_>| {
            let arguments = field.arguments().ok()?;
            match arguments.into_iter().find(|(name, _)| name == "length").map(|(_, value)| value) {
                Some(Value::Number(length)) => Self::checked(Some(length.as_i64()?.try_into().ok()?)).ok(),
                _ => Self::checked(None).ok(),
            }
        };
        let lengths: BTreeSet<usize> = fields.iter().filter_map(length).collect();
        lengths.into_iter().collect()
    }

    /// Returns the highlights of a hit, each with its length in characters.
    pub(super) fn by_length(found: Vec<quarry_search::Highlight>) -> Vec<(usize, Self)> {
        found.into_iter().map(|highlight| (highlight.length, highlight.into())).collect()
    }

    /// Returns the highlights of the length that a field's argument requests.
    pub(super) fn of_length(
        highlights: &[(usize, Self)],
        length: Option<i32>,
    ) -> Result<List<Vec<&Self>>, Failure> {
        let length = Self::checked(length)?;
        let highlights = highlights.iter().filter(|(requested, _)| *requested == length);
        Ok(highlights.map(|(_, highlight)| highlight).collect())
    }

    /// Returns the length that a field's argument requests.
    pub(crate) fn checked(length: Option<i32>) -> Result<usize, Failure> {
        let Some(length) = length else { return Ok(DEFAULT_HIGHLIGHT_LENGTH) };
        if !(MIN_LENGTH..=MAX_LENGTH).contains(&length) {
            let problem = format_args!("must be from {MIN_LENGTH} to {MAX_LENGTH}, but is {length}");
            return Err(Failure::bad_input("length", problem));
        }
        Ok(usize::try_from(length).unwrap_or_default())
    }
}

#[ComplexObject]
impl Highlight {
    /// The HTML-escaped text of the field with each match in `<mark>`.
    async fn html(&self, ctx: &Context<'_>) -> Result<&str, Failure> {
        ResponseBudget::add_text(ctx, &self.html)
    }
}

impl From<quarry_search::Highlight> for Highlight {
    fn from(highlight: quarry_search::Highlight) -> Self {
        Self { field: highlight.field, html: highlight.html }
    }
}
