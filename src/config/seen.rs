//! Files as they were when they were read.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use ring::digest::{SHA256, digest};

/// The longest file read, bytes.
pub const MAX_TEXT: usize = 1 << 20;

/// A file, and what it held when it was read; or a pattern, and which files it named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The file, or the pattern.
    pub path: PathBuf,
    /// SHA-256 of what it held, or of the names; `None` when it could not be read.
    digest: Option<Vec<u8>>,
    is_pattern: bool,
}

impl Seen {
    /// The file as it is now. Blocks on the file system.
    pub fn now(path: &Path) -> Self {
        Self::of(path, &bytes(path))
    }

    /// The files that a pattern names now. Blocks on the file system.
    pub fn pattern(pattern: &Path) -> Self {
        let found =
            pattern.to_str().and_then(|text| glob::glob(text).ok()).into_iter().flatten().filter_map(Result::ok);
        let names = found.map(|path| path.to_string_lossy().into_owned()).collect::<Vec<_>>().join("\0");
        Self { is_pattern: true, ..Self::of(pattern, &Ok(names.into_bytes())) }
    }

    /// The same as it is now. Blocks on the file system.
    pub fn again(&self) -> Self {
        if self.is_pattern { Self::pattern(&self.path) } else { Self::now(&self.path) }
    }

    /// The folder in which something happens when it is another: of a pattern the last before its first wildcard. What happens
    /// further down is found by looking now and then.
    pub(super) fn folder(&self) -> PathBuf {
        let is_plain = |part: &Component<'_>| !part.as_os_str().to_string_lossy().contains(['*', '?', '[']);
        let plain: PathBuf = self.path.components().take_while(|part| !self.is_pattern || is_plain(part)).collect();
        let folder = if plain == self.path { plain.parent().unwrap_or(Path::new("")).to_owned() } else { plain };
        if folder.as_os_str().is_empty() { PathBuf::from(".") } else { folder }
    }

    fn of(path: &Path, bytes: &io::Result<Vec<u8>>) -> Self {
        let digest = bytes.as_ref().ok().map(|bytes| digest(&SHA256, bytes).as_ref().to_vec());
        Self { path: path.to_owned(), digest, is_pattern: false }
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
