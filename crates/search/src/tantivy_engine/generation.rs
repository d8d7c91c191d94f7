//! One index on disk: its folder, its writer and its snapshot.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use serde::{Deserialize, Serialize};
use tantivy::merge_policy::LogMergePolicy;
use tantivy::store::Compressor;
use tantivy::tokenizer::RawTokenizer;
use tantivy::{Index, IndexReader, IndexSettings, IndexWriter, ReloadPolicy, TantivyError, Term};
use uuid::Uuid;

use super::indexed_document::IndexedDocument;
use super::indexed_sources::IndexedSources;
use super::schema::{Fields, TOKENIZERS, fields_of, indexed, schema};
use super::snapshot::IndexSnapshot;
use crate::attributes::Attributes;
use crate::field_weights::FieldWeights;
use quarry_domain::{DocumentChange, DocumentId, Revision};

/// Uncommitted documents that cause a commit although more batches follow.
const COMMIT_DOCUMENTS: usize = 100_000;
/// Segments of similar size that are merged into one.
const MERGED_SEGMENTS: usize = 4;
/// The same while more batches follow.
///
/// Merging dominates the cost of indexing, and one merge at the end costs least.
const MERGED_SEGMENTS_BEHIND: usize = 32;
/// The share of deleted documents at which a segment is merged.
const DELETED_SHARE: f32 = 0.3;
/// The share of documents outside the largest segment that an idle index merges.
const SCATTERED_SHARE: f64 = 0.05;

/// The payload of a commit: the changes that it contains.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Watermark {
    pub(super) store: Uuid,
    pub(super) revision: i64,
    /// True once the index has been in sync with its store and may serve.
    pub(super) complete: bool,
}

/// Resources of an index writer.
#[derive(Clone, Copy, Debug)]
pub(super) struct WriterOptions {
    pub(super) threads: usize,
    pub(super) memory_bytes: usize,
}

/// The writer of an index.
struct Writer {
    index: IndexWriter<IndexedDocument>,
    /// The documents written since the last commit.
    uncommitted: HashSet<DocumentId>,
    /// True if tantivy's writer could not roll back and must be replaced.
    broken: bool,
}

/// An index with its writer and its present snapshot.
pub(super) struct Generation {
    pub(super) folder: PathBuf,
    pub(super) fields: Fields,
    weights: FieldWeights,
    index: Index,
    options: WriterOptions,
    reader: IndexReader,
    writer: Mutex<Writer>,
    /// True while a scattered index is being merged.
    merging: Arc<AtomicBool>,
    snapshot: RwLock<Arc<IndexSnapshot>>,
}

impl Generation {
    /// Opens the index in a folder, or creates an empty one.
    pub(super) fn open(
        folder: &Path,
        attributes: &Attributes,
        weights: &FieldWeights,
        options: WriterOptions,
    ) -> tantivy::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let (index, fields) = if folder.join("meta.json").exists() {
            open_existing(folder, attributes)?
        } else {
            let (schema, fields) = schema(attributes, weights);
            let settings =
                IndexSettings { docstore_compression: Compressor::Lz4, ..IndexSettings::default() };
            (Index::builder().schema(schema).settings(settings).create_in_dir(folder)?, fields)
        };
        // Unused, but tantivy rejects texts of fields with an unknown tokenizer.
        for name in TOKENIZERS {
            index.tokenizers().register(name, RawTokenizer::default());
        }
        let writer = Writer::open(&index, options)?;
        let reader = index
            .reader_builder()
            .reload_policy(ReloadPolicy::Manual)
            // Segments of the snapshot cache blocks.
            .doc_store_cache_num_blocks(0)
            .try_into()?;
        let snapshot = RwLock::new(Arc::new(IndexSnapshot::open(reader.searcher(), &fields, weights, None)?));
        let (writer, merging) = (Mutex::new(writer), Arc::default());
        let (folder, weights) = (folder.to_owned(), weights.clone());
        Ok(Self { folder, fields, weights, index, options, reader, writer, merging, snapshot })
    }

    /// Returns the number of files with a wrong checksum.
    pub(super) fn damaged_files(&self) -> tantivy::Result<usize> {
        Ok(self.index.validate_checksum()?.len())
    }

    pub(super) fn snapshot(&self) -> Arc<IndexSnapshot> {
        self.snapshot.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn watermark(&self) -> tantivy::Result<Option<Watermark>> {
        let payload = self.index.load_metas()?.payload;
        Ok(payload.and_then(|payload| serde_json::from_str(&payload).ok()))
    }

    /// Writes changes, and returns true if it committed them with the watermark.
    ///
    /// Commits if no more batches follow (`caught_up`), or if there are many uncommitted documents.
    pub(super) fn apply(
        &self,
        changes: &[DocumentChange],
        watermark: Watermark,
        caught_up: bool,
        sources: &IndexedSources,
    ) -> tantivy::Result<bool> {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        if writer.broken {
            *writer = Writer::open(&self.index, self.options)?;
        }
        let merged = if caught_up { MERGED_SEGMENTS } else { MERGED_SEGMENTS_BEHIND };
        writer.index.set_merge_policy(merge_policy(merged));
        let mut written = self.write(&mut writer, changes, sources);
        let commit = caught_up || writer.uncommitted.len() >= COMMIT_DOCUMENTS;
        if commit && written.is_ok() {
            written = writer.commit(watermark);
        }
        if written.is_err() {
            // The next attempt begins from the last commit.
            writer.uncommitted.clear();
            // A writer that fails to roll back has released its lock and accepts nothing more.
            writer.broken = writer.index.rollback().is_err();
        }
        written?;
        drop(writer);
        if commit {
            self.reload()?;
        }
        Ok(commit)
    }

    fn write(
        &self,
        writer: &mut Writer,
        changes: &[DocumentChange],
        sources: &IndexedSources,
    ) -> tantivy::Result<()> {
        let known = self.snapshot();
        for change in changes {
            let id = match change {
                DocumentChange::Upserted(_, document) => document.id,
                DocumentChange::Deleted(_, tombstone) => tombstone.id,
            };
            // A delete looks into every segment, and most documents of a rebuild are new.
            if !writer.uncommitted.insert(id) || known.find(id.0.as_u128())?.is_some() {
                writer.index.delete_term(self.id_term(id));
            }
            if let DocumentChange::Upserted(_, document) = change {
                let (languages, attributes) =
                    (sources.languages_of(document), sources.attributes_of(document));
                writer.index.add_document(indexed(&self.fields, document, &languages, &attributes))?;
            }
        }
        Ok(())
    }

    fn id_term(&self, id: DocumentId) -> Term {
        Term::from_field_bytes(self.fields.id, id.0.as_bytes())
    }

    /// Publishes finished merges, and starts to merge a scattered index in the background.
    pub(super) fn maintain(&self) -> tantivy::Result<()> {
        if self.has_unpublished_merges()? {
            self.reload()?;
        }
        let snapshot = self.snapshot();
        let sizes: Vec<u64> = snapshot.segments.iter().map(|s| u64::from(s.reader.num_docs())).collect();
        let largest = sizes.iter().copied().max().unwrap_or(0);
        let scattered = snapshot.documents.saturating_sub(largest);
        if sizes.len() < 2 || (scattered as f64) < SCATTERED_SHARE * snapshot.documents as f64 {
            return Ok(());
        }
        let segments = self.index.searchable_segment_ids()?;
        // tantivy would merge the same segments twice.
        if self.merging.swap(true, Ordering::AcqRel) {
            return Ok(());
        }
        let merge = self.writer.lock().unwrap_or_else(PoisonError::into_inner).index.merge(&segments);
        let merging = self.merging.clone();
        // Detached: shutdown does not wait for it, and an interrupted merge loses nothing.
        std::thread::spawn(move || {
            // Fails if another merge includes the segments, which then reduces their number.
            let _ = merge.wait();
            merging.store(false, Ordering::Release);
        });
        Ok(())
    }

    /// Returns true if segments were merged since the snapshot was opened.
    fn has_unpublished_merges(&self) -> tantivy::Result<bool> {
        let snapshot = self.snapshot();
        let opened: HashSet<_> =
            snapshot.segments.iter().map(|segment| segment.reader.segment_id()).collect();
        let present = self.index.load_metas()?.segments;
        Ok(present.len() != opened.len() || present.iter().any(|meta| !opened.contains(&meta.id())))
    }

    fn reload(&self) -> tantivy::Result<()> {
        self.reader.reload()?;
        let earlier = self.snapshot();
        let snapshot = Arc::new(IndexSnapshot::open(
            self.reader.searcher(),
            &self.fields,
            &self.weights,
            Some(&earlier),
        )?);
        *self.snapshot.write().unwrap_or_else(PoisonError::into_inner) = snapshot;
        Ok(())
    }

    /// Returns the bytes on disk.
    pub(super) fn bytes(&self) -> u64 {
        self.snapshot().searcher.space_usage().map_or(0, |usage| usage.total().get_bytes())
    }
}

/// Creates a policy that merges this number of segments of similar size.
fn merge_policy(segments: usize) -> Box<LogMergePolicy> {
    let mut policy = LogMergePolicy::default();
    policy.set_min_num_segments(segments);
    policy.set_del_docs_ratio_before_merge(DELETED_SHARE);
    Box::new(policy)
}

impl Writer {
    fn open(index: &Index, options: WriterOptions) -> tantivy::Result<Self> {
        let index = index.writer_with_num_threads(options.threads, options.memory_bytes)?;
        index.set_merge_policy(merge_policy(MERGED_SEGMENTS));
        Ok(Self { index, uncommitted: HashSet::new(), broken: false })
    }

    fn commit(&mut self, watermark: Watermark) -> tantivy::Result<()> {
        let payload = serde_json::to_string(&watermark).map_err(|error| {
            TantivyError::InternalError(format!("cannot serialize the watermark: {error}"))
        })?;
        let mut commit = self.index.prepare_commit()?;
        commit.set_payload(&payload);
        commit.commit()?;
        self.uncommitted.clear();
        Ok(())
    }
}

impl Watermark {
    pub(super) fn revision(&self) -> Revision {
        Revision::new(self.revision)
    }
}

/// Opens a present index with the attributes that it has.
fn open_existing(folder: &Path, declared: &Attributes) -> tantivy::Result<(Index, Fields)> {
    let index = Index::open_in_dir(folder)?;
    let unknown = || TantivyError::SchemaError("the index has another schema".to_owned());
    let fields = fields_of(&index.schema(), declared).ok_or_else(unknown)?;
    Ok((index, fields))
}
