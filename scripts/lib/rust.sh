# shellcheck shell=bash
# The Rust toolchain that rust-toolchain.toml names, and a C linker for it.

need_rust() {
  have cargo || PATH=${CARGO_HOME:-$HOME/.cargo}/bin:$PATH
  export PATH
  have cc || need_packages "a C compiler and linker" "gcc or clang (macOS: xcode-select --install)" build-essential
  if have rustup; then
    need_toolchain "$(sed -n 's/^channel = "\(.*\)"/\1/p' rust-toolchain.toml)"
  else
    have_rust_without_rustup || die "Rust is missing. Install rustup as https://rustup.rs says, then start again."
  fi
}

need_toolchain() {
  local channel=$1 parts
  parts=$(rustup component list --toolchain "$channel" --installed 2>/dev/null || true)
  case $parts in *clippy*rust-std-wasm32-unknown-unknown*rustfmt*) return ;; esac
  say "Installing Rust $channel with rustup."
  rustup toolchain install "$channel" --profile minimal --no-self-update \
    --component rustfmt --component clippy --target wasm32-unknown-unknown >&2
}

# A Rust from elsewhere will do if it can build for the browser.
have_rust_without_rustup() {
  have cargo && have rustc && [ -d "$(rustc --print target-libdir --target wasm32-unknown-unknown 2>/dev/null)" ]
}

# locked_version CRATE: the version in Cargo.lock
locked_version() {
  awk -v name="\"$1\"" '$1 == "name" && $3 == name { getline; gsub(/"/, "", $3); print $3; exit }' Cargo.lock
}

target_folder() {
  cargo metadata --no-deps --format-version 1 | sed 's/.*"target_directory":"\([^"]*\)".*/\1/'
}
