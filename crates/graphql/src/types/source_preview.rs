use async_graphql::{Object, SimpleObject};

use super::int;
use crate::list::List;
use quarry_crawl::{PagePreview, Preview, PreviewProblem, RejectedItems};

/// The GraphQL type of a preview.
pub(crate) struct SourcePreview(pub(crate) Preview);

/// The first pages of a source, what they contain, and what is wrong with its settings. Nothing of them is stored.
#[Object]
impl SourcePreview {
    /// True unless a problem prevents a crawl.
    async fn works(&self) -> bool {
        self.0.works()
    }

    /// The problems and their remedies.
    async fn problems(&self) -> List<Vec<SourceProblem>> {
        self.0.problems.iter().map(SourceProblem::from).collect()
    }

    /// The requested pages.
    async fn pages(&self) -> List<Vec<PreviewedPage<'_>>> {
        self.0.pages.iter().map(PreviewedPage).collect()
    }

    /// The fields of the settings, in their order.
    async fn fields(&self) -> List<Vec<PreviewedField>> {
        self.0.fields.iter().map(PreviewedField::from).collect()
    }

    /// The members of items that become attributes, the most frequent first.
    async fn attributes(&self) -> List<Vec<PreviewedAttribute>> {
        let attributes = self.0.attributes.iter();
        attributes
            .map(|(name, items)| PreviewedAttribute { name: name.clone(), items: int(*items) })
            .collect()
    }

    /// The reasons for which a crawl rejects items.
    async fn rejections(&self) -> List<Vec<PreviewedRejection<'_>>> {
        self.0.rejected.iter().map(PreviewedRejection).collect()
    }

    /// The keys of several items.
    async fn duplicate_keys(&self) -> List<&[String]> {
        List(&self.0.duplicate_keys)
    }

    /// The key of the parent whose list was requested; null unless the source is a child.
    async fn parent(&self) -> Option<&str> {
        self.0.parent.as_deref()
    }

    /// The number of items that the upstream states; null if it states none.
    async fn expected_total(&self) -> Option<i32> {
        self.0.outlook.total.map(int)
    }

    /// The number of pages of a crawl; null if the upstream states no total.
    async fn expected_pages(&self) -> Option<i32> {
        self.0.outlook.pages.map(int)
    }

    /// True if the total proves that a crawl saw every item, so that it may delete vanished documents.
    async fn proves_removals(&self) -> bool {
        self.0.outlook.proves_removals
    }

    /// The URL of the request after these pages, without secrets; null at the end of the list.
    async fn next_request(&self) -> Option<&str> {
        self.0.outlook.next_request.as_deref()
    }
}

/// A problem of a source.
#[derive(SimpleObject)]
pub(crate) struct SourceProblem {
    /// True if a crawl cannot work.
    is_fatal: bool,
    /// The problem and its remedy.
    text: String,
}

impl From<&PreviewProblem> for SourceProblem {
    fn from(problem: &PreviewProblem) -> Self {
        Self { is_fatal: problem.is_fatal, text: problem.text.clone() }
    }
}

/// The GraphQL type of a page of a preview.
pub(crate) struct PreviewedPage<'a>(&'a PagePreview);

/// A page of a preview.
#[Object]
impl PreviewedPage<'_> {
    /// The method of the request.
    async fn method(&self) -> &str {
        self.0.method
    }

    /// The URL without secrets, and the position of a page that the body selects.
    async fn request(&self) -> &str {
        &self.0.request
    }

    /// The causes of failed attempts.
    async fn failures(&self) -> List<&[String]> {
        List(&self.0.failures)
    }

    /// The HTTP status of the last response; null if there was none.
    async fn status(&self) -> Option<i32> {
        self.0.status.map(i32::from)
    }

    /// The duration of the last attempt, in milliseconds.
    async fn took_ms(&self) -> i32 {
        int(self.0.took_ms)
    }

    /// The number of items; null if no attempt returned the page.
    async fn items(&self) -> Option<i32> {
        self.0.items.map(int)
    }

    /// The number of items that the page states for the whole list; null if it states none.
    async fn total(&self) -> Option<i32> {
        self.0.total.map(int)
    }

    /// The stated next page: a URL without secrets, or the start of a cursor; null if it states none.
    async fn next(&self) -> Option<&str> {
        self.0.next.as_deref()
    }

    /// True if the page states that others follow it, false if it states that none does; null if it states neither.
    async fn has_more(&self) -> Option<bool> {
        self.0.has_more
    }

    /// The error that the body states beside its items; null if it states none.
    async fn error(&self) -> Option<&str> {
        self.0.error.as_deref()
    }
}

/// A field of the settings, and the items that have it.
#[derive(SimpleObject)]
pub(crate) struct PreviewedField {
    /// The name of the setting.
    field: &'static str,
    /// The pointers of the setting.
    pointer: String,
    /// The number of items with a value.
    found: i32,
    /// The number of items.
    items: i32,
    /// The number of values that are not readable.
    unreadable: i32,
    /// The first value, shortened; of a date, the parsed one. Null if no item has one.
    example: Option<String>,
    /// The first value that is not readable; null if all are.
    unreadable_example: Option<String>,
}

impl From<&quarry_crawl::FieldFinding> for PreviewedField {
    fn from(finding: &quarry_crawl::FieldFinding) -> Self {
        Self {
            field: finding.field,
            pointer: finding.pointer.clone(),
            found: int(finding.found),
            items: int(finding.of),
            unreadable: int(finding.unreadable),
            example: finding.example.clone(),
            unreadable_example: finding.unreadable_example.clone(),
        }
    }
}

/// A member of items that becomes an attribute.
#[derive(SimpleObject)]
pub(crate) struct PreviewedAttribute {
    /// The name of the member.
    name: String,
    /// The number of items that have it.
    items: i32,
}

/// The GraphQL type of items that a crawl rejects.
pub(crate) struct PreviewedRejection<'a>(&'a RejectedItems);

/// Items that a crawl rejects for one reason.
#[Object]
impl PreviewedRejection<'_> {
    /// The reason.
    async fn reason(&self) -> &str {
        &self.0.reason
    }

    /// The number of items.
    async fn items(&self) -> i32 {
        int(self.0.items)
    }

    /// The positions of the first ones among all items, from 0.
    async fn positions(&self) -> List<Vec<i32>> {
        self.0.positions.iter().map(|position| int(*position)).collect()
    }
}
