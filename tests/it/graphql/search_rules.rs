//! Synonyms, stop words and rules over the API.

use serde_json::{Value, json};

use super::server::{Server, code};

const PUT_SYNONYMS: &str = "mutation($sets: [SynonymSetInput!]!) \
    { putSynonyms(synonyms: $sets) { inserted updated unchanged deleted } }";
const PUT_STOP_WORDS: &str = "mutation($sets: [StopWordSetInput!]!) \
    { putStopWords(stopWords: $sets) { inserted updated unchanged deleted } }";
const PUT_RULES: &str = "mutation($rules: [SearchRuleInput!]!) \
    { putRules(rules: $rules) { inserted updated unchanged deleted } }";

async fn shop() -> Server {
    let server = Server::start().await;
    server
        .index(json!([
            {"source": "shop", "key": "1", "text": "a television", "category": "new"},
            {"source": "shop", "key": "2", "text": "a tv", "category": "sale"},
            {"source": "shop", "key": "3", "text": "a radio", "category": "new"},
        ]))
        .await;
    server
}

async fn found(server: &Server, query: &str) -> Value {
    let text = "query($query: String!) { search(query: $query) { totalCount redirect appliedRules { id name } \
                edges { pinned tier highlights { html } node { key } } } }";
    server.data(text, json!({ "query": query })).await["search"].take()
}

fn keys(result: &Value) -> Vec<&str> {
    let edges = result["edges"].as_array().unwrap();
    edges.iter().map(|edge| edge["node"]["key"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn synonyms_take_effect_at_once() {
    let server = shop().await;
    assert_eq!(keys(&found(&server, "telly ").await), [""; 0]);
    let sets = json!([{"id": "tv", "words": ["tv", "television", "telly"]}]);
    let put = server.data(PUT_SYNONYMS, json!({ "sets": sets })).await["putSynonyms"].take();
    assert_eq!(put, json!({"inserted": 1, "updated": 0, "unchanged": 0, "deleted": 0}));
    let result = found(&server, "tv ").await;
    assert_eq!(keys(&result), ["2", "1"]);
    assert_eq!(result["edges"][1]["highlights"][0]["html"], "a <mark>television</mark>");
    assert_eq!(result["edges"][1]["tier"], "ALL_WORDS");
    let suggested = server.data("{ suggest(prefix: \"tv\") { text hits } }", json!({})).await;
    assert_eq!(suggested["suggest"], json!([{"text": "tv", "hits": 2}]));

    let again = server.data(PUT_SYNONYMS, json!({ "sets": sets })).await["putSynonyms"].take();
    assert_eq!(again, json!({"inserted": 0, "updated": 0, "unchanged": 1, "deleted": 0}));
    let deleted =
        server.data("mutation { deleteSynonyms(ids: [\"tv\", \"x\"]) { deleted } }", json!({})).await;
    assert_eq!(deleted["deleteSynonyms"]["deleted"], 1);
    assert_eq!(keys(&found(&server, "tv ").await), ["2"]);
    let suggested = server.data("{ suggest(prefix: \"tv\") { text hits } }", json!({})).await;
    assert_eq!(suggested["suggest"][0]["hits"], 1);
}

#[tokio::test]
async fn rules_pin_hide_boost_and_redirect() {
    let server = shop().await;
    let rules = json!([{
        "id": "tv", "name": "TV sale", "condition": {"contains": ["tv"]},
        "pin": [{"source": "shop", "key": "3", "position": 1}],
        "redirect": "/tv",
    }, {
        "id": "home", "priority": 2, "condition": {"empty": true},
        "hide": [{"source": "shop", "key": "1"}], "boost": [{"filter": {"category": ["sale"]}, "factor": 2.5}],
    }]);
    let put = server.data(PUT_RULES, json!({ "rules": rules })).await["putRules"].take();
    assert_eq!(put["inserted"], 2);
    let result = found(&server, "a tv").await;
    assert_eq!(keys(&result)[..2], ["3", "2"]);
    assert_eq!(result["edges"][0]["pinned"], true);
    assert_eq!(result["edges"][1]["pinned"], false);
    assert_eq!(result["redirect"], "/tv");
    assert_eq!(result["appliedRules"], json!([{"id": "tv", "name": "TV sale"}]));
    let result = found(&server, "").await;
    assert_eq!((keys(&result), &result["totalCount"]), (vec!["2", "3"], &json!(2)));
    assert_eq!((&result["redirect"], &result["appliedRules"][0]["name"]), (&Value::Null, &Value::Null));

    let disabled = json!([{"id": "tv", "enabled": false, "redirect": "/tv"}]);
    server.data(PUT_RULES, json!({ "rules": disabled })).await;
    assert_eq!(found(&server, "a tv").await["appliedRules"], json!([]));
    server.data("mutation { deleteRules(ids: [\"tv\", \"home\"]) { deleted } }", json!({})).await;
    assert_eq!(found(&server, "").await["totalCount"], 3);
}

#[tokio::test]
async fn entries_are_listed_as_they_were_put() {
    let server = shop().await;
    let stop_words = json!([{"id": "s", "add": ["please"], "remove": ["who"], "source": "shop",
        "language": "english"}]);
    server.data(PUT_STOP_WORDS, json!({ "sets": stop_words })).await;
    let sets: Vec<Value> =
        (0..12).map(|at| json!({"id": format!("{at:02}"), "from": ["tv"], "to": ["telly"]})).collect();
    server.data(PUT_SYNONYMS, json!({ "sets": sets })).await;
    let rule = json!({
        "id": "r", "name": "Rule", "enabled": true, "priority": 3,
        "validFrom": "2027-01-01T00:00:00.000Z", "validUntil": "2027-02-01T00:00:00.000Z",
        "condition": {"equals": ["tv"], "contains": ["telly"], "empty": false, "source": ["shop"], "category": []},
        "pin": [{"source": "shop", "key": "1", "position": 2}], "hide": [{"source": "shop", "key": "2"}],
        "boost": [{"filter": {"category": ["sale"]}, "factor": 0.1}], "redirect": "/x",
    });
    server.data(PUT_RULES, json!({ "rules": [rule] })).await;
    let text = "{ searchRules { \
        synonyms(after: \"08\") { id words from to source language } \
        stopWords { id add remove source language } \
        rules { id name enabled priority validFrom validUntil condition { equals contains empty source category } \
            pin { source key position } hide { source key } boost { filter factor } redirect } } }";
    let listed = server.data(text, json!({})).await["searchRules"].take();
    let ids: Vec<&Value> = listed["synonyms"].as_array().unwrap().iter().map(|set| &set["id"]).collect();
    assert_eq!(ids, ["09", "10", "11"]);
    let first =
        json!({"id": "09", "words": [], "from": ["tv"], "to": ["telly"], "source": null, "language": null});
    assert_eq!(listed["synonyms"][0], first);
    assert_eq!(listed["stopWords"], stop_words);
    assert_eq!(listed["rules"], json!([rule]));
    server.data("mutation { deleteStopWords(ids: [\"s\"]) { deleted } }", json!({})).await;
    let listed = server.data("{ searchRules { stopWords { id } synonyms { id } } }", json!({})).await;
    assert_eq!(listed["searchRules"]["stopWords"], json!([]));
    assert_eq!(listed["searchRules"]["synonyms"].as_array().unwrap().len(), 10);
}

#[tokio::test]
async fn invalid_entries_are_rejected_with_their_path_and_a_remedy() {
    let server = shop().await;
    let valid = json!({"id": "a", "words": ["tv", "telly"]});
    for (mutation, variables, path, remedy) in [
        (
            PUT_SYNONYMS,
            json!({"sets": [valid, {"id": "b", "words": ["tv"]}]}),
            "synonyms.1.words",
            "two or more",
        ),
        (PUT_SYNONYMS, json!({"sets": [valid, valid]}), "synonyms.1.id", "its own"),
        (
            PUT_SYNONYMS,
            json!({"sets": [{"id": "b", "words": ["x", "y"], "language": "klingon"}]}),
            "synonyms.0.language",
            "english",
        ),
        (
            PUT_SYNONYMS,
            json!({"sets": [{"id": "b", "words": ["x", "y"], "source": ""}]}),
            "synonyms.0.source",
            "at least one",
        ),
        (PUT_SYNONYMS, json!({"sets": vec![valid.clone(); 101]}), "synonyms", "at most 100"),
        (PUT_STOP_WORDS, json!({"sets": [{"id": "b"}]}), "stopWords.0.add", "give one"),
        (PUT_RULES, json!({"rules": [{"id": "b"}]}), "rules.0.pin", "an effect"),
        (PUT_RULES, json!({"rules": [{"id": "b", "redirect": "javascript:x"}]}), "rules.0.redirect", "http"),
        (
            PUT_RULES,
            json!({"rules": [{"id": "b", "pin": [{"source": "s", "key": "k", "position": -1}]}]}),
            "rules.0.pin.0.position",
            "1 to 100",
        ),
        (
            PUT_RULES,
            json!({"rules": [{"id": "b", "boost": [{"filter": {"category": ["c"]}, "factor": 99}]}]}),
            "rules.0.boost.0.factor",
            "0.1 to 10",
        ),
        (
            PUT_RULES,
            json!({"rules": [{"id": "b", "boost":
            [{"filter": {"category": ["c".repeat(2_000)]}, "factor": 2}]}]}),
            "rules.0.boost.0.filter.category.0",
            "shorten",
        ),
    ] {
        let error = server.error(mutation, variables).await;
        assert_eq!(code(&error), "BAD_USER_INPUT", "{error}");
        assert_eq!(error["extensions"]["argumentPath"], path, "{error}");
        let message = error["message"].as_str().unwrap();
        assert!(message.starts_with(path) && message.contains(remedy), "{message}");
    }
    let listed =
        server.data("{ searchRules { synonyms { id } stopWords { id } rules { id } } }", json!({})).await;
    assert_eq!(
        listed["searchRules"],
        json!({"synonyms": [], "stopWords": [], "rules": []}),
        "nothing is stored"
    );
}
