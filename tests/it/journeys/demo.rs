//! `quarry demo` and its example queries.

use std::fs;

use quarry::http::EXAMPLE_QUERIES;
use serde_json::Value;

use crate::documentation;
use crate::support::folder::Folder;
use crate::support::server::{Endpoint, address_of};

#[tokio::test]
async fn the_demo_becomes_ready_and_its_queries_have_results() {
    let folder = Folder::new("");
    let mut demo = folder.start(&["demo", "--listen", "127.0.0.1:0"]);
    demo.line("readiness", |line| line.starts_with("Ready after").then_some(())).await;
    let address =
        demo.line("its address", |line| address_of(line).filter(|_| line.contains("GraphQL"))).await;
    demo.line("its last line", |line| line.starts_with("Ctrl-C").then_some(())).await;
    let endpoint = Endpoint::new(address);
    assert_eq!(endpoint.status("/graphiql").await, Some(200));

    let output = demo.stdout();
    let queries: Vec<&str> = output.lines().map(str::trim).filter(|line| line.starts_with('{')).collect();
    assert_eq!(queries.len(), 3, "{output}");
    let mut answers = Vec::new();
    for query in queries {
        answers.push(endpoint.data(query, Value::Null).await);
    }
    for search in &answers[..2] {
        assert!(search["search"]["totalCount"].as_u64() > Some(2), "{search}");
        assert_eq!(search["search"]["relaxed"], false, "{search}");
    }
    let hit = &answers[0]["search"]["edges"][0];
    assert!(hit["highlights"][0]["html"].as_str().is_some_and(|html| html.contains("<mark>")), "{hit}");
    assert!(hit["node"]["author"]["documentCount"].as_u64() > Some(0), "{hit}");
    assert!(answers[1]["search"]["facets"][0]["buckets"][0]["count"].as_u64() > Some(0), "{}", answers[1]);
    for source in answers[2]["sources"].as_array().expect("sources") {
        assert_eq!(source["lastCrawl"]["state"], "COMPLETED", "{source}");
        let attempts = source["lastCrawl"]["attempts"].as_u64();
        assert!(attempts >= source["lastCrawl"]["pagesFetched"].as_u64(), "{source}");
        assert!(source["documentCount"].as_u64() >= Some(500), "{source}");
    }
    let answer: Value =
        serde_json::from_str(documentation::block("json")).expect("the README's answer is JSON");
    assert_eq!(endpoint.data(documentation::block("graphql"), Value::Null).await, answer["data"]);
    for example in EXAMPLE_QUERIES.iter().filter(|example| example.query.contains("query Search")) {
        let data = endpoint.data(example.query, Value::Null).await;
        assert_eq!(data["search"]["relaxed"], false, "{data}");
    }
    // Another demo would empty the folder of this one.
    let output = folder.fail(&["demo", "--listen", "127.0.0.1:0"]).await;
    assert!(output.contains("choose another --data-dir: another quarry process uses"), "{output}");
    assert_eq!(endpoint.data(documentation::block("graphql"), Value::Null).await, answer["data"]);
    assert_eq!(demo.stderr().matches("ERROR").count(), 0, "{}", demo.stderr());
    demo.terminate();
    assert_eq!(demo.end().await.code, Some(0));
}

#[tokio::test]
async fn the_demo_allows_given_origins_and_reports_unused_settings() {
    const PAGE: &str = "http://localhost:5173";
    let folder = Folder::new("[server]\ngraphiql = \"off\"\n");
    let arguments =
        |flags: &[&'static str]| [&["demo", "--listen", "127.0.0.1:0", "--faults", "none"], flags].concat();
    let variable = ("QUARRY_SERVER__ALLOWED_ORIGINS", PAGE);
    for (flags, variables) in [(&["--allow-origin", PAGE][..], &[][..]), (&[], &[variable])] {
        let ignored = ("QUARRY_DATABASE_URL", "postgres://nowhere/kept");
        let variables: Vec<_> = variables.iter().copied().chain([ignored]).collect();
        let mut demo = folder.start_with(&arguments(flags), &variables);
        let address =
            demo.line("its address", |line| address_of(line).filter(|_| line.contains("GraphQL"))).await;
        let request = crate::support::server::client()
            .request("OPTIONS".parse().unwrap(), format!("http://{address}/graphql"))
            .header("origin", PAGE)
            .header("access-control-request-method", "POST");
        let allowed = request.send().await.unwrap();
        assert_eq!(allowed.headers()["access-control-allow-origin"], PAGE, "{flags:?}");
        demo.terminate();
        let ended = demo.end().await;
        assert_eq!(ended.code, Some(0));
        let output = ended.stderr;
        assert!(
            output.contains("does not read QUARRY_DATABASE_URL") && output.contains("quarry.toml"),
            "{output}"
        );
        assert!(!output.contains("ALLOWED_ORIGINS") && !output.contains("nowhere"), "{output}");
    }
    let refused = folder.fail(&arguments(&["--allow-origin", "localhost:5173"])).await;
    assert!(refused.contains("server.allowed_origins") && refused.contains("localhost:5173"), "{refused}");
    assert!(refused.contains("error: --allow-origin: "), "{refused}");
}

#[tokio::test]
async fn the_demo_deletes_no_files_but_its_own() {
    const DEMO: [&str; 5] = ["demo", "--listen", "127.0.0.1:0", "--faults", "none"];
    for (file, problem) in [
        ("data/demo/thesis.docx", "thesis.docx: move it elsewhere"),
        ("data/demo/quarry.db.backup", "quarry.db.backup: move it elsewhere"),
        ("data/demo/index/thesis.docx", "may hold the data of a server: choose another --data-dir"),
        ("data/demo/quarry.db", "may hold the data of a server: choose another --data-dir"),
    ] {
        let folder = Folder::new("");
        write(&folder, file);
        let refused = folder.fail(&DEMO).await;
        assert!(refused.contains(problem), "{refused}");
        assert_eq!(fs::read_to_string(folder.path(file)).expect("still there"), "mine", "{file}");
    }

    let folder = Folder::new("");
    fs::create_dir_all(folder.path("data/demo")).expect("can be created");
    let run = async || {
        let mut demo = folder.start(&DEMO);
        demo.line("readiness", |line| line.starts_with("Ready after").then_some(())).await;
        demo.terminate();
        assert_eq!(demo.end().await.code, Some(0));
    };
    run().await;
    write(&folder, "data/demo/keystrokes/left");
    run().await;
    assert!(!folder.path("data/demo/keystrokes/left").exists(), "the data of the first demo is gone");
    // Demos of earlier versions wrote no marker.
    fs::remove_file(folder.path("data/demo/demo.txt")).expect("the marker");
    run().await;
    write(&folder, "data/demo/thesis.docx");
    let refused = folder.fail(&DEMO).await;
    assert!(refused.contains("thesis.docx: move it elsewhere"), "{refused}");
    assert!(folder.path("data/demo/thesis.docx").exists() && folder.path("data/demo/quarry.db").exists());
}

fn write(folder: &Folder, file: &str) {
    let path = folder.path(file);
    fs::create_dir_all(path.parent().expect("a folder")).expect("can be created");
    fs::write(path, "mine").expect("can be written");
}
