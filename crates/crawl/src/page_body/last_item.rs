//! The next page of upstreams that continue behind an item, which the last item of a page names.

use crate::mapping::scalar_text;
use crate::upstream::{NextPage, Stated, UpstreamItem};
use quarry_config::KeyPart;

/// Returns the cursor behind the last item that has one: earlier items are then served twice, none is skipped.
pub(super) fn next_of_last(member: &KeyPart, items: &[UpstreamItem]) -> Result<Stated<NextPage>, String> {
    let value = |item: &UpstreamItem| match member {
        KeyPart::Pointer(pointer) => {
            let value = item.content.as_ref().ok()?.pointer(pointer.as_str())?;
            scalar_text(value).map(|text| text.into_owned())
        }
        _ => item.name.clone(),
    };
    match items.iter().rev().find_map(value) {
        Some(cursor) => Ok(Stated::Value(NextPage::Cursor(cursor))),
        None if items.is_empty() => Ok(Stated::Absent),
        None => Err(format!("no item of the page has a text or number at {}: check `next`", member.as_str())),
    }
}
