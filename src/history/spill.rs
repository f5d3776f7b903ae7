//! The file that carries the history over a restart, and that a backtest reads or asks a running agent for.
//!
//! All integers are little-endian: the magic `OUTRHIST`, a `u32` version, the body, and last the CRC-32 of all before it.
//! The body is a `u32` count of sources, each a name; a `u32` count of series, each the `u32` number of its source, its
//! labels (`u32` count, then name and value) and its chunks (`u32` count, then first and last time as `i64`, a `u32` count
//! of samples, and bytes). Names, values and bytes are a `u32` length and so many bytes.

use std::io;
use std::path::Path;

use super::chunk::Chunk;
use super::record::Record;
use super::{History, store::Store};
use crate::base::{Labels, file};

const VERSION: u32 = 1;

/// Why a file was not taken over.
#[derive(Debug, thiserror::Error)]
pub enum SpillError {
    /// It could not be read.
    #[error("{0}")]
    Read(#[from] io::Error),
    /// It is something else.
    #[error("it is not a history file")]
    Foreign,
    /// It was written by a newer release.
    #[error("it has version {0}, this release reads version {VERSION}")]
    Newer(u32),
    /// It is cut short or damaged.
    #[error("it is damaged ({0})")]
    Damaged(&'static str),
}

impl History {
    /// How [`Self::to_bytes`] begins.
    pub const MAGIC: &str = "OUTRHIST";

    /// All of it, as the file has it.
    pub fn to_bytes(&self) -> Vec<u8> {
        encode(&self.0.read())
    }

    /// Writes all of it to `path`: beside it first, made durable, then renamed.
    pub fn save(&self, path: &Path) -> io::Result<()> {
        // Encoded under the lock, written after it: a slow disk must not hold up a sampling.
        let bytes = self.to_bytes();
        file::replace(path, |out| out.write_all(&bytes))
    }

    /// Takes over what [`Self::to_bytes`] gave, within this history's limits, and goes on with it: series that their sources
    /// no longer report end at the next sampling. On an error nothing has changed.
    pub fn restore(&self, bytes: &[u8]) -> Result<(), SpillError> {
        let series = decode(bytes)?;
        self.0.write().restore(series);
        Ok(())
    }

    /// Takes over what [`Self::save`] wrote, likewise.
    pub fn load(&self, path: &Path) -> Result<(), SpillError> {
        self.restore(&std::fs::read(path)?)
    }
}

/// One series as it stands in the file.
pub(super) struct Stored {
    pub(super) source: String,
    pub(super) labels: Labels,
    pub(super) chunks: Vec<Chunk>,
}

fn encode(store: &Store) -> Vec<u8> {
    let mut out = History::MAGIC.as_bytes().to_vec();
    out.extend(VERSION.to_le_bytes());
    put_count(&mut out, store.sources().count());
    store.sources().for_each(|name| put(&mut out, name.as_bytes()));
    put_count(&mut out, store.records().count());
    for record in store.records() {
        put_record(&mut out, record);
    }
    let sum = crc32fast::hash(&out);
    out.extend(sum.to_le_bytes());
    out
}

fn put_record(out: &mut Vec<u8>, record: &Record) {
    put_count(out, record.source);
    put_count(out, record.labels.len());
    for (name, value) in record.labels.iter() {
        put(out, name.as_bytes());
        put(out, value.as_bytes());
    }
    let chunks: Vec<Chunk> = record.chunks().collect();
    put_count(out, chunks.len());
    for chunk in chunks {
        out.extend(chunk.first.to_le_bytes());
        out.extend(chunk.last.to_le_bytes());
        out.extend(chunk.count.to_le_bytes());
        put(out, &chunk.bytes);
    }
}

fn put(out: &mut Vec<u8>, bytes: &[u8]) {
    put_count(out, bytes.len());
    out.extend(bytes);
}

/// The budget keeps every count far below four thousand million.
fn put_count(out: &mut Vec<u8>, count: usize) {
    out.extend((count as u32).to_le_bytes());
}

fn decode(bytes: &[u8]) -> Result<Vec<Stored>, SpillError> {
    let rest = bytes.strip_prefix(History::MAGIC.as_bytes()).ok_or(SpillError::Foreign)?;
    let version = Reader(rest).number().ok_or(SpillError::Damaged("cut short"))?;
    if version > VERSION {
        return Err(SpillError::Newer(version));
    }
    let (body, sum) = bytes.split_last_chunk::<4>().ok_or(SpillError::Damaged("cut short"))?;
    if crc32fast::hash(body) != u32::from_le_bytes(*sum) {
        return Err(SpillError::Damaged("its checksum is wrong"));
    }
    let mut reader = Reader(&body[History::MAGIC.len() + 4..]);
    let series = reader.series().ok_or(SpillError::Damaged("its parts do not fit"))?;
    if !reader.0.is_empty() {
        return Err(SpillError::Damaged("it goes on behind its end"));
    }
    Ok(series)
}

/// Reads from the front; `None` where the bytes end too early.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn series(&mut self) -> Option<Vec<Stored>> {
        let sources: Vec<String> = self.many(Self::text)?;
        self.many(|reader| {
            let source = sources.get(reader.number()? as usize)?.clone();
            let labels = Labels::new(reader.many(|reader| Some((reader.text()?, reader.text()?)))?);
            let chunks = reader.many(Self::chunk)?;
            let in_order = chunks.windows(2).all(|pair| pair[0].last < pair[1].first);
            in_order.then_some(Stored { source, labels, chunks })
        })
    }

    fn chunk(&mut self) -> Option<Chunk> {
        let (first, last) = (i64::from_le_bytes(self.array()?), i64::from_le_bytes(self.array()?));
        let count = self.number()?;
        let bytes = self.bytes()?;
        (first <= last && count > 0).then(|| Chunk { first, last, count, bytes: bytes.into() })
    }

    fn many<T>(&mut self, mut one: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        (0..self.number()?).map(|_| one(self)).collect()
    }

    fn text(&mut self) -> Option<String> {
        String::from_utf8(self.bytes()?.to_vec()).ok()
    }

    fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = self.number()? as usize;
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }

    fn number(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (bytes, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*bytes)
    }
}
