//! Pages of ranked rows, by the rank of their last row.

use data_encoding::BASE64URL_NOPAD;

use crate::failure::Failure;
use crate::types::PageInfo;

/// The largest rank that pages reach: a report ranks all rows up to its page.
const MAX_RANK: u64 = 10_000;
const PREFIX: &str = "rank ";

/// A requested page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RankedPage {
    /// The number of rows before the page.
    pub(super) offset: u64,
    size: u64,
}

impl RankedPage {
    /// Reads the arguments.
    pub(super) fn of(size: usize, after: Option<&str>) -> Result<Self, Failure> {
        let parse = |cursor: &str| {
            let text = String::from_utf8(BASE64URL_NOPAD.decode(cursor.as_bytes()).ok()?).ok()?;
            text.strip_prefix(PREFIX)?.parse().ok().filter(|rank| *rank <= MAX_RANK)
        };
        let offset = after.map(|cursor| {
            let problem = "is not a cursor of this report: pass pageInfo.endCursor unchanged";
            parse(cursor).ok_or_else(|| Failure::bad_input("after", problem))
        });
        Ok(Self { offset: offset.transpose()?.unwrap_or(0), size: size as u64 })
    }

    /// The number of rows to read: one more than the page has, to detect a continuation.
    pub(super) fn rows(self) -> u64 {
        self.size + 1
    }

    /// Cuts the page from these rows.
    pub(super) fn cut<T>(self, mut rows: Vec<T>) -> (Vec<T>, PageInfo) {
        let is_continued = rows.len() as u64 > self.size;
        rows.truncate(self.size as usize);
        let end = self.offset + rows.len() as u64;
        let cursor = |rank: u64| {
            (!rows.is_empty()).then(|| BASE64URL_NOPAD.encode(format!("{PREFIX}{rank}").as_bytes()))
        };
        let page_info = PageInfo {
            has_next_page: is_continued && end <= MAX_RANK,
            has_previous_page: self.offset > 0,
            start_cursor: cursor(self.offset + 1),
            end_cursor: cursor(end),
        };
        (rows, page_info)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_follow_each_other() {
        let rows: Vec<u32> = (0..25).collect();
        let (mut after, mut seen) = (None, Vec::<&u32>::new());
        loop {
            let page = RankedPage::of(10, after.as_deref()).unwrap();
            let read = rows.iter().skip(page.offset as usize).take(page.rows() as usize).collect();
            let (some, info) = page.cut(read);
            seen.extend(some);
            if !info.has_next_page {
                break;
            }
            after = info.end_cursor;
        }
        assert_eq!(seen, rows.iter().collect::<Vec<_>>());
        assert!(RankedPage::of(10, Some("nonsense")).is_err());
        let beyond = BASE64URL_NOPAD.encode(format!("{PREFIX}{}", MAX_RANK + 1).as_bytes());
        assert!(RankedPage::of(10, Some(&beyond)).is_err());
        assert_eq!(RankedPage::of(0, None).unwrap().cut(vec![1]).1.end_cursor, None);
    }
}
