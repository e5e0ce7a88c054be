//! Links the unwinder in, on Linux with glibc.
//!
//! As a shared library it would be loaded for nearly every run and, in a
//! virtual machine, take a tenth of the run of a short job. A linker that was
//! chosen (zig's, say) may have an unwinder of its own.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let is = |name, value| std::env::var(name).is_ok_and(|found| found == value);
    let ours = std::env::var_os("RUSTC_LINKER").is_none();
    if ours && is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "gnu") {
        println!("cargo::rustc-link-arg-bins=-Wl,--push-state,-Bstatic,-lgcc_eh,--pop-state");
    }
}
