//! The index folders: selects the one that serves and the one that is being built.
//!
//! A folder is named `<fingerprint>-<number>`. The fingerprint covers the fields, the analysis, the declared
//! attributes, and which fields have a weight; an index with another fingerprint must be rebuilt. Weights
//! themselves are applied to the present index.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tracing::warn;

use super::failure::{cause, is_locked, is_system_error};
use super::generation::{Generation, WriterOptions};
use super::indexed_sources::digest_of;
use super::schema::SCHEMA_VERSION;
use super::{OpenError, TantivyOptions};
use crate::analysis::ANALYSIS_VERSION;
use crate::attributes::Attributes;
use crate::field_weights::FieldWeights;

/// The serving index, and the index being built if that is another.
type OpenedIndexes = (Arc<Generation>, Option<Arc<Generation>>);

/// The folder of all indexes.
pub(super) struct IndexFolders {
    root: PathBuf,
    /// Those of a new index.
    attributes: Arc<Attributes>,
    weights: FieldWeights,
    fingerprint: String,
    /// The number of the next folder.
    next: u64,
}

/// A folder with the parts of its name.
struct IndexFolder {
    path: PathBuf,
    fingerprint: String,
    number: u64,
}

impl IndexFolders {
    pub(super) fn new(options: &TantivyOptions) -> Self {
        let digest = digest_of(&options.languages, &options.attributes, &options.weights);
        let fingerprint = format!("v{SCHEMA_VERSION}.{ANALYSIS_VERSION}.{digest}");
        let (attributes, weights) = (options.attributes.clone(), options.weights.clone());
        Self { root: options.folder.clone(), attributes, weights, fingerprint, next: 0 }
    }

    /// Opens the usable indexes, removes the others, and creates a missing one.
    pub(super) fn open(&mut self, options: WriterOptions, rebuild: bool) -> Result<OpenedIndexes, OpenError> {
        std::fs::create_dir_all(&self.root).map_err(|error| self.unusable(&error))?;
        let mut folders = self.list()?;
        self.next = folders.iter().map(|folder| folder.number + 1).max().unwrap_or(0);
        // Those with the present fingerprint first, then newest first.
        folders.sort_by_key(|folder| (folder.fingerprint != self.fingerprint, u64::MAX - folder.number));
        let mut serving: Option<(Arc<Generation>, bool)> = None;
        let mut building: Option<Arc<Generation>> = None;
        for folder in folders {
            let current = folder.fingerprint == self.fingerprint;
            if serving.is_some() && (building.is_some() || !current) {
                remove(&folder.path);
                continue;
            }
            let Some((generation, complete)) = self.try_open(&folder.path, options)? else {
                remove(&folder.path);
                continue;
            };
            let generation = Arc::new(generation);
            if complete && serving.is_none() {
                serving = Some((generation, current));
            } else if current && building.is_none() && serving.is_none() && !rebuild {
                building = Some(generation);
            } else {
                self.retire(generation);
            }
        }
        if let Some((serving, true)) = &serving
            && !rebuild
        {
            // A complete index with the present fingerprint makes the other superfluous.
            if let Some(building) = building {
                self.retire(building);
            }
            return Ok((serving.clone(), None));
        }
        let building = match building {
            Some(building) => building,
            None => self.create(options)?,
        };
        Ok(match serving {
            Some((serving, _)) => (serving, Some(building)),
            None => (building, None),
        })
    }

    /// Creates an empty index.
    pub(super) fn create(&mut self, options: WriterOptions) -> Result<Arc<Generation>, OpenError> {
        let path = self.root.join(format!("{}-{}", self.fingerprint, self.next));
        self.next += 1;
        match Generation::open(&path, &self.attributes, &self.weights, options) {
            Ok(generation) => Ok(Arc::new(generation)),
            Err(error) if is_locked(&error) => Err(OpenError::InUse(self.root.clone())),
            Err(error) => Err(self.unusable(&cause(&error))),
        }
    }

    /// Removes the folder of an index; running searches keep its files open.
    pub(super) fn retire(&self, generation: Arc<Generation>) {
        let path = generation.folder.clone();
        drop(generation);
        remove(&path);
    }

    /// Opens an index with its `complete` flag; `None` if it must be rebuilt.
    fn try_open(&self, path: &Path, options: WriterOptions) -> Result<Option<(Generation, bool)>, OpenError> {
        let opened =
            Generation::open(path, &self.attributes, &self.weights, options).and_then(|generation| {
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
            // The index may be sound, so it is kept until the system can read it.
            Err(error) if is_system_error(&error) => Err(self.unusable(&cause(&error))),
            Err(error) => {
                warn!(%error, "index cannot be opened, rebuilding it from the store");
                Ok(None)
            }
        }
    }

    fn list(&self) -> Result<Vec<IndexFolder>, OpenError> {
        let entries = std::fs::read_dir(&self.root).map_err(|error| self.unusable(&error))?;
        let mut folders = Vec::new();
        for entry in entries {
            let path = entry.map_err(|error| self.unusable(&error))?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            // Folders with other names belong to others.
            let Some((fingerprint, number)) = name.rsplit_once('-') else { continue };
            let Ok(number) = number.parse() else { continue };
            if fingerprint.starts_with('v') && path.is_dir() {
                folders.push(IndexFolder { fingerprint: fingerprint.to_owned(), number, path });
            }
        }
        Ok(folders)
    }

    fn unusable(&self, cause: &dyn std::fmt::Display) -> OpenError {
        OpenError::Folder { folder: self.root.clone(), cause: cause.to_string() }
    }
}

fn remove(path: &Path) {
    if let Err(error) = std::fs::remove_dir_all(path) {
        warn!(%error, "cannot remove an old index folder");
    }
}
