//! A certificate and its private key, read where the config is: a pair that does not fit, or does not hold any more, is a
//! fault of the config, and a changed file is a changed config.
//!
//! - `der`: the way to a certificate's fields
//! - `validity`: from when to when it holds
//! - `subject`: whose it is

mod der;
mod subject;
mod validity;

pub use subject::common_name;

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

use super::read::{Node, Reading};
use super::seen::{self, Seen};

/// A certificate chain and the key of its leaf. Two are equal when their files hold the same.
#[derive(Clone)]
pub struct Pair {
    /// As rustls takes them.
    pub certified: Arc<CertifiedKey>,
    /// When the leaf expires, seconds since 1970.
    pub expires: i64,
    files: [Seen; 2],
}

impl Pair {
    /// Reads the pair and notes what is wrong at the key that names the file. Blocks on the file system.
    pub(super) fn read(cert: (&Node<'_>, &Path), key: (&Node<'_>, &Path)) -> Option<Self> {
        let chain = certificates(cert.0, cert.1);
        let private = pem(key.0.reading, key.1).and_then(|(text, seen)| {
            // What the parser says could repeat what it read.
            let private = PrivateKeyDer::from_pem_slice(text.as_bytes());
            private
                .map(|private| (private, seen))
                .map_err(|_| format!("{} holds no private key in PEM", key.1.display()))
        });
        let private = private.map_err(|message| key.0.fault(message)).ok();
        let ((chain, cert_seen), (private, key_seen)) = (chain?, private?);
        let expires = judge(&chain, SystemTime::now()).map_err(|message| cert.0.fault(message)).ok()?;
        match CertifiedKey::from_der(chain, private, &ring::default_provider()) {
            Ok(certified) => Some(Self { certified: certified.into(), expires, files: [cert_seen, key_seen] }),
            Err(rustls::Error::InconsistentKeys(_)) => {
                key.0.fault(format!("{} is not the key of the certificate", key.1.display()));
                None
            }
            Err(error) => {
                key.0.fault(format!("{} cannot be used: {error}", key.1.display()));
                None
            }
        }
    }
}

/// The certificates in a PEM file, at least one.
pub(super) fn certificates(node: &Node<'_>, path: &Path) -> Option<(Vec<CertificateDer<'static>>, Seen)> {
    let read = pem(node.reading, path).and_then(|(text, seen)| {
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text.as_bytes()).collect();
        match chain {
            Ok(chain) if chain.is_empty() => Err(format!("{} holds no certificate in PEM", path.display())),
            Ok(chain) => Ok((chain, seen)),
            Err(error) => Err(format!("{} is not PEM: {error}", path.display())),
        }
    });
    read.map_err(|message| node.fault(message)).ok()
}

fn pem(reading: &Reading<'_>, path: &Path) -> Result<(String, Seen), String> {
    let (text, seen) = seen::text(path);
    reading.files.borrow_mut().push(seen.clone());
    let text = text.map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    Ok((text, seen))
}

/// When the leaf of `chain` expires, if it holds at `now`.
fn judge(chain: &[CertificateDer<'_>], now: SystemTime) -> Result<i64, String> {
    let validity = chain.first().and_then(|leaf| validity::of(leaf));
    let validity = validity.ok_or("the certificate is not of X.509")?;
    let now = now.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() as i64);
    let date =
        |seconds| chrono::DateTime::from_timestamp(seconds, 0).unwrap_or_default().format("%Y-%m-%d %H:%M:%S UTC");
    if now > validity.until {
        return Err(format!("the certificate expired on {}", date(validity.until)));
    }
    if now < validity.from {
        return Err(format!("the certificate does not hold before {}", date(validity.from)));
    }
    Ok(validity.until)
}

impl PartialEq for Pair {
    fn eq(&self, other: &Self) -> bool {
        self.files == other.files
    }
}

impl Eq for Pair {}

impl fmt::Debug for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}
