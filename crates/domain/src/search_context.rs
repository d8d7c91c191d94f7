use std::fmt;

use serde::{Deserialize, Serialize};

use super::{InvalidKeystroke, check_text};

/// The most tags of a search.
pub const MAX_TAGS: usize = 8;
/// The longest name of a tag in characters.
pub const MAX_TAG_NAME_CHARS: usize = 32;
/// The longest value of a tag in characters.
pub const MAX_TAG_VALUE_CHARS: usize = 64;
/// The most conditions of a filter that are stored with a search.
const MAX_CONDITIONS: usize = 32;
/// The longest value of a stored condition in characters.
const MAX_CONDITION_CHARS: usize = 128;

/// The kind of a fact about a search.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FactKind {
    /// The requested order of the documents.
    Sort,
    /// A condition of the filter of documents.
    Filter,
    /// A tag of the client.
    Tag,
}

impl FactKind {
    const ALL: [Self; 3] = [Self::Sort, Self::Filter, Self::Tag];

    fn prefix(self) -> &'static str {
        match self {
            Self::Sort => "sort",
            Self::Filter => "filter.",
            Self::Tag => "tag.",
        }
    }
}

/// A fact about a search: a name and its value, such as the tag `arm` with the value `b`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SearchFact {
    /// The kind.
    pub kind: FactKind,
    /// The name within the kind; empty for the order of documents.
    pub name: String,
    /// The value.
    pub value: String,
}

impl SearchFact {
    /// Creates a tag: a short name of letters, digits, `.`, `_` and `-`, and a short value.
    pub fn tag(name: &str, value: &str) -> Result<Self, InvalidKeystroke> {
        let invalid = |field, problem| InvalidKeystroke { field, problem };
        let is_letter = |char: char| char.is_ascii_alphanumeric() || matches!(char, '.' | '_' | '-');
        if name.is_empty() || name.len() > MAX_TAG_NAME_CHARS || !name.chars().all(is_letter) {
            let problem =
                format!("is not 1 to {MAX_TAG_NAME_CHARS} letters, digits, '.', '_' and '-': rename the tag");
            return Err(invalid("name", problem));
        }
        if value.trim().is_empty() {
            return Err(invalid("value", "is empty: leave out the tag".to_owned()));
        }
        check_text(value, MAX_TAG_VALUE_CHARS).map_err(|problem| invalid("value", problem))?;
        Ok(Self { kind: FactKind::Tag, name: name.to_owned(), value: value.to_owned() })
    }

    /// Creates a condition of a filter.
    pub fn filter(name: &str, value: &str) -> Self {
        Self { kind: FactKind::Filter, name: name.to_owned(), value: value.to_owned() }
    }

    /// Creates the order of documents.
    pub fn sort(value: &str) -> Self {
        Self { kind: FactKind::Sort, name: String::new(), value: value.to_owned() }
    }

    /// The text that contexts with this fact contain, and no others.
    pub fn pattern(&self) -> String {
        format!("\n{self}\n")
    }

    /// Changes the value.
    #[must_use]
    pub fn map_value(self, change: impl FnOnce(&str) -> String) -> Self {
        Self { value: change(&self.value), ..self }
    }

    fn parse(line: &str) -> Option<Self> {
        let (label, value) = line.split_once('=')?;
        let kind = FactKind::ALL.into_iter().find(|kind| label.starts_with(kind.prefix()))?;
        let name = label[kind.prefix().len()..].to_owned();
        Some(Self { kind, name, value: value.to_owned() })
    }
}

impl fmt::Display for SearchFact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // One line: a control character, or an equals sign in a name, would end the part.
        let clean = |part: &str, is_end: fn(char) -> bool| part.replace(is_end, " ");
        let name = clean(&self.name, |char| char.is_control() || char == '=');
        write!(f, "{}{name}={}", self.kind.prefix(), clean(&self.value, char::is_control))
    }
}

/// The facts about the request of a search: the order of documents, the conditions of its filter, and tags.
///
/// One text of lines, as buffers and the database store it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SearchContext(String);

impl SearchContext {
    /// Creates the context of these facts: the first conditions of the filter, and those of moderate length only.
    pub fn of(facts: impl IntoIterator<Item = SearchFact>) -> Self {
        let mut context = Self::default();
        let mut conditions = 0;
        for fact in facts {
            if fact.kind == FactKind::Filter {
                let is_long = fact.value.chars().nth(MAX_CONDITION_CHARS).is_some();
                if is_long || conditions == MAX_CONDITIONS {
                    continue;
                }
                conditions += 1;
            }
            let line = fact.pattern();
            if !context.0.contains(&line) {
                // Adjacent facts share a line break.
                context.0.push_str(if context.is_empty() { &line } else { &line[1..] });
            }
        }
        context
    }

    /// Reads the stored text.
    pub fn stored(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text to store; empty without facts.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns true without facts.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The facts.
    pub fn facts(&self) -> impl Iterator<Item = SearchFact> {
        self.0.lines().filter_map(SearchFact::parse)
    }

    /// The facts of a kind.
    pub fn of_kind(&self, kind: FactKind) -> impl Iterator<Item = SearchFact> {
        self.facts().filter(move |fact| fact.kind == kind)
    }

    /// Changes the values of conditions and tags.
    #[must_use]
    pub fn map_values(&self, change: impl Fn(&str) -> String) -> Self {
        let changed = |fact: SearchFact| match fact.kind {
            FactKind::Sort => fact,
            FactKind::Filter | FactKind::Tag => fact.map_value(&change),
        };
        Self::of(self.facts().map(changed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(name: &str, value: &str) -> SearchFact {
        SearchFact::tag(name, value).unwrap()
    }

    #[test]
    fn facts_are_read_as_they_were_written() {
        let facts = [
            SearchFact::sort("newest"),
            SearchFact::filter("category", "a=b, grün"),
            SearchFact::filter("source", "messages"),
            tag("arm", "b"),
        ];
        let context = SearchContext::of(facts.clone());
        assert_eq!(
            context.as_str(),
            "\nsort=newest\nfilter.category=a=b, grün\nfilter.source=messages\ntag.arm=b\n"
        );
        assert!(context.facts().eq(facts.clone()));
        assert!(SearchContext::stored(context.as_str()).facts().eq(facts.clone()));
        assert!(facts.iter().all(|fact| context.as_str().contains(&fact.pattern())));
        for other in [tag("arm", "bb"), tag("arm", "B"), tag("m", "b"), SearchFact::filter("arm", "b")] {
            assert!(!context.as_str().contains(&other.pattern()), "{other}");
        }
        assert!(SearchContext::of([]).is_empty());
    }

    #[test]
    fn a_value_cannot_pretend_to_be_another_fact() {
        let context = SearchContext::of([SearchFact::filter("a=1", "x\ntag.arm=b"), tag("arm", "c")]);
        let facts: Vec<String> = context.facts().map(|fact| fact.to_string()).collect();
        assert_eq!(facts, ["filter.a 1=x tag.arm=b", "tag.arm=c"]);
    }

    #[test]
    fn contexts_are_bounded_and_repeat_nothing() {
        let many = (0..100).map(|number| SearchFact::filter("category", &number.to_string()));
        assert_eq!(SearchContext::of(many).facts().count(), MAX_CONDITIONS);
        let long = SearchFact::filter("category", &"ü".repeat(MAX_CONDITION_CHARS + 1));
        assert!(SearchContext::of([long]).is_empty());
        assert_eq!(SearchContext::of([tag("a", "b"), tag("a", "b"), tag("a", "c")]).facts().count(), 2);
        for (name, value) in [("", "b"), ("a b", "b"), ("ä", "b"), ("a", " "), ("a", "b\n")] {
            assert!(SearchFact::tag(name, value).is_err(), "{name} {value}");
        }
        assert!(SearchFact::tag(&"n".repeat(MAX_TAG_NAME_CHARS + 1), "b").is_err());
        assert!(SearchFact::tag("a", &"v".repeat(MAX_TAG_VALUE_CHARS + 1)).is_err());
    }

    #[test]
    fn values_are_changed_but_not_the_order_of_documents() {
        let context = SearchContext::of([SearchFact::sort("newest"), tag("a", "new"), tag("b", "old")]);
        let changed = context.map_values(|value| value.replace("new", "[x]"));
        assert_eq!(changed.as_str(), "\nsort=newest\ntag.a=[x]\ntag.b=old\n");
    }
}
