//! The properties of a keystroke as both buffers encode them.

use std::fmt;

use serde::de::{Error, SeqAccess, Visitor};
use serde::ser::SerializeTuple;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use quarry_domain::{Keystroke, SearchContext};

/// The properties of a keystroke besides text, user and times.
///
/// The first release encoded `submitted` as a byte, and the result count. Further bits of the byte are flags; one of
/// them states that the context follows. Thus each version reads the keystrokes of earlier ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct KeystrokeDetails<'a> {
    flags: u8,
    pub(crate) result_count: Option<i64>,
    context: &'a str,
}

const SUBMITTED: u8 = 1;
const COMPOSING: u8 = 2;
const HAS_CONTEXT: u8 = 4;

impl<'a> KeystrokeDetails<'a> {
    pub(crate) fn of(keystroke: &'a Keystroke) -> Self {
        let flag = |is_set, flag| if is_set { flag } else { 0 };
        let context = keystroke.context.as_str();
        let flags = flag(keystroke.submitted, SUBMITTED)
            | flag(keystroke.composing, COMPOSING)
            | flag(!context.is_empty(), HAS_CONTEXT);
        Self { flags, result_count: keystroke.result_count, context }
    }

    pub(crate) fn is_submitted(&self) -> bool {
        self.flags & SUBMITTED != 0
    }

    pub(crate) fn is_composing(&self) -> bool {
        self.flags & COMPOSING != 0
    }

    pub(crate) fn context(&self) -> SearchContext {
        SearchContext::stored(self.context)
    }
}

impl Serialize for KeystrokeDetails<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let has_context = self.flags & HAS_CONTEXT != 0;
        let mut tuple = serializer.serialize_tuple(if has_context { 3 } else { 2 })?;
        tuple.serialize_element(&self.flags)?;
        tuple.serialize_element(&self.result_count)?;
        if has_context {
            tuple.serialize_element(self.context)?;
        }
        tuple.end()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for KeystrokeDetails<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_tuple(3, DetailsVisitor)
    }
}

struct DetailsVisitor;

impl<'de> Visitor<'de> for DetailsVisitor {
    type Value = KeystrokeDetails<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("flags, a result count and perhaps a context")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<Self::Value, A::Error> {
        let missing = |part| A::Error::invalid_length(part, &self);
        let flags: u8 = parts.next_element()?.ok_or_else(|| missing(0))?;
        let result_count = parts.next_element()?.ok_or_else(|| missing(1))?;
        let context =
            if flags & HAS_CONTEXT != 0 { parts.next_element()?.ok_or_else(|| missing(2))? } else { "" };
        Ok(KeystrokeDetails { flags, result_count, context })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::stroke;
    use quarry_domain::SearchFact;

    #[test]
    fn a_context_follows_what_earlier_versions_wrote() {
        let plain =
            Keystroke { submitted: true, composing: true, result_count: Some(3), ..stroke("s", "bus") };
        let bytes = postcard::to_stdvec(&KeystrokeDetails::of(&plain)).unwrap();
        assert_eq!(bytes, [3, 1, 6]);
        let read: KeystrokeDetails<'_> = postcard::from_bytes(&bytes).unwrap();
        assert_eq!(read, KeystrokeDetails::of(&plain));
        assert!(read.is_submitted() && read.is_composing() && read.context().is_empty());

        let context = SearchContext::of([SearchFact::sort("newest")]);
        let tagged = Keystroke { context: context.clone(), ..plain };
        // Details are followed by others without a delimiter.
        let pair = [KeystrokeDetails::of(&tagged), KeystrokeDetails::of(&tagged)];
        let bytes = postcard::to_stdvec(&pair).unwrap();
        let read: [KeystrokeDetails<'_>; 2] = postcard::from_bytes(&bytes).unwrap();
        assert_eq!((read, read[1].context()), (pair, context));
        assert!(postcard::from_bytes::<[KeystrokeDetails<'_>; 2]>(&bytes[..bytes.len() - 1]).is_err());
    }
}
