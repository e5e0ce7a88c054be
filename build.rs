//! Links the unwinder into the program, on Linux with glibc.
//!
//! As a shared library it would be loaded for nearly every run and, in a
//! virtual machine, take a tenth of the run of a short job. A linker that was
//! chosen (zig's, say) may have an unwinder of its own.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let is = |name, value| std::env::var(name).is_ok_and(|found| found == value);
    let has = |name| std::env::var_os(name).is_some();
    let is_glibc = is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "gnu");
    if is_glibc && has("CARGO_FEATURE_CLI") && !has("RUSTC_LINKER") {
        println!("cargo::rustc-link-lib=static:-bundle=gcc_eh");
    }
}
