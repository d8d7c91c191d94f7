//! Words of several characters in scripts without spaces.

use std::cell::LazyCell;
use std::ops::Range;

use icu_segmenter::options::WordBreakInvariantOptions;
use icu_segmenter::{WordSegmenter, WordSegmenterBorrowed};

thread_local! {
    // By dictionary: the neural models take 100 times as long.
    static SEGMENTER: LazyCell<WordSegmenterBorrowed<'static>> =
        LazyCell::new(|| WordSegmenter::new_dictionary(WordBreakInvariantOptions::default()));
}

/// Calls `visit` with each word of a run without spaces, as offsets in it.
pub(crate) fn for_each_segment(run: &str, mut visit: impl FnMut(Range<usize>)) {
    SEGMENTER.with(|segmenter| {
        let mut start = 0;
        for end in segmenter.segment_str(run).skip(1) {
            visit(start..end);
            start = end;
        }
    });
}
