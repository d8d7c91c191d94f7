//! The fields of a subgraph: entities by their keys, and the subgraph's schema.

use quarry::domain::Scope;
use quarry::graphql::{Introspection, Limits, subgraph_sdl};
use serde_json::{Value, json};

use super::keys::{Key, gate};
use super::look_ups::LookUps;
use super::server::{Server, Setup, code, read};

const ENTITIES: &str = "query($representations: [_Any!]!) { _entities(representations: $representations) { \
    __typename ... on Document { key text } ... on Author { name } ... on Search { query } } }";

fn federated() -> Limits {
    Limits { federation: true, ..Limits::default() }
}

async fn start() -> Server {
    Server::start_with(Setup { limits: federated(), ..Setup::default() }).await
}

fn note(key: &str, author: &str) -> Value {
    json!({"source": "notes", "key": key, "text": format!("text {key}"), "authorKey": author, "authorName": author})
}

/// The response to a request of entities by a key.
async fn entities(server: &Server, representations: Value, key: Option<&Key>) -> Value {
    let body = json!({"query": ENTITIES, "variables": {"representations": representations}});
    let mut request = server.post(&body);
    if let Some(key) = key {
        request = request.header("authorization", key.bearer());
    }
    read(request.send().await.unwrap()).await
}

/// The ids of a document, of its author and of a logged search.
async fn stored(server: &Server, key: Option<&Key>) -> [Value; 3] {
    let send = async |query: &str| {
        let mut request = server.post(&json!({ "query": query }));
        if let Some(key) = key {
            request = request.header("authorization", key.bearer());
        }
        let mut answer = read(request.send().await.unwrap()).await;
        assert_eq!(answer.get("errors"), None, "{query}");
        answer["data"].take()
    };
    send(
        "mutation { indexDocuments(input: {documents: [{source: \"notes\", key: \"1\", text: \"text 1\", \
         authorKey: \"a\", authorName: \"Ada\"}]}) { inserted } }",
    )
    .await;
    send("mutation { logKeystroke(input: {sessionId: \"s\", text: \"tea\", submitted: true}) { accepted } }")
        .await;
    server.flush().await;
    let found = send(
        "{ document(source: \"notes\", key: \"1\") { id author { id } } searchLog(first: 1) { nodes { id } } }",
    )
    .await;
    [
        found["document"]["id"].clone(),
        found["document"]["author"]["id"].clone(),
        found["searchLog"]["nodes"][0]["id"].clone(),
    ]
}

#[tokio::test]
async fn entities_are_found_by_each_of_their_keys() {
    let server = start().await;
    let [document, author, search] = stored(&server, None).await;
    let by_key = json!([
        {"__typename": "Search", "id": search},
        {"__typename": "Document", "id": document},
        {"__typename": "Author", "id": author},
        {"__typename": "Document", "source": "notes", "key": "1"},
        {"__typename": "Author", "source": "notes", "key": "a"},
        // Fields other than those of a key are ignored, and a key that is null is none.
        {"__typename": "Document", "id": null, "source": "notes", "key": "1", "text": "other"},
        {"__typename": "Document", "id": document},
    ]);
    let document = json!({"__typename": "Document", "key": "1", "text": "text 1"});
    let author = json!({"__typename": "Author", "name": "Ada"});
    let search = json!({"__typename": "Search", "query": "tea"});
    let found = [&search, &document, &author, &document, &author, &document, &document];
    assert_eq!(entities(&server, by_key, None).await, json!({"data": {"_entities": found}}));
}

#[tokio::test]
async fn a_missing_entity_is_null_and_an_invalid_one_fails_alone() {
    let server = start().await;
    let [document, author, search] = stored(&server, None).await;
    let answer = entities(
        &server,
        json!([
            {"__typename": "Document", "source": "notes", "key": "gone"},
            {"__typename": "Document", "source": "no source's name", "key": "1"},
            {"__typename": "Author", "id": "author_00000000000000000000000000000000"},
            {"__typename": "Document", "id": document},
            {"__typename": "Crawl", "id": "crawl_1"},
            {"id": document},
            {"__typename": "Document", "id": author},
            {"__typename": "Author", "id": 7},
            {"__typename": "Document", "source": "notes"},
            {"__typename": "Author", "source": 1, "key": "a"},
            {"__typename": "Search", "source": "notes", "key": "1"},
            {"__typename": "Search", "id": search},
        ]),
        None,
    )
    .await;
    let found = answer["data"]["_entities"].as_array().unwrap();
    let is_found: Vec<bool> = found.iter().map(|entity| !entity.is_null()).collect();
    assert_eq!(
        is_found,
        [3, 11].into_iter().fold([false; 12], |mut all, n| {
            all[n] = true;
            all
        })
    );
    let mut failed = Vec::new();
    for error in answer["errors"].as_array().unwrap() {
        assert_eq!(code(error), "BAD_USER_INPUT");
        let argument = error["extensions"]["argumentPath"].as_str().unwrap();
        assert!(error["message"].as_str().unwrap().starts_with(argument), "{error}");
        failed.push((error["path"][1].as_u64().unwrap(), argument.to_owned()));
    }
    failed.sort();
    let expected = [
        (4, "representations.4.__typename"),
        (5, "representations.5.__typename"),
        (6, "representations.6.id"),
        (7, "representations.7.id"),
        (8, "representations.8"),
        (9, "representations.9"),
        (10, "representations.10"),
    ];
    assert_eq!(failed, expected.map(|(index, path)| (index, path.to_owned())));

    for value in [json!(["Document"]), json!([[{"__typename": "Document"}]])] {
        let answer = entities(&server, value, None).await;
        assert_eq!(code(&answer["errors"][0]), "BAD_USER_INPUT", "{answer}");
    }
}

#[tokio::test]
async fn an_entity_requires_the_scope_of_its_type() {
    let keys = [
        Key::new("all", &Scope::ALL),
        Key::new("shop", &[Scope::Search]),
        Key::new("dashboard", &[Scope::Reports]),
        Key::new("operator", &[Scope::Admin]),
    ];
    let [all, shop, dashboard, operator] = &keys;
    let setup =
        Setup { gate: gate(&[all, shop, dashboard, operator]), limits: federated(), ..Setup::default() };
    let server = Server::start_with(setup).await;
    let [document, author, search] = stored(&server, Some(all)).await;
    let representations = json!([
        {"__typename": "Document", "id": document},
        {"__typename": "Author", "id": author},
        {"__typename": "Search", "id": search},
        // A missing entity is as denied as an existing one.
        {"__typename": "Document", "source": "notes", "key": "gone"},
    ]);
    for (key, expected) in [(all, [true; 3]), (shop, [true, true, false]), (dashboard, [false, false, true])]
    {
        let answer = entities(&server, representations.clone(), Some(key)).await;
        let found = [0, 1, 2].map(|n| !answer["data"]["_entities"][n].is_null());
        assert_eq!(found, expected, "{answer}");
        let errors = answer["errors"].as_array().cloned().unwrap_or_default();
        assert!(errors.iter().all(|error| code(error) == "FORBIDDEN"), "{answer}");
        let denied = expected.iter().filter(|may| !**may).count() + usize::from(!expected[0]);
        assert_eq!(errors.len(), denied, "{answer}");
    }
    let answer = entities(&server, representations.clone(), Some(operator)).await;
    assert_eq!((code(&answer["errors"][0]), &answer["data"]), ("FORBIDDEN", &Value::Null));
    let answer = entities(&server, representations, None).await;
    assert_eq!((code(&answer["errors"][0]), &answer["data"]), ("UNAUTHENTICATED", &Value::Null));
}

#[tokio::test]
async fn representations_are_limited_and_count() {
    let server = start().await;
    let missing =
        |count: usize| json!(vec![json!({"__typename": "Document", "source": "a", "key": "b"}); count]);
    let answer = entities(&server, missing(1_000), None).await;
    assert_eq!(answer["data"]["_entities"].as_array().unwrap().len(), 1_000);
    let answer = entities(&server, missing(1_001), None).await;
    assert_eq!(answer["errors"][0]["extensions"]["argumentPath"], "representations");
    assert!(answer["errors"][0]["message"].as_str().unwrap().contains("send at most 1000"), "{answer}");

    let limits = Limits { cost: 22, ..federated() };
    let server = Server::start_with(Setup { limits, ..Setup::default() }).await;
    let query =
        "query($all: [_Any!]!) { _entities(representations: $all) { __typename ... on Document { key } } }";
    assert_eq!(server.ask(query, json!({"all": missing(10)})).await.get("errors"), None);
    let error = server.error(query, json!({"all": missing(11)})).await;
    assert_eq!(code(&error), "GRAPHQL_VALIDATION_FAILED");
    assert!(error["message"].as_str().unwrap().contains("page sizes is 23"), "{error}");
}

// On one thread with the server, so that only its look-ups are counted.
#[tokio::test]
async fn the_entities_of_a_type_are_one_look_up() {
    LookUps::listen();
    let server = start().await;
    let documents: Vec<_> = (0..30).map(|n| note(&n.to_string(), &format!("a{}", n % 5))).collect();
    server.index(json!(documents)).await;
    let documents =
        (0..30).map(|n| json!({"__typename": "Document", "source": "notes", "key": n.to_string()}));
    let authors = (0..5).map(|n| json!({"__typename": "Author", "source": "notes", "key": format!("a{n}")}));
    let all: Vec<_> = documents.chain(authors).collect();
    LookUps::take();
    let query = "query($all: [_Any!]!) { _entities(representations: $all) { ... on Document { author { name } } \
        ... on Author { documentCount } } }";
    let found = server.data(query, json!({ "all": all })).await;
    assert_eq!(found["_entities"][34], json!({"documentCount": 6}));
    let mut made = LookUps::take();
    made.sort();
    let count = |of: &str| made.iter().filter(|(made, _)| made == of).count();
    assert_eq!((count("documents"), count("document counts of authors")), (1, 1), "{made:?}");
    // The authors themselves, and those of the documents.
    assert!(count("authors") <= 2, "{made:?}");
    assert!(made.len() <= 4, "{made:?}");
}

#[tokio::test]
async fn the_subgraph_is_served_to_callers_who_may_introspect() {
    let server = start().await;
    let query = "{ _service { sdl } }";
    assert_eq!(server.data(query, json!({})).await["_service"]["sdl"], subgraph_sdl());

    let key = Key::new("shop", &[Scope::Search]);
    for (introspection, by_key, without) in [
        (Introspection::Auto, None, Some("UNAUTHENTICATED")),
        (Introspection::Off, Some("FORBIDDEN"), Some("UNAUTHENTICATED")),
    ] {
        let limits = Limits { introspection, ..federated() };
        let server = Server::start_with(Setup { gate: gate(&[&key]), limits, ..Setup::default() }).await;
        for (authorization, expected) in [(Some(key.bearer()), by_key), (None, without)] {
            let mut request = server.post(&json!({ "query": query }));
            if let Some(authorization) = &authorization {
                request = request.header("authorization", authorization);
            }
            let answer = read(request.send().await.unwrap()).await;
            assert_eq!(answer["errors"].get(0).map(code), expected, "{answer}");
        }
    }
}

#[tokio::test]
async fn a_server_without_federation_has_none_of_its_names() {
    let server = Server::start().await;
    for query in ["{ _service { sdl } }", "{ _entities(representations: []) { __typename } }"] {
        let error = server.error(query, json!({})).await;
        assert_eq!(code(&error), "GRAPHQL_VALIDATION_FAILED", "{error}");
    }
    let introspection = "{ __schema { types { name } queryType { fields { name } } } }";
    let names = async |server: &Server| server.data(introspection, json!({})).await.to_string();
    let (plain, federated) = (names(&server).await, names(&start().await).await);
    for name in ["_entities", "_service", "_Any", "_Entity", "_Service"] {
        let name = format!("\"{name}\"");
        assert!(!plain.contains(&name), "{name}");
        assert!(federated.contains(&name), "{name}");
    }
}
