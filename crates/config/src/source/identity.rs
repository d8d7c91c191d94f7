//! The identity of a source's requests.

use super::SourceConfig;

impl SourceConfig {
    /// The settings that define the requests, as text that is equal for equal requests.
    ///
    /// Variables stand by their names, so that a crawl survives new credentials. A literal secret is part of
    /// it: store its digest only.
    pub fn request_identity(&self) -> String {
        let names = |pairs: &[(String, super::Secret)]| {
            pairs.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>()
        };
        let body = self.body.as_ref().map(|body| body.template());
        // Absent for other sources, so that their running crawls fit after an update.
        let parent = self.parent.as_ref().map(|parent| {
            let placeholders = self.placeholders();
            format!(
                " {parent} {:?}",
                placeholders.iter().map(|placeholder| placeholder.as_str()).collect::<Vec<_>>()
            )
        });
        let request = format!(
            "{:?}",
            (
                self.url.template(),
                self.method,
                body,
                names(&self.params),
                names(&self.headers),
                &self.pagination,
                &self.total,
                &self.pages,
            )
        );
        request + &parent.unwrap_or_default()
    }
}
