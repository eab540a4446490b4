//! Has the linker note what refers to what, for the tool that takes the page's module apart.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let set = |name: &str| env::var_os(name).is_some();
    if set("CARGO_FEATURE_APART") && env::var("CARGO_CFG_TARGET_FAMILY").as_deref() == Ok("wasm") {
        println!("cargo::rustc-link-arg-bins=--emit-relocs");
    }
}
