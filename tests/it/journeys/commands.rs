//! Settings, migrations, the schema, reindexing, and frequent mistakes.

use std::net::TcpListener;
use std::path::Path;
use std::process::Stdio;

use crate::support::folder::Folder;
use crate::support::messages::{BY_OFFSET, source};

#[tokio::test]
async fn unknown_settings_are_rejected_with_the_nearest_known_one() {
    let folder = Folder::new("listn = \"127.0.0.1:0\"\n[search]\nconcurency = 4");
    for command in [&["serve"][..], &["config"], &["crawl", "messages"], &["reindex"], &["migrate", "status"]]
    {
        let output = folder.fail(command).await;
        assert!(output.contains("unknown key `listn`; did you mean `listen`?"), "{command:?}: {output}");
        assert!(output.contains("`search.concurency`; did you mean `concurrency`?"), "{command:?}: {output}");
        assert!(output.contains("quarry.toml"), "{command:?}: {output}");
    }
    folder.configure("");
    let ended = folder.start_with(&["serve"], &[("QUARRY_DATADIR", "x")]).end().await;
    assert_eq!(ended.code, Some(1));
    assert!(ended.stderr.contains("QUARRY_DATADIR") && ended.stderr.contains("QUARRY_DATA_DIR"), "{ended:?}");
    assert!(!folder.path("data").exists(), "no files are created");
}

/// Some of the variables that Kubernetes adds to each pod beside a Service named quarry.
const SERVICE_LINKS: [(&str, &str); 3] = [
    ("QUARRY_PORT", "tcp://10.0.0.1:18000"),
    ("QUARRY_PORT_8000_TCP_ADDR", "10.0.0.1"),
    ("QUARRY_SERVICE_PORT_HTTP", "18000"),
];

#[tokio::test]
async fn foreign_variables_are_reported_and_ignored() {
    let folder = Folder::new("");
    for command in [&["config"][..], &["migrate", "up"]] {
        let ended = folder.start_with(command, &SERVICE_LINKS).end().await;
        assert_eq!(ended.code, Some(0), "{command:?}: {ended:?}");
        for (name, value) in SERVICE_LINKS {
            assert!(ended.stderr.contains(name) && !ended.stderr.contains(value), "{command:?}: {ended:?}");
            assert!(!ended.stdout.contains(name), "{command:?}: {ended:?}");
        }
    }
    let mut server = folder.start_with(&["serve", "--listen", "127.0.0.1:0"], &SERVICE_LINKS);
    let warning =
        server.line("a warning", |line| line.contains("QUARRY_PORT").then(|| line.to_owned())).await;
    assert!(
        warning.contains("WARN") && SERVICE_LINKS.iter().all(|(name, _)| warning.contains(name)),
        "{warning}"
    );
    assert!(!warning.contains("10.0.0.1"), "{warning}");
    server.line("its address", |line| line.contains("/graphql").then_some(())).await;
    server.terminate();
    assert_eq!(server.end().await.code, Some(0));
}

#[tokio::test]
async fn without_arguments_help_lists_the_demo_first() {
    let folder = Folder::new("");
    let help = folder.succeed(&[]).await;
    let commands = help.split_once("\nCommands:\n").map(|(_, commands)| commands.trim_start());
    assert!(commands.is_some_and(|commands| commands.starts_with("demo ")), "{help}");
    assert!(help.contains("\nUsage: quarry "), "{help}");
    assert!(!folder.path("data").exists(), "no files are created");
    // An incomplete command is an error, so that a script does not continue.
    for arguments in [&["migrate"][..], &["--log-level", "warn"]] {
        assert_eq!(folder.run(arguments).await.code, Some(2), "{arguments:?}");
    }
}

#[tokio::test]
async fn settings_are_shown_without_secrets_and_with_precedence() {
    let mut settings = source("http://ann:pa55word@127.0.0.1:9/items/", BY_OFFSET, "delay = \"1s\"");
    settings = settings
        .replace("[sources.fields]", "headers = { Authorization = \"Bearer ${TOKEN}\" }\n[sources.fields]");
    settings
        .insert_str(0, "data_dir = \"elsewhere\"\ndatabase_url = \"postgres://quarry:h1dden@db/quarry\"\n");
    let folder = Folder::new(&settings);
    let variables =
        [("TOKEN", "t0psecret"), ("QUARRY_LISTEN", "127.0.0.1:8111"), ("QUARRY_DATA_DIR", "by-variable")];
    let shown = folder.start_with(&["config", "--data-dir", "by-argument"], &variables).end().await;
    assert_eq!(shown.code, Some(0), "{shown:?}");
    for secret in ["pa55word", "t0psecret", "h1dden"] {
        assert!(!shown.stdout.contains(secret) && !shown.stderr.contains(secret), "{secret}: {shown:?}");
    }
    for line in
        ["listen = \"127.0.0.1:8111\"", "data_dir = \"by-argument\"", "delay = \"1s\"", "name = \"messages\""]
    {
        assert!(shown.stdout.contains(line), "{line}: {}", shown.stdout);
    }
    assert!(shown.stdout.contains("redacted"), "{}", shown.stdout);
}

#[tokio::test]
async fn migrations_are_applied_and_reverted() {
    let folder = Folder::new("");
    let marks = |text: &str, mark: &str| text.lines().filter(|line| line.starts_with(mark)).count();
    let first = folder.succeed(&["migrate", "up", "--steps", "1"]).await;
    assert_eq!(marks(&first, "applied"), 1, "{first}");
    folder.succeed(&["migrate", "down", "--yes"]).await;
    let status = folder.succeed(&["migrate", "status"]).await;
    let all = marks(&status, "pending");
    assert!(all > 0 && marks(&status, "applied") == 0, "{status}");
    for _ in 0..2 {
        let up = folder.succeed(&["migrate", "up"]).await;
        assert!(up.starts_with(&format!("{all} applied\n")), "{up}");
        let status = folder.succeed(&["migrate", "status"]).await;
        assert_eq!((marks(&status, "applied"), marks(&status, "pending")), (all, 0), "{status}");
        assert!(folder.succeed(&["migrate", "up"]).await.starts_with("0 applied"));
        let down = folder.succeed(&["migrate", "down", "--yes"]).await;
        assert_eq!((marks(&down, "applied"), marks(&down, "reverted  m")), (all - 1, 1), "{down}");
        let down = folder.succeed(&["migrate", "down", "--steps", "99", "--yes"]).await;
        assert_eq!((marks(&down, "reverted  m"), marks(&down, "pending")), (all - 1, 1), "{down}");
    }
    // A server applies pending migrations itself.
    let server = folder.serve().await;
    let stored = server.endpoint.index("notes", &[("1", "one")]).await;
    assert!(stored.errors.is_empty(), "{stored:?}");
    // Without its tables, a running server would stay ready.
    let refusal = folder.fail(&["migrate", "down", "--yes"]).await;
    assert!(
        refusal.contains("another quarry process uses") && refusal.contains("stop it first"),
        "{refusal}"
    );
    assert_eq!(marks(&folder.succeed(&["migrate", "status"]).await, "applied"), all);
    server.stop().await;
    folder.succeed(&["migrate", "down", "--yes"]).await;
}

#[test]
fn output_into_a_closed_pipe_is_no_failure() {
    for arguments in [&["schema"][..], &["config"], &["key", "new", "--scope", "search"]] {
        let folder = tempfile::tempdir().expect("a folder");
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_quarry"));
        command.args(arguments).current_dir(folder.path()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("quarry starts");
        drop(child.stdout.take());
        let output = child.wait_with_output().expect("quarry ends");
        assert!(output.status.success(), "{arguments:?}: {output:?}");
    }
}

#[tokio::test]
async fn reindexing_preserves_results_and_requires_a_stopped_server() {
    let folder = Folder::new("");
    let server = folder.serve().await;
    let stored =
        server.endpoint.index("notes", &[("1", "Green tea"), ("2", "Black tea"), ("3", "Coffee")]).await;
    let gone = "mutation($ids: [ID!]!) { deleteDocuments(input: { ids: $ids }) { deleted } }";
    let ids = serde_json::json!({ "ids": [stored.data["indexDocuments"]["documents"][0]["id"]] });
    server.endpoint.data(gone, ids).await;
    assert_eq!(server.endpoint.keys("tea").await, ["2"]);
    let before = server.endpoint.keys("").await;

    let refusal = folder.fail(&["reindex"]).await;
    assert!(refusal.contains("another quarry process uses") && refusal.contains("stop it"), "{refusal}");
    assert_eq!(server.endpoint.keys("").await, before, "the server is unaffected");
    let another = folder.fail(&["serve", "--listen", "127.0.0.1:0"]).await;
    assert!(another.contains("another quarry process uses"), "{another}");
    server.stop().await;

    assert!(folder.succeed(&["reindex"]).await.starts_with("indexed 2 documents"));
    let server = folder.serve().await;
    assert_eq!(server.endpoint.keys("").await, before);
    assert_eq!(server.endpoint.keys("tea").await, ["2"]);
    server.stop().await;
}

#[tokio::test]
async fn the_printed_schema_matches_the_committed_one() {
    let folder = Folder::new("");
    let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema.graphql");
    let committed = std::fs::read_to_string(committed).expect("it is committed");
    let printed = folder.succeed(&["schema"]).await;
    assert!(printed == committed, "run `cargo run -- schema > schema.graphql`");
    let subgraph = folder.succeed(&["schema", "--federation"]).await;
    assert!(subgraph == quarry::graphql::subgraph_sdl(), "the subgraph that the server serves");
    assert!(!folder.path("data").exists(), "it needs no database");
}

#[tokio::test]
async fn errors_state_the_remedy() {
    let occupied = TcpListener::bind("127.0.0.1:0").expect("a port");
    let occupied = occupied.local_addr().map(|address| (address.to_string(), occupied)).expect("an address");
    let folder = Folder::new("");
    for command in ["serve", "upstream", "demo"] {
        let output = folder.fail(&[command, "--listen", &occupied.0]).await;
        assert!(
            output.contains(&occupied.0) && output.contains("is in use") && output.contains("--listen"),
            "{output}"
        );
    }
    let output = folder.fail(&["demo", "--listen", "0.0.0.0:0"]).await;
    assert!(output.contains("--listen a loopback address") && !output.contains("INSECURE"), "{output}");

    let output = folder.fail(&["crawl", "nonsense"]).await;
    assert!(output.contains("no source is configured") && output.contains("[[sources]]"), "{output}");
    assert!(!output.contains("can be reached"), "nothing listens: {output}");

    folder.configure(&source("http://127.0.0.1:9/", BY_OFFSET, ""));
    let output = folder.fail(&["crawl", "nonsense"]).await;
    assert!(output.contains("\"nonsense\"") && output.contains("configured are messages"), "{output}");

    folder.configure("listen = \"0.0.0.0:0\"");
    let output = folder.fail(&["serve"]).await;
    assert!(output.contains("insecure_listen") || output.contains("loopback"), "{output}");

    folder.configure("database_url = \"postgres://quarry:s3cret@127.0.0.1:1/none\"");
    let output = folder.fail(&["serve", "--listen", "127.0.0.1:0"]).await;
    assert!(output.contains("cannot open the database") && !output.contains("s3cret"), "{output}");
    assert!(output.contains("127.0.0.1:1: the connection was refused"), "{output}");
}

#[tokio::test]
async fn errors_contain_absolute_paths() {
    let folder = Folder::new("[persisted]\ndocuments = \"hashes.json\"");
    let output = folder.fail(&["serve", "--listen", "127.0.0.1:0"]).await;
    assert!(output.contains(&folder.path("hashes.json").display().to_string()), "{output}");
    folder.configure("data_dir = \"taken/data\"\ndatabase_url = \"sqlite://quarry.db\"");
    std::fs::write(folder.path("taken"), "a file").expect("can be written");
    let output = folder.fail(&["serve", "--listen", "127.0.0.1:0"]).await;
    assert!(output.contains(&folder.path("taken/data").display().to_string()), "{output}");
}

#[tokio::test]
async fn settings_may_precede_the_command() {
    let folder = Folder::new("");
    std::fs::write(folder.path("other.toml"), "[limits]\nbatch = 7").unwrap();
    for arguments in [&["--config", "other.toml", "config"][..], &["config", "--config", "other.toml"]] {
        assert!(folder.succeed(arguments).await.contains("batch = 7"), "{arguments:?}");
    }
    // An option after the command takes precedence.
    let both = folder.succeed(&["--config", "other.toml", "config", "--config", "quarry.toml"]).await;
    assert!(both.contains("batch = 10"), "{both}");
    let migrated = folder.succeed(&["--data-dir", "elsewhere", "migrate", "up"]).await;
    assert!(migrated.contains("applied") && folder.path("elsewhere").exists(), "{migrated}");
    let output = folder.fail(&["--config", "other.toml", "schema"]).await;
    assert!(output.contains("does not read settings"), "{output}");
}

#[tokio::test]
async fn commands_accept_only_settings_that_they_read() {
    let folder = Folder::new("");
    let settings = ["--config", "--data-dir", "--database-url", "--log-level", "--allow-new-database"];
    let (all, none) = (&settings[..], &[][..]);
    for (command, read) in [
        (&["serve"][..], all),
        (&["crawl"], all),
        (&["try"], all),
        (&["sources", "list"], all),
        (&["sources", "purge"], all),
        (&["reindex"], all),
        (&["migrate", "up"], all),
        (&["config"], all),
        (&["seed"], all),
        (&["demo"], &["--data-dir", "--log-level"]),
        (&["schema"], none),
        (&["upstream"], none),
        (&["type"], none),
        (&["key", "new"], none),
    ] {
        let help = folder.succeed(&[command, &["--help"]].concat()).await;
        let heading = help.split_once("\nSettings:\n").map(|(_, below)| below);
        assert_eq!(heading.is_some(), !read.is_empty(), "{command:?}: {help}");
        for flag in settings {
            let is_read = read.contains(&flag);
            assert_eq!(heading.is_some_and(|below| below.contains(flag)), is_read, "{command:?}: {help}");
            if !is_read {
                let ended = folder.run(&[command, &[flag, "x"]].concat()).await;
                assert_eq!(ended.code, Some(2), "{command:?}: {ended:?}");
                assert!(ended.stderr.contains("unexpected argument"), "{command:?}: {ended:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_closed_standard_error_changes_no_exit_code() {
    let folder = Folder::new(&source("http://127.0.0.1:9/items/", BY_OFFSET, ""));
    for arguments in
        [&["crawl", "nosuch"][..], &["serve", "--config", "nosuch.toml"], &["export", "searches"]]
    {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_quarry"));
        command.args(arguments).current_dir(folder.path("")).env_clear().stdin(Stdio::null());
        let status = command.stdout(Stdio::null()).stderr(writer).status().await.expect("a status");
        assert_eq!(status.code(), Some(1), "{arguments:?}");
    }
}

#[tokio::test]
async fn reading_commands_create_no_database() {
    let folder = Folder::new("");
    for arguments in [&["export", "searches"][..], &["export", "interactions"], &["rules", "export"]] {
        let output = folder.fail(arguments).await;
        let expected = format!("there is no database at {}", folder.path("data/quarry.db").display());
        assert!(output.contains(&expected), "{arguments:?}: {output}");
        assert!(!folder.path("data/quarry.db").exists(), "{arguments:?}");
    }
}

#[tokio::test]
async fn settings_in_utf_16_are_refused_with_the_remedy() {
    let folder = Folder::new("");
    let utf_16: Vec<u8> = "\u{feff}# Sources\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    std::fs::write(folder.path("quarry.toml"), utf_16).expect("can be written");
    let output = folder.fail(&["config"]).await;
    assert!(output.contains("quarry.toml: is not UTF-8: save it as UTF-8"), "{output}");
}
