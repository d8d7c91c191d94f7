//! One index on disk: its folder, its writer and the view that searches read.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use serde::{Deserialize, Serialize};
use tantivy::merge_policy::LogMergePolicy;
use tantivy::schema::Schema;
use tantivy::store::Compressor;
use tantivy::tokenizer::RawTokenizer;
use tantivy::{Index, IndexReader, IndexSettings, IndexWriter, ReloadPolicy, TantivyError, Term};
use uuid::Uuid;

use super::schema::{Fields, IndexedDocument, TOKENIZERS, indexed, schema};
use super::snapshot::Snapshot;
use quarry_config::Language;
use quarry_domain::{DocumentChange, DocumentId, Revision, SourceName};

/// Documents after which a commit is due although more follow.
const COMMIT_DOCUMENTS: usize = 100_000;
/// Segments of one size that are merged into one.
const MERGED_SEGMENTS: usize = 4;
/// The same while more batches follow: merging is most of what indexing costs, and merging once
/// at the end costs least.
const MERGED_SEGMENTS_BEHIND: usize = 32;
/// The share of removed documents at which a segment is rewritten.
const REMOVED_SHARE: f32 = 0.3;
/// Indexes outside whose largest segment more than this share of documents lies are merged into
/// one segment when there is nothing else to do.
const SCATTERED_SHARE: f64 = 0.05;

/// What a commit says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Watermark {
    pub(super) store: Uuid,
    pub(super) revision: i64,
    /// The index was once in step with its store: it may serve while another is built.
    pub(super) complete: bool,
}

/// The language of each source.
pub(super) type Languages = BTreeMap<SourceName, Language>;

/// Memory and threads to write with.
#[derive(Clone, Copy, Debug)]
pub(super) struct WriterOptions {
    pub(super) threads: usize,
    pub(super) memory_bytes: usize,
}

/// What changes an index.
struct Writer {
    index: IndexWriter<IndexedDocument>,
    /// The documents that were written since the last commit.
    uncommitted: HashSet<DocumentId>,
    /// The library's writer did not come back from a failure: another one takes its place.
    broken: bool,
}

/// An index and everything that is open of it.
pub(super) struct Generation {
    pub(super) folder: PathBuf,
    pub(super) fields: Fields,
    index: Index,
    options: WriterOptions,
    reader: IndexReader,
    writer: Mutex<Writer>,
    /// A scattered index is being merged.
    merging: Arc<AtomicBool>,
    snapshot: RwLock<Arc<Snapshot>>,
}

impl Generation {
    /// Opens the index in a folder, or makes an empty one there.
    pub(super) fn open(folder: &Path, options: WriterOptions) -> tantivy::Result<Self> {
        let (schema, fields) = schema();
        std::fs::create_dir_all(folder)?;
        let index = if folder.join("meta.json").exists() {
            open_existing(folder, &schema)?
        } else {
            let settings =
                IndexSettings { docstore_compression: Compressor::Lz4, ..IndexSettings::default() };
            Index::builder().schema(schema).settings(settings).create_in_dir(folder)?
        };
        // Never asked for a token, but an index refuses texts of fields whose tokenizer is unknown.
        for name in TOKENIZERS {
            index.tokenizers().register(name, RawTokenizer::default());
        }
        let writer = Writer::open(&index, options)?;
        let reader = index
            .reader_builder()
            .reload_policy(ReloadPolicy::Manual)
            // Stored documents are read through the snapshot.
            .doc_store_cache_num_blocks(0)
            .try_into()?;
        let snapshot = RwLock::new(Arc::new(Snapshot::open(reader.searcher(), &fields, None)?));
        let (writer, merging) = (Mutex::new(writer), Arc::default());
        Ok(Self { folder: folder.to_owned(), fields, index, options, reader, writer, merging, snapshot })
    }

    /// The files whose content is not what was written.
    pub(super) fn damaged_files(&self) -> tantivy::Result<usize> {
        Ok(self.index.validate_checksum()?.len())
    }

    pub(super) fn snapshot(&self) -> Arc<Snapshot> {
        self.snapshot.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn watermark(&self) -> tantivy::Result<Option<Watermark>> {
        let payload = self.index.load_metas()?.payload;
        Ok(payload.and_then(|payload| serde_json::from_str(&payload).ok()))
    }

    /// Writes changes; commits them with the watermark and shows them if they are the last ones
    /// for now (`at_once`) or have become many. Says whether it did.
    pub(super) fn apply(
        &self,
        changes: &[DocumentChange],
        watermark: Watermark,
        at_once: bool,
        languages: &Languages,
    ) -> tantivy::Result<bool> {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        if writer.broken {
            *writer = Writer::open(&self.index, self.options)?;
        }
        let merged = if at_once { MERGED_SEGMENTS } else { MERGED_SEGMENTS_BEHIND };
        writer.index.set_merge_policy(merge_policy(merged));
        let mut written = self.write(&mut writer, changes, languages);
        let commit = at_once || writer.uncommitted.len() >= COMMIT_DOCUMENTS;
        if commit && written.is_ok() {
            written = writer.commit(watermark);
        }
        if written.is_err() {
            // The next attempt begins from the last commit.
            writer.uncommitted.clear();
            // A writer that cannot be rolled back has given its lock back, and takes nothing any more.
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
        languages: &Languages,
    ) -> tantivy::Result<()> {
        let known = self.snapshot();
        for change in changes {
            let id = match change {
                DocumentChange::Upserted(_, document) => document.id,
                DocumentChange::Deleted(_, tombstone) => tombstone.id,
            };
            // A removal costs a look into every segment, and most documents of a rebuild are new.
            if !writer.uncommitted.insert(id) || known.find(id.0.as_u128())?.is_some() {
                writer.index.delete_term(self.id_term(id));
            }
            if let DocumentChange::Upserted(_, document) = change {
                let language = languages.get(&document.source).copied().unwrap_or_default();
                writer.index.add_document(indexed(&self.fields, document, language))?;
            }
        }
        Ok(())
    }

    fn id_term(&self, id: DocumentId) -> Term {
        Term::from_field_bytes(self.fields.id, id.0.as_bytes())
    }

    /// Shows what merges have finished since the last commit, and lets a scattered index be merged.
    /// That goes on in a thread of the library's while changes come in.
    pub(super) fn tidy(&self) -> tantivy::Result<()> {
        if self.is_behind()? {
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
        // The library would merge the same segments twice.
        if self.merging.swap(true, Ordering::AcqRel) {
            return Ok(());
        }
        let merge = self.writer.lock().unwrap_or_else(PoisonError::into_inner).index.merge(&segments);
        let merging = self.merging.clone();
        // Detached: a process that stops does not wait for it, and nothing is lost with it.
        std::thread::spawn(move || {
            // Segments that another merge works on refuse: then that one does the tidying.
            let _ = merge.wait();
            merging.store(false, Ordering::Release);
        });
        Ok(())
    }

    /// Whether segments were merged since they were opened.
    fn is_behind(&self) -> tantivy::Result<bool> {
        let snapshot = self.snapshot();
        let opened: HashSet<_> =
            snapshot.segments.iter().map(|segment| segment.reader.segment_id()).collect();
        let present = self.index.load_metas()?.segments;
        Ok(present.len() != opened.len() || present.iter().any(|meta| !opened.contains(&meta.id())))
    }

    fn reload(&self) -> tantivy::Result<()> {
        self.reader.reload()?;
        let before = self.snapshot();
        let snapshot = Arc::new(Snapshot::open(self.reader.searcher(), &self.fields, Some(&before))?);
        *self.snapshot.write().unwrap_or_else(PoisonError::into_inner) = snapshot;
        Ok(())
    }

    /// Bytes on disk.
    pub(super) fn bytes(&self) -> u64 {
        self.snapshot().searcher.space_usage().map_or(0, |usage| usage.total().get_bytes())
    }
}

/// Merges this many segments of one size into one.
fn merge_policy(segments: usize) -> Box<LogMergePolicy> {
    let mut policy = LogMergePolicy::default();
    policy.set_min_num_segments(segments);
    policy.set_del_docs_ratio_before_merge(REMOVED_SHARE);
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
            TantivyError::InternalError(format!("the watermark has no spelling: {error}"))
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

fn open_existing(folder: &Path, schema: &Schema) -> tantivy::Result<Index> {
    let index = Index::open_in_dir(folder)?;
    if index.schema() == *schema {
        Ok(index)
    } else {
        Err(TantivyError::SchemaError("the index has other fields".to_owned()))
    }
}
