//! Files as they were when they were read.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use ring::digest::{SHA256, digest};

/// The longest file read, bytes.
pub const MAX_TEXT: usize = 1 << 20;

/// A file, and what it held when it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The file.
    pub path: PathBuf,
    /// SHA-256 of what it held; `None` when it could not be read.
    digest: Option<Vec<u8>>,
}

impl Seen {
    /// The file as it is now. Blocks on the file system.
    pub fn now(path: &Path) -> Self {
        Self::of(path, &bytes(path))
    }

    fn of(path: &Path, bytes: &io::Result<Vec<u8>>) -> Self {
        let digest = bytes.as_ref().ok().map(|bytes| digest(&SHA256, bytes).as_ref().to_vec());
        Self { path: path.to_owned(), digest }
    }
}

/// Reads a text and notes what was seen. Blocks on the file system.
pub(super) fn text(path: &Path) -> (io::Result<String>, Seen) {
    let bytes = bytes(path);
    let seen = Seen::of(path, &bytes);
    let text = bytes.and_then(|bytes| {
        String::from_utf8(bytes)
            .map_err(|error| io::Error::other(format!("byte {} is not UTF-8", error.utf8_error().valid_up_to())))
    });
    (text, seen)
}

/// SHA-256 of a text, 64 hex digits, as `sha256sum` prints it.
pub(super) fn hash(text: &str) -> String {
    digest(&SHA256, text.as_bytes()).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Never more than [`MAX_TEXT`].
fn bytes(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_TEXT as u64 + 1).read_to_end(&mut bytes)?;
    match bytes.len() > MAX_TEXT {
        true => Err(io::Error::other(format!("it has more than {MAX_TEXT} bytes"))),
        false => Ok(bytes),
    }
}
