//! Which index folders there are, which of them serves and which is being built.
//!
//! A folder's name says what is in it: `<fingerprint>-<number>`. The fingerprint covers the
//! fields and the analysis; an index of another fingerprint must be built anew.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tracing::warn;
use uuid::Uuid;

use super::failure::{cause, is_locked, is_of_system};
use super::generation::{Generation, WriterOptions};
use super::schema::SCHEMA_VERSION;
use super::{OpenError, TantivyOptions};
use crate::analysis::ANALYSIS_VERSION;
use quarry_config::Language;

/// An index that serves, and one that is being built if that is another.
type Opened = (Arc<Generation>, Option<Arc<Generation>>);

pub(super) struct Folders {
    root: PathBuf,
    fingerprint: String,
    /// The number of the next folder.
    next: u64,
}

/// A folder and what its name says.
struct Named {
    path: PathBuf,
    fingerprint: String,
    number: u64,
}

impl Folders {
    pub(super) fn new(options: &TantivyOptions) -> Self {
        // A new source with the default language changes nothing for the documents there are.
        let special = options.languages.iter().filter(|(_, language)| **language != Language::default());
        let languages: Vec<String> =
            special.map(|(source, language)| format!("{source}\0{language:?}")).collect();
        let digest = Uuid::new_v5(&Uuid::NAMESPACE_OID, languages.join("\0\0").as_bytes());
        let digest = digest.simple().to_string();
        let fingerprint = format!("v{SCHEMA_VERSION}.{ANALYSIS_VERSION}.{}", &digest[..8]);
        Self { root: options.folder.clone(), fingerprint, next: 0 }
    }

    /// Opens what is there; what cannot be used is removed, what is missing is made.
    pub(super) fn open(&mut self, options: WriterOptions, anew: bool) -> Result<Opened, OpenError> {
        std::fs::create_dir_all(&self.root).map_err(|error| self.unusable(&error))?;
        let mut named = self.named()?;
        self.next = named.iter().map(|folder| folder.number + 1).max().unwrap_or(0);
        // Newest first, those of the present fingerprint before all others.
        named.sort_by_key(|folder| (folder.fingerprint != self.fingerprint, u64::MAX - folder.number));
        let mut serving: Option<(Arc<Generation>, bool)> = None;
        let mut building: Option<Arc<Generation>> = None;
        for folder in named {
            let current = folder.fingerprint == self.fingerprint;
            if serving.is_some() && (building.is_some() || !current) {
                remove(&folder.path);
                continue;
            }
            let Some((generation, complete)) = self.usable(&folder.path, options)? else {
                remove(&folder.path);
                continue;
            };
            let generation = Arc::new(generation);
            if complete && serving.is_none() {
                serving = Some((generation, current));
            } else if current && building.is_none() && serving.is_none() && !anew {
                building = Some(generation);
            } else {
                self.retire(generation);
            }
        }
        Ok(match serving {
            Some((serving, true)) if !anew => {
                // An index of the present fingerprint that is complete needs no other beside it.
                if let Some(started) = building {
                    self.retire(started);
                }
                (serving, None)
            }
            Some((serving, _)) => {
                let building = match building {
                    Some(started) => started,
                    None => self.fresh(options)?,
                };
                (serving, Some(building))
            }
            None => match building {
                Some(started) => (started, None),
                None => (self.fresh(options)?, None),
            },
        })
    }

    /// Makes a new, empty index.
    pub(super) fn fresh(&mut self, options: WriterOptions) -> Result<Arc<Generation>, OpenError> {
        let path = self.root.join(format!("{}-{}", self.fingerprint, self.next));
        self.next += 1;
        match Generation::open(&path, options) {
            Ok(generation) => Ok(Arc::new(generation)),
            Err(error) if is_locked(&error) => Err(OpenError::InUse(self.root.clone())),
            Err(error) => Err(self.unusable(&cause(&error))),
        }
    }

    /// Removes the folder of an index that no longer serves. Searches under way keep its files
    /// open until they end.
    pub(super) fn retire(&self, generation: Arc<Generation>) {
        let path = generation.folder.clone();
        drop(generation);
        remove(&path);
    }

    /// Opens an index if it can be: with whether it was ever complete.
    fn usable(&self, path: &Path, options: WriterOptions) -> Result<Option<(Generation, bool)>, OpenError> {
        let opened = Generation::open(path, options).and_then(|generation| {
            let damaged = generation.damaged_files()?;
            Ok((damaged, generation.watermark()?, generation))
        });
        match opened {
            Ok((0, watermark, generation)) => {
                Ok(Some((generation, watermark.is_some_and(|watermark| watermark.complete))))
            }
            Ok((damaged, _, _)) => {
                warn!(index.files.damaged = damaged, "index is damaged, rebuilding it from the store");
                Ok(None)
            }
            Err(error) if is_locked(&error) => Err(OpenError::InUse(self.root.clone())),
            // The index may be sound: it stays as it is until the system lets it be read.
            Err(error) if is_of_system(&error) => Err(self.unusable(&cause(&error))),
            Err(error) => {
                warn!(%error, "index cannot be opened, rebuilding it from the store");
                Ok(None)
            }
        }
    }

    fn named(&self) -> Result<Vec<Named>, OpenError> {
        let entries = std::fs::read_dir(&self.root).map_err(|error| self.unusable(&error))?;
        let mut named = Vec::new();
        for entry in entries {
            let path = entry.map_err(|error| self.unusable(&error))?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            // What is not named like an index is not ours to touch.
            let Some((fingerprint, number)) = name.rsplit_once('-') else { continue };
            let Ok(number) = number.parse() else { continue };
            if fingerprint.starts_with('v') && path.is_dir() {
                named.push(Named { fingerprint: fingerprint.to_owned(), number, path });
            }
        }
        Ok(named)
    }

    fn unusable(&self, cause: &dyn std::fmt::Display) -> OpenError {
        OpenError::Folder { folder: self.root.clone(), cause: cause.to_string() }
    }
}

fn remove(path: &Path) {
    if let Err(error) = std::fs::remove_dir_all(path) {
        warn!(%error, "an old index folder could not be removed");
    }
}
