//! The clauses of queries, as JSON.

use serde_json::{Value, json};

/// Returns an object. Unlike `json!`, it moves the values rather than copying them: clauses are nested deeply.
pub(super) fn object<const N: usize>(entries: [(&str, Value); N]) -> Value {
    Value::Object(entries.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

pub(super) fn term(field: &str, term: &str) -> Value {
    json!({ "term": { field: { "value": term } } })
}

pub(super) fn terms<S: AsRef<str>>(field: &str, terms: impl IntoIterator<Item = S>) -> Value {
    let terms: Vec<String> = terms.into_iter().map(|term| term.as_ref().to_owned()).collect();
    json!({ "terms": { field: terms } })
}

pub(super) fn prefix(field: &str, prefix: &str) -> Value {
    json!({ "prefix": { field: { "value": prefix } } })
}

/// Returns a clause of adjacent words.
pub(super) fn phrase<S: AsRef<str>>(field: &str, words: &[S]) -> Value {
    json!({ "match_phrase": { field: { "query": joined(words) } } })
}

/// Returns a clause of adjacent words, the last of which may be incomplete.
pub(super) fn phrase_prefix<S: AsRef<str>>(field: &str, words: &[S]) -> Value {
    json!({ "match_phrase_prefix": { field: { "query": joined(words), "max_expansions": 200 } } })
}

fn joined<S: AsRef<str>>(words: &[S]) -> String {
    words.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(" ")
}

/// Returns a clause of words within a number of edits, of which the first letters do not change.
pub(super) fn fuzzy(field: &str, word: &str, edits: u8, kept_letters: u8) -> Value {
    json!({ "fuzzy": { field: {
        "value": word,
        "fuzziness": edits,
        "prefix_length": kept_letters,
        "transpositions": true,
        "max_expansions": 1_000,
    } } })
}

/// Returns a clause whose matches have one score.
pub(super) fn constant(filter: Value, score: f32) -> Value {
    object([("constant_score", object([("filter", filter), ("boost", score.into())]))])
}

/// Returns a clause that matches if one of several does, with the highest score.
pub(super) fn best_of(mut clauses: Vec<Value>) -> Value {
    match clauses.len() {
        0 => none(),
        1 => clauses.swap_remove(0),
        _ => object([("dis_max", object([("queries", clauses.into())]))]),
    }
}

/// Returns a clause that matches if all of some do, with the sum of their scores and of matching others.
pub(super) fn all_of(required: Vec<Value>, others: Vec<Value>) -> Value {
    object([("bool", object([("must", required.into()), ("should", others.into())]))])
}

/// Returns a clause that matches if any of some does, with the sum of their scores and of matching others.
pub(super) fn any_of(alternatives: Vec<Value>, others: Vec<Value>) -> Value {
    if others.is_empty() {
        let alternatives = [("should", alternatives.into()), ("minimum_should_match", 1.into())];
        return object([("bool", object(alternatives))]);
    }
    all_of(vec![any_of(alternatives, Vec::new())], others)
}

/// Returns a clause of documents that match one of some clauses, without scores.
pub(super) fn within(clauses: Vec<Value>) -> Value {
    object([("bool", object([("filter", clauses.into())]))])
}

pub(super) fn not(clause: Value) -> Value {
    object([("bool", object([("must_not", vec![clause].into())]))])
}

pub(super) fn all() -> Value {
    json!({ "match_all": {} })
}

pub(super) fn none() -> Value {
    json!({ "match_none": {} })
}

pub(super) fn ids(ids: impl IntoIterator<Item = u128>) -> Value {
    let ids: Vec<String> = ids.into_iter().map(id_text).collect();
    json!({ "terms": { "id": ids } })
}

/// Returns the id of a document in the index, whose order is that of the number.
pub(super) fn id_text(id: u128) -> String {
    format!("{id:032x}")
}

/// Returns a text as a pattern that matches it alone.
pub(super) fn pattern(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len());
    for c in text.chars() {
        if !c.is_alphanumeric() {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern
}

/// Names the clauses of a query that score, so that hits have their scores: by themselves, since equal clauses
/// have equal scores.
pub(super) fn name_clauses(query: &mut Value) {
    let Some((kind, of)) = query.as_object_mut().and_then(|query| query.iter_mut().next()) else { return };
    match kind.as_str() {
        "bool" => {
            for occurrence in ["must", "should"] {
                let clauses = of.get_mut(occurrence).and_then(Value::as_array_mut);
                clauses.into_iter().flatten().for_each(name_clauses);
            }
        }
        "dis_max" => of["queries"].as_array_mut().into_iter().flatten().for_each(name_clauses),
        "function_score" => name_clauses(&mut of["query"]),
        "match_none" | "match_all" => {}
        _ => {
            let name = query.to_string();
            options_of(query)["_name"] = name.into();
        }
    }
}

/// Returns the options of a clause: those of its field, or its own.
fn options_of(clause: &mut Value) -> &mut Value {
    let is_of_field = clause.get("constant_score").is_none();
    let of =
        clause.as_object_mut().and_then(|clause| clause.values_mut().next()).expect("a clause has a kind");
    if !is_of_field {
        return of;
    }
    of.as_object_mut().and_then(|of| of.values_mut().next()).expect("the clause of a term has a field")
}
