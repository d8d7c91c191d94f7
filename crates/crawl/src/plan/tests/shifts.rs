//! Lists that shift while they are read, begin again, or never end.

use super::*;

fn by_offset() -> SourceConfig {
    source("kind = \"offset\", size = 10", "")
}

/// A page of the items with these numbers.
fn numbered(numbers: impl IntoIterator<Item = u64>) -> PageFacts {
    let documents: Vec<Uuid> = numbers.into_iter().map(|n| Uuid::from_u64_pair(7, n)).collect();
    let hash = documents.iter().map(Uuid::to_string).collect();
    PageFacts { items: documents.len() as u64, hash, documents, ..PageFacts::default() }
}

/// The page of a list at the next offset of a crawl.
fn at_offset(crawl: &ScriptedCrawl, list: &[u64]) -> PageFacts {
    let offset = match crawl.cursor.next_page {
        Some(PageToken::Offset(offset)) => usize::try_from(offset).expect("a small offset"),
        _ => 0,
    };
    numbered(list.iter().copied().skip(offset).take(10))
}

/// Crawls a list to its end, changed after each page, and returns the offsets and the received items.
fn offsets(list: &mut Vec<u64>, change: impl Fn(usize, &mut Vec<u64>)) -> (Vec<u64>, u64, bool) {
    let mut crawl = ScriptedCrawl::new(by_offset());
    let mut offsets = Vec::new();
    let mut seen = HashSet::new();
    for number in 0..50 {
        let page = at_offset(&crawl, list);
        crawl.respond_until_accepted(&page);
        seen.extend(page.documents);
        change(number, list);
        match crawl.cursor.next_page {
            Some(PageToken::Offset(offset)) => offsets.push(offset),
            _ => break,
        }
    }
    assert_eq!(crawl.cursor.trouble, None);
    assert!(crawl.cursor.offered <= seen.len() as u64, "keys served twice");
    let has_all = list.iter().all(|n| seen.contains(&Uuid::from_u64_pair(7, *n)));
    (offsets, crawl.cursor.received, has_all)
}

#[test]
fn pages_without_a_total_overlap_by_an_item() {
    let found = offsets(&mut (0..25).collect(), |_, _| {});
    assert_eq!(found, (vec![9, 18, 25], 25, true));
    let found = offsets(&mut (0..28).collect(), |_, _| {});
    assert_eq!(found, (vec![9, 18, 27], 28, true), "the overlap alone is the end");
}

#[test]
fn items_that_shift_to_pages_that_were_read_are_read_again() {
    let found = offsets(&mut (0..45).collect(), |number, list| {
        if number == 1 {
            list.drain(..3);
        }
    });
    assert_eq!(found.0[..5], [9, 18, 9, 18, 27]);
    assert_eq!((found.1, found.2), (42, true));
    // Also at the end.
    let found = offsets(&mut (0..20).collect(), |number, list| {
        if number == 1 {
            list.remove(0);
        }
    });
    assert_eq!((found.1, found.2), (19, true));
    // New items move the overlap into the page.
    let found = offsets(&mut (0..45).collect(), |number, list| {
        if number == 1 {
            list.insert(0, 100);
        }
    });
    assert_eq!(found.0, [9, 18, 27, 36, 45], "nothing is read again");
}

#[test]
fn an_upstream_that_rounds_or_refuses_offsets_serves_plain_ones() {
    let mut crawl = ScriptedCrawl::new(by_offset());
    assert_eq!(crawl.respond(&numbered(0..10)), Ok(()));
    assert_eq!(crawl.cursor.next_page, Some(PageToken::Offset(9)));
    assert_eq!(crawl.respond(&numbered(0..10)), Ok(()), "no repeated page");
    assert_eq!(crawl.cursor.next_page, Some(PageToken::Offset(10)));
    assert_eq!(crawl.respond(&numbered(10..20)), Ok(()));
    assert_eq!((crawl.cursor.next_page, crawl.cursor.received), (Some(PageToken::Offset(20)), 20));
    assert_eq!((crawl.cursor.offered, crawl.cursor.trouble), (20, None));

    let mut crawl = ScriptedCrawl::new(by_offset());
    assert_eq!(crawl.respond(&numbered(0..10)), Ok(()));
    assert!(crawl.cursor.refuse_overlap());
    assert_eq!(crawl.cursor.next_page, Some(PageToken::Offset(10)));
    assert!(!crawl.cursor.refuse_overlap());
}

#[test]
fn an_upstream_that_ignores_offsets_has_no_end() {
    let mut crawl = ScriptedCrawl::new(by_offset());
    for _ in 0..5 {
        crawl.respond_until_accepted(&numbered(0..10));
    }
    assert!(!crawl.cursor.end_reached && crawl.cursor.dead_end.is_some());
}

#[test]
fn a_list_that_begins_again_has_ended() {
    // As a circle, and as the first page for each position behind the end.
    for second in [10..20, 0..10] {
        let mut crawl = ScriptedCrawl::new(by_page());
        for page in [0..10, 10..20, 20..24] {
            assert_eq!(crawl.respond_until_accepted(&numbered(page)), 1);
        }
        assert_eq!(crawl.respond_until_accepted(&numbered(0..10)), 3);
        assert!(crawl.cursor.next_page.is_some(), "one page proves nothing");
        crawl.respond_until_accepted(&numbered(second));
        assert_eq!((crawl.cursor.next_page.clone(), crawl.cursor.end_reached), (None, true));
        assert_eq!((crawl.cursor.received, crawl.cursor.offered, crawl.cursor.trouble), (24, 24, None));
    }
    let mut crawl = ScriptedCrawl::new(by_page());
    for page in [0..10, 10..20, 0..10, 20..24] {
        crawl.respond_until_accepted(&numbered(page));
    }
    assert!(crawl.cursor.trouble.is_some(), "the list goes on: a page was repeated");
}

#[test]
fn a_cursor_that_never_ends_is_followed_to_empty_pages() {
    let next = |number: u64, page| to(&format!("c{number}"), page);
    let mut crawl = ScriptedCrawl::new(by_cursor());
    assert_eq!(crawl.respond(&next(1, page("a", None))), Ok(()));
    crawl.respond_until_accepted(&next(2, empty(None)));
    assert!(crawl.cursor.next_page.is_some(), "a filter may leave a page empty");
    assert_eq!(crawl.respond_until_accepted(&next(3, empty(None))), 2);
    assert_eq!((crawl.cursor.next_page, crawl.cursor.end_reached), (None, true));
    assert_eq!(crawl.cursor.trouble, None);

    let mut crawl = ScriptedCrawl::new(by_cursor());
    assert_eq!(crawl.respond(&next(1, page("a", Some(10)))), Ok(()));
    crawl.respond_until_accepted(&next(2, empty(Some(10))));
    assert_eq!(crawl.cursor.next_page, None, "the total is reached");

    let mut crawl = ScriptedCrawl::new(by_cursor());
    assert_eq!(crawl.respond(&next(1, page("a", Some(20)))), Ok(()));
    crawl.respond_until_accepted(&next(2, empty(Some(20))));
    crawl.respond_until_accepted(&next(3, empty(Some(20))));
    assert!(crawl.cursor.next_page.is_some(), "the total states more");
}

#[test]
fn an_end_with_other_members_is_doubted_if_one_item_is_missing() {
    let framed = |frame, page| PageFacts { frame: Some(frame), ..page };
    for (usual, frame, is_early) in [(None, 2, true), (Some(2), 2, false), (None, 1, false)] {
        let mut crawl = ScriptedCrawl::after(15, by_page());
        let complete = crawl.baseline.complete.as_mut().expect("a complete crawl");
        complete.end_frame = usual;
        crawl.respond_until_accepted(&framed(1, page("a", None)));
        crawl.respond_until_accepted(&framed(1, short("b", 4, None)));
        crawl.respond_until_accepted(&framed(frame, empty(None)));
        assert_eq!(crawl.cursor.early_end, is_early, "{frame}");
        assert_eq!(crawl.cursor.trouble.is_some(), is_early);
    }
}
