//! The page of a scrape, in Prometheus's text format.

use std::fmt;

use prometheus_client::encoding::text::encode_registry;
use prometheus_client::registry::Registry;

/// The media type of the page.
pub(super) const MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Encodes registries as a page.
pub(super) fn encode(registries: &[Registry]) -> Result<String, fmt::Error> {
    let mut text = String::with_capacity(64 << 10);
    registries.iter().try_for_each(|registry| encode_registry(&mut text, registry))?;
    Ok(name_counters(&text))
}

/// Names counters in comments as their samples are named.
///
/// The crate writes OpenMetrics, whose comments lack the `_total` of a counter. Every scraper reads the
/// older format, where a sample without a comment of its own name has no type.
fn name_counters(openmetrics: &str) -> String {
    let mut text = String::with_capacity(openmetrics.len() + (1 << 10));
    let mut lines = openmetrics.lines().peekable();
    while let Some(line) = lines.next() {
        let comment =
            line.strip_prefix("# HELP ").zip(lines.peek().and_then(|next| next.strip_prefix("# TYPE ")));
        if let Some((help, kind)) = comment
            && let Some((name, help)) = help.split_once(' ')
            && kind.strip_prefix(name) == Some(" counter")
        {
            text.push_str(&format!("# HELP {name}_total {help}\n# TYPE {name}_total counter\n"));
            lines.next();
        } else {
            text.push_str(line);
            text.push('\n');
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use prometheus_client::metrics::counter::ConstCounter;
    use prometheus_client::metrics::gauge::ConstGauge;

    #[test]
    fn comments_name_counters_as_their_samples() {
        let mut registry = Registry::with_prefix("quarry");
        registry.register("calls", "Calls", ConstCounter::new(2_u64));
        registry.register("up", "1 while it is a counter", ConstGauge::new(1_u64));
        assert_eq!(
            encode(&[registry]).unwrap(),
            "# HELP quarry_calls_total Calls.\n# TYPE quarry_calls_total counter\nquarry_calls_total 2\n\
             # HELP quarry_up 1 while it is a counter.\n# TYPE quarry_up gauge\nquarry_up 1\n"
        );
    }
}
