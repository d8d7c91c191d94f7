//! Defaults: limits and the command line's help take them from the declarations of settings.

use std::time::Duration;

use quarry::config::{LanguageSetting, Settings};
use quarry::graphql::{Limits, TimeLimits};
use quarry::http::HttpLimits;
use quarry::keystroke::BufferLimits;

use super::{SOURCE, load};
use crate::support::folder::Folder;

#[test]
fn limits_of_libraries_default_to_the_settings() {
    let buffer = BufferLimits::default();
    assert_eq!((buffer.keystrokes, buffer.bytes, buffer.flood_keystrokes), (1_000_000, 128 << 20, 1_000));
    assert_eq!((buffer.window, buffer.lease), (Duration::from_secs(5), Duration::from_secs(10)));
    let settings = Settings::default();
    assert_eq!(settings.to_toml_redacted(), load("", &[]).unwrap().to_toml_redacted());
    assert_eq!(TimeLimits::default().query, settings.server.request_timeout);
    assert_eq!(Limits::default().cost, settings.limits.cost);
    assert_eq!(HttpLimits::default().bodies_bytes, settings.limits.bodies_mb << 20);
    assert_eq!(HttpLimits::default().response_bytes, settings.limits.response_bytes);
    assert_eq!(Limits::default().response_bytes, settings.limits.response_bytes);
    assert_eq!(Limits::default().responses_bytes, settings.limits.responses_mb << 20);
}

#[test]
fn settings_reach_the_limits_of_libraries() {
    let settings = Settings::from_toml(
        "[keystrokes]\nwindow = \"7s\"\nmax_buffered = 71\nmax_buffered_mb = 75\nflood_limit = 72\n[server]\nrequest_timeout = \"73s\"\n\
         [limits]\nmutation_time = \"3s\"\nquantity = 76\n[suggest]\nmin_sessions = 74\nblocklist = [\"darn\"]",
    )
    .unwrap();
    let buffer = BufferLimits::of(&settings.keystrokes);
    assert_eq!((buffer.window.as_secs(), buffer.keystrokes, buffer.flood_keystrokes), (7, 71, 72));
    assert_eq!(buffer.bytes, 75 << 20);
    let times = TimeLimits::of(&settings);
    assert_eq!((times.query.as_secs(), times.mutation.as_secs()), (73, 3));
    assert_eq!(times.index_timeout(), Duration::from_millis(1_500));
    assert_eq!(TimeLimits::default().index_timeout(), Duration::from_secs(10));
    assert_eq!(Limits::of(&settings).quantity, 76);
    assert_eq!((settings.suggest.min_sessions, settings.suggest.blocklist), (74, vec!["darn".to_owned()]));
}

#[test]
fn documents_without_a_source_have_the_default_language_of_sources() {
    assert_eq!(load(SOURCE, &[]).unwrap().sources.crawled[0].language, LanguageSetting::default());
}

#[tokio::test]
async fn the_help_states_the_defaults_of_the_settings() {
    let folder = Folder::new("");
    let settings = Settings::default();
    let window = humantime::format_duration(settings.keystrokes.window);
    for (command, default) in [
        ("serve", format!("The address to serve on [default: {}]", settings.listen)),
        ("type", format!("a pause of this length ends a search [default: {window}]")),
    ] {
        let help = folder.succeed(&[command, "--help"]).await;
        let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(help.contains(&default), "{default}: {help}");
    }
}
