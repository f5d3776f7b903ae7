//! Lays the functions that run at all out one behind the other, in the order of `ci/order.txt` (`make order` writes it), so that
//! what is resident is what runs. Only where LLD links, which knows such lists: a build without it is the same program, and larger
//! in memory.

use std::env::var;
use std::path::{Path, PathBuf};
use std::process::Command;

const TARGET: &str = "x86_64-unknown-linux-gnu";

fn main() {
    println!("cargo:rerun-if-changed=ci/order.txt");
    println!("cargo:rerun-if-env-changed=RUSTC_LINKER");
    let order = Path::new(&var("CARGO_MANIFEST_DIR").unwrap_or_default()).join("ci/order.txt");
    let is = |key: &str, value: &str| var(key).is_ok_and(|found| found == value);
    if is("TARGET", TARGET) && is("PROFILE", "release") && order.exists() && links_with_lld() {
        // A name that is gone is no fault: the list is of an earlier build.
        for argument in [format!("--symbol-ordering-file={}", order.display()), "--no-warn-symbol-ordering".to_owned()]
        {
            println!("cargo:rustc-link-arg-bins=-Xlinker");
            println!("cargo:rustc-link-arg-bins={argument}");
        }
    }
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
