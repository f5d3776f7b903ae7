//! The binary: see `cli`.

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    // Where the system hands out huge pages unasked, what a connection needs, or a thread's stack, would be counted in steps
    // of 2 MiB. A kernel that has none refuses.
    let _ = rustix::thread::disable_transparent_huge_pages(true);
    outrider::cli::main()
}
