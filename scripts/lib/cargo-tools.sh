# shellcheck shell=bash
# Trunk, wasm-bindgen and wasm-split: taken as they are if the right version is there, fetched ready-made if possible, else compiled.

TRUNK_VERSION=0.21.14

need_trunk() {
  case $(trunk --version 2>/dev/null || true) in "trunk 0.21."*) return ;; esac
  # Without default features: no TLS and no check for updates, since Trunk is to download nothing.
  install_tool trunk "$TRUNK_VERSION" 3 0 --no-default-features
}

# The test runner comes in the same package.
need_wasm_bindgen() {
  local version
  version=$(locked_version wasm-bindgen)
  if [ "$(wasm-bindgen --version 2>/dev/null)" != "wasm-bindgen $version" ] || ! have wasm-bindgen-test-runner; then
    install_tool wasm-bindgen-cli "$version" 1 1 --no-default-features
  fi
}

# Takes the page's module apart.
need_wasm_split() {
  local crate=wasm_split_cli_support version=0.2.4
  if ! have wasm-split-cli || ! cargo install --list --root "$TOOLS" | grep -q "^$crate v$version:"; then
    install_tool "$crate" "$version" 2 1 --features build-binary
  fi
}

# install_tool CRATE VERSION MINUTES OPTIMIZATION OPTION...
install_tool() {
  local crate=$1 version=$2 minutes=$3 level=$4
  shift 4
  if have cargo-binstall; then
    say "Looking for a ready-made $crate $version."
    cargo binstall --no-confirm --disable-strategies compile --root "$TOOLS" "$crate@$version" >&2 && return
  fi
  say "Compiling $crate $version into $TOOLS: once for all clones, about $minutes min on two cores."
  # Versions as its authors tested them; should one of those be gone from the registry, the nearest that fit.
  compile_tool "$crate" "$version" "$level" --locked "$@" || compile_tool "$crate" "$version" "$level" "$@"
  rm -rf "$CACHE/build"
}

# Quick to compile rather than quick to run: these tools work for seconds. What was compiled before an interruption is kept.
# Only those that read whole modules are worth a little optimization.
compile_tool() {
  local crate=$1 version=$2 level=$3
  shift 3
  CARGO_TARGET_DIR=$CACHE/build CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_OPT_LEVEL=$level \
    CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 CARGO_PROFILE_RELEASE_DEBUG=0 CARGO_PROFILE_RELEASE_PANIC=abort \
    cargo install --force --root "$TOOLS" --version "$version" "$@" "$crate" >&2
}
