//! Links the unwinder statically into the program, on Linux with glibc.
//!
//! As a shared library it would be loaded in nearly every run. In a virtual machine that takes a
//! tenth of the time of a short run. A configured linker, such as zig's, may have its own unwinder.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let is = |name, value| std::env::var(name).is_ok_and(|found| found == value);
    let has = |name| std::env::var_os(name).is_some();
    let is_glibc = is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "gnu");
    if is_glibc && has("CARGO_FEATURE_CLI") && !has("RUSTC_LINKER") {
        println!("cargo::rustc-link-lib=static:-bundle=gcc_eh");
    }
}
