//! What makes a release smaller in memory, and no other program. Where LLD links, which knows such lists, the functions that run at
//! all are laid out one behind the other, in the order of `ci/order.txt` (`make order` writes it), so that what is resident is what
//! runs. Where the C library knows them (glibc 2.36), relocations are packed: half a megabyte that every start reads.

use std::env::var;
use std::path::{Path, PathBuf};
use std::process::Command;

const TARGET: &str = "x86_64-unknown-linux-gnu";

fn main() {
    println!("cargo:rerun-if-env-changed=RUSTC_LINKER");
    let order = Path::new(&var("CARGO_MANIFEST_DIR").unwrap_or_default()).join("ci/order.txt");
    // Its whole path: checkouts that share a target folder share what is said here, and one of them may be gone.
    println!("cargo:rerun-if-changed={}", order.display());
    let is = |key: &str, value: &str| var(key).is_ok_and(|found| found == value);
    if is("TARGET", TARGET) && is("PROFILE", "release") && order.exists() && links_with_lld() {
        // A name that is gone is no fault: the list is of an earlier build.
        pass(&[&format!("--symbol-ordering-file={}", order.display()), "--no-warn-symbol-ordering"]);
        if glibc().is_some_and(|version| version >= (2, 36)) {
            pass(&["-z", "pack-relative-relocs"]);
        }
    }
}

fn pass(arguments: &[&str]) {
    for argument in arguments {
        println!("cargo:rustc-link-arg-bins=-Xlinker");
        println!("cargo:rustc-link-arg-bins={argument}");
    }
}

/// The C library that is linked with, as `getconf` tells it: `glibc 2.36`.
fn glibc() -> Option<(u32, u32)> {
    let told = Command::new("getconf").arg("GNU_LIBC_VERSION").output().ok()?;
    let (major, minor) = std::str::from_utf8(&told.stdout).ok()?.trim().strip_prefix("glibc ")?.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

/// Since 1.90 rustc links with an LLD of its own there, where it has one and nobody has named another linker.
fn links_with_lld() -> bool {
    let flags = var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default();
    let is_other = var("RUSTC_LINKER").is_ok() || ["linker", "fuse-ld", "lld"].iter().any(|word| flags.contains(word));
    !is_other && sysroot().is_some_and(|sysroot| sysroot.join("lib/rustlib").join(TARGET).join("bin/rust-lld").exists())
}

fn sysroot() -> Option<PathBuf> {
    let told = Command::new(var("RUSTC").ok()?).args(["--print", "sysroot"]).output().ok()?;
    Some(String::from_utf8(told.stdout).ok()?.trim().into())
}
