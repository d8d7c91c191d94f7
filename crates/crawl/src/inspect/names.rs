//! The names that APIs give to parameters and members, without case and punctuation.

/// Names of parameters for the number of the first item.
const OFFSETS: &[&str] = &[
    "offset",
    "skip",
    "start",
    "from",
    "startindex",
    "startat",
    "startrecord",
    "pageoffset",
    "firstresult",
    "begin",
    "startposition",
    "sysparmoffset",
    "recordoffset",
    "resultoffset",
];
/// Names of parameters for the number of the page.
const PAGES: &[&str] = &[
    "page",
    "p",
    "pagenumber",
    "pageno",
    "pagenum",
    "pageindex",
    "paged",
    "pg",
    "currentpage",
    "pageid",
    "current",
];
/// Names of parameters for the cursor.
const CURSORS: &[&str] = &[
    "cursor",
    "after",
    "pagetoken",
    "nexttoken",
    "nextpagetoken",
    "continuationtoken",
    "continuation",
    "continue",
    "startingafter",
    "cursormark",
    "paginationtoken",
    "marker",
    "startafter",
    "scrollid",
    "pageafter",
    "pagecursor",
    "pageinfo",
    "skiptoken",
    "nextcursor",
    "startcursor",
    "lastid",
    "bookmark",
    "nextpage",
    "next",
    "exclusivestartkey",
    "startkey",
    "maxid",
    "sinceid",
];
/// Names of parameters for the page size.
const LIMITS: &[&str] = &[
    "limit",
    "perpage",
    "pagesize",
    "size",
    "rows",
    "top",
    "count",
    "maxresults",
    "max",
    "take",
    "num",
    "n",
    "results",
    "resultsperpage",
    "hitsperpage",
    "pagelimit",
    "itemsperpage",
    "nbperpage",
    "maxitems",
    "maxpagesize",
    "sysparmlimit",
    "length",
    "first",
    "recordsperpage",
    "resultrecordcount",
    "pagecount",
    "numresults",
];

/// Names of flags for the existence of other pages, normalized.
const MORES: &[&str] = &["more", "moreresults", "exceededtransferlimit"];
/// The words before and behind `more` or `next` in others, such as `hasMore` and `have_more_results`.
const HAS: [&str; 2] = ["has", "have"];
const MORE_OF: &[&str] = &[
    "",
    "page",
    "pages",
    "item",
    "items",
    "result",
    "results",
    "record",
    "records",
    "row",
    "rows",
    "data",
    "entries",
    "elements",
    "objects",
    "documents",
];

/// Returns true for the normalized name of a flag for the existence of other pages.
pub(crate) fn is_flag_of_more(name: &str) -> bool {
    let words = HAS.iter().find_map(|has| name.strip_prefix(has));
    let of = words.and_then(|words| ["more", "next"].iter().find_map(|more| words.strip_prefix(more)));
    MORES.contains(&name) || of.is_some_and(|of| MORE_OF.contains(&of))
}

/// The purpose of a paging parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ParamKind {
    /// The number of the first item.
    Offset,
    /// The number of the page.
    Page,
    /// An opaque position.
    Cursor,
    /// The page size.
    Limit,
}

/// Returns the purpose of a parameter, if its name and its value have one.
pub(crate) fn param_kind(name: &str, value: &str) -> Option<ParamKind> {
    let name = normalized(name);
    let is_number = !value.is_empty() && value.len() < 10 && value.bytes().all(|byte| byte.is_ascii_digit());
    let is = |list: &[&str]| list.contains(&name.as_str());
    if is(LIMITS) && is_number {
        Some(ParamKind::Limit)
    } else if is(OFFSETS) && is_number {
        Some(ParamKind::Offset)
    } else if is(PAGES) && is_number {
        Some(ParamKind::Page)
    } else if is(CURSORS) || ((is(OFFSETS) || is(PAGES)) && is_opaque(value)) {
        Some(ParamKind::Cursor)
    } else {
        None
    }
}

/// Returns true for a long value that is not a word, a number or a date, such as an encoded position.
fn is_opaque(value: &str) -> bool {
    let is_date =
        value.len() >= 8 && value.bytes().all(|byte| byte.is_ascii_digit() || b"-:TZ.+".contains(&byte));
    value.len() >= 8 && value.bytes().any(|byte| byte.is_ascii_digit()) && !is_date
}

/// Returns a name in lower case without punctuation: `$skip` and `page[skip]` keep their letters and digits.
pub(crate) fn normalized(name: &str) -> String {
    name.chars().filter(|char| char.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Returns the position of a normalized name in a list.
pub(super) fn rank(name: &str, list: &[&str]) -> Option<usize> {
    list.iter().position(|listed| *listed == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_known_by_name_and_value() {
        for (name, value, expected) in [
            ("skip", "0", Some(ParamKind::Offset)),
            ("$skip", "20", Some(ParamKind::Offset)),
            ("page[offset]", "20", Some(ParamKind::Offset)),
            ("from", "2026-01-01", None),
            ("from", "20", Some(ParamKind::Offset)),
            ("page", "2", Some(ParamKind::Page)),
            ("page[number]", "2", Some(ParamKind::Page)),
            ("offset", "itrabc123/rec9", Some(ParamKind::Cursor)),
            ("page_info", "eyJ", Some(ParamKind::Cursor)),
            ("pageToken", "", Some(ParamKind::Cursor)),
            ("per_page", "30", Some(ParamKind::Limit)),
            ("$top", "5", Some(ParamKind::Limit)),
            ("page[size]", "5", Some(ParamKind::Limit)),
            ("token", "abcdef12", None),
            ("q", "tea", None),
            ("start", "monday", None),
        ] {
            assert_eq!(param_kind(name, value), expected, "{name}={value}");
        }
    }
}
