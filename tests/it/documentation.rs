//! Documentation that matches the code: settings, commands, examples and links. The demo's journey
//! compares the README's answer.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use quarry::config::{Settings, reference};

/// A Markdown page of the repository.
struct Page {
    path: PathBuf,
    text: String,
}

static PAGES: LazyLock<Vec<Page>> = LazyLock::new(|| {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = Vec::new();
    for folder in [root.to_owned(), root.join("docs"), root.join("docs/decisions")] {
        let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        paths.extend(entries.map(|entry| entry.expect("an entry").path()));
    }
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    paths.sort();
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Page { path, text }
    };
    paths.into_iter().map(read).collect()
});

fn page(name: &str) -> &'static str {
    let page = PAGES.iter().find(|page| page.path.ends_with(name));
    &page.unwrap_or_else(|| panic!("there is no {name}")).text
}

/// The first code block of a language in the README.
pub(crate) fn block(language: &str) -> &'static str {
    let blocks = blocks(page("README.md"), language);
    blocks.first().unwrap_or_else(|| panic!("the README has no block of {language}"))
}

fn blocks<'a>(text: &'a str, language: &str) -> Vec<&'a str> {
    let begin = format!("```{language}\n");
    text.split(&begin).skip(1).filter_map(|rest| rest.split("```").next()).collect()
}

#[test]
fn the_readme_stays_short() {
    let lines = page("README.md").lines().count();
    assert!(lines <= 150, "the README has {lines} lines; details belong in docs/");
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
    let written = page("docs/configuration.md")
        .split_once("<!-- settings -->\n")
        .and_then(|(_, rest)| rest.split_once("<!-- /settings -->"))
        .map(|(table, _)| table);
    assert!(
        written == Some(&*table),
        "the table in docs/configuration.md is stale; replace it with:\n\n{table}"
    );
}

#[test]
fn all_examples_of_settings_are_valid() {
    let sources = blocks(page("docs/sources.md"), "toml");
    let settings = Settings::from_toml(sources[0]).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(settings.sources.crawled.len(), 1);
    for Page { path, text } in PAGES.iter() {
        for example in blocks(text, "toml") {
            Settings::from_toml(example)
                .unwrap_or_else(|error| panic!("{}: {error}\n{example}", path.display()));
        }
    }
}

#[test]
fn every_setting_that_is_named_exists() {
    let keys: HashSet<String> = reference().into_iter().map(|line| line.key).collect();
    let sections: HashSet<&str> =
        keys.iter().filter_map(|key| key.split_once('.')).map(|(name, _)| name).collect();
    let mut count = 0;
    for Page { path, text } in PAGES.iter() {
        for span in text.split('`').skip(1).step_by(2) {
            let word = |part: &str| part.chars().all(|letter| letter.is_ascii_lowercase() || letter == '_');
            if let Some((section, name)) = span.split_once('.')
                && sections.contains(section)
                && name.split('.').all(word)
            {
                assert!(keys.contains(span), "{}: there is no setting `{span}`", path.display());
                count += 1;
            }
        }
    }
    assert!(count > 100, "{count} names were found");
}

#[test]
fn the_example_of_a_client_is_the_one_that_is_tested() {
    let tested = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients/apollo-client.js"));
    assert_eq!(blocks(page("docs/clients.md"), "js"), [tested]);
}

#[test]
fn links_lead_to_files_and_headings() {
    let mut count = 0;
    for Page { path, text } in PAGES.iter() {
        let folder = path.parent().expect("a page lies in a folder");
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if target.contains("://") {
                continue;
            }
            let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
            let linked = if file.is_empty() { path.clone() } else { folder.join(file) };
            assert!(linked.exists(), "{}: {target} does not exist", path.display());
            if !anchor.is_empty() {
                let text = fs::read_to_string(&linked).expect("a page");
                assert!(anchors(&text).contains(anchor), "{}: no heading for {target}", path.display());
            }
            count += 1;
        }
    }
    assert!(count > 50, "{count} links were found");
}

/// The anchors that code hosts derive from headings.
fn anchors(text: &str) -> HashSet<String> {
    let headings = text.lines().filter_map(|line| line.strip_prefix('#'));
    headings
        .map(|heading| {
            let heading = heading.trim_start_matches('#').trim().to_lowercase().replace(' ', "-");
            heading.chars().filter(|letter| letter.is_alphanumeric() || matches!(letter, '-' | '_')).collect()
        })
        .collect()
}

#[test]
fn every_command_that_is_named_exists() {
    let commands = commands();
    for name in [
        "demo", "serve", "crawl", "try", "sources", "reindex", "migrate", "key", "schema", "config", "seed",
        "type", "upstream",
    ] {
        assert!(commands.iter().any(|words| words[0] == name), "the documentation does not show {name}");
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
fn commands() -> HashSet<Vec<&'static str>> {
    let mut texts = Vec::new();
    for page in PAGES.iter() {
        let mut is_block = false;
        for part in page.text.split("```") {
            if is_block {
                texts.extend(part.lines());
            } else {
                texts.extend(part.split('`').skip(1).step_by(2));
            }
            is_block = !is_block;
        }
    }
    texts.into_iter().filter_map(command).collect()
}

/// The words of a command after `quarry`, without the comment behind it.
fn command(text: &str) -> Option<Vec<&str>> {
    let rest = text.strip_prefix("cargo run --release -- ").or_else(|| text.strip_prefix("quarry "))?;
    let rest = rest.split_once(" #").map_or(rest, |(command, _)| command);
    Some(rest.split_whitespace().map(|word| word.trim_matches(['[', ']'])).collect())
}
