//! Lays the functions that run at all out one behind the other, in the order of `ci/order.txt` (`make order` writes it), so that
//! what is resident is what runs. Only where the linker is known to be LLD, which knows such lists: a build without it is the same
//! program, and larger in memory.

use std::env::var;
use std::path::Path;

fn main() {
    println!("cargo:rerun-if-changed=ci/order.txt");
    let is = |key: &str, value: &str| var(key).is_ok_and(|found| found == value);
    // Since 1.90 rustc links with its own LLD there, unless it is told otherwise.
    let has_lld = is("TARGET", "x86_64-unknown-linux-gnu") && var("RUSTC_LINKER").is_err();
    let order = Path::new(&var("CARGO_MANIFEST_DIR").unwrap_or_default()).join("ci/order.txt");
    if has_lld && is("PROFILE", "release") && order.exists() {
        println!("cargo:rustc-link-arg-bins=-Wl,--symbol-ordering-file={}", order.display());
        // A name that is gone is no fault: the list is of an earlier build.
        println!("cargo:rustc-link-arg-bins=-Wl,--no-warn-symbol-ordering");
    }
}
