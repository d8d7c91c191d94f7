//! The README says what is so: its settings, its commands and its example are checked here, its
//! answer in the demo's journey.

use std::process::Command;

use quarry::config::{Settings, reference};

const README: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md"));

/// The first code block of a language.
pub(crate) fn block(language: &str) -> &'static str {
    between(&format!("```{language}\n"), "```")
}

fn between(begin: &str, end: &str) -> &'static str {
    let (_, rest) = README.split_once(begin).unwrap_or_else(|| panic!("the README has no {begin:?}"));
    rest.split_once(end).unwrap_or_else(|| panic!("the README has no {end:?} after {begin:?}")).0
}

#[test]
fn the_settings_are_those_of_the_code() {
    let mut table = String::from("| Setting | Variable | Default | Meaning |\n|---|---|---|---|\n");
    for line in reference() {
        let variable = line.variable.map(|name| format!("`{name}`")).unwrap_or_default();
        table += &format!(
            "| `{}` | {variable} | {} | {} |\n",
            line.key,
            line.default.replace('<', "\\<"),
            line.meaning
        );
    }
    let written = between("<!-- settings -->\n", "<!-- /settings -->");
    assert!(written == table, "the table of settings is stale; paste this one:\n\n{table}");
}

#[test]
fn the_example_of_a_source_is_valid() {
    let settings = Settings::from_toml(block("toml")).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(settings.sources.len(), 1);
}

#[test]
fn all_examples_of_settings_are_valid() {
    let examples: Vec<&str> =
        README.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(examples.len() > 1, "{examples:?}");
    for example in examples {
        Settings::from_toml(example).unwrap_or_else(|error| panic!("{error}\n{example}"));
    }
}

#[test]
fn the_example_of_a_client_is_the_one_that_is_tested() {
    let tested = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients/apollo-client.js"));
    assert_eq!(block("js"), tested);
}

#[test]
fn every_command_that_is_named_exists() {
    let commands = commands();
    for name in [
        "demo", "serve", "crawl", "reindex", "migrate", "key", "schema", "config", "seed", "type", "upstream",
    ] {
        assert!(commands.iter().any(|words| words[0] == name), "the README does not show {name}");
    }
    for words in commands {
        let is_flag = |word: &&&str| word.starts_with("--");
        // What follows the first flag are flags and their values.
        let path = words.iter().take_while(|word| !is_flag(word)).chain([&"--help"]);
        let output = Command::new(env!("CARGO_BIN_EXE_quarry")).args(path).output().expect("it runs");
        let help = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        for flag in words.iter().filter(is_flag) {
            assert!(help.contains(flag), "{words:?}: there is no {flag}");
        }
    }
}

/// The words of each command: of code spans, and of the lines of code blocks.
fn commands() -> Vec<Vec<&'static str>> {
    let (mut texts, mut is_block) = (Vec::new(), false);
    for part in README.split("```") {
        if is_block {
            texts.extend(part.lines());
        } else {
            texts.extend(part.split('`').skip(1).step_by(2));
        }
        is_block = !is_block;
    }
    texts.into_iter().filter_map(command).collect()
}

/// The words of a command after `quarry`, without the comment behind it.
fn command(text: &str) -> Option<Vec<&str>> {
    let rest = text.strip_prefix("cargo run --release -- ").or_else(|| text.strip_prefix("quarry "))?;
    let rest = rest.split_once(" #").map_or(rest, |(command, _)| command);
    Some(rest.split_whitespace().map(|word| word.trim_matches(['[', ']'])).collect())
}
