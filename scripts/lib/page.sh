# shellcheck shell=bash
# The page: built in release mode into dist/, and only when something that goes into it has changed.

PAGE_INPUTS=(Cargo.toml Cargo.lock rust-toolchain.toml Trunk.toml index.html assets core web scripts/tools/package-lock.json)
# Everything that comes before the first moving record, compressed: more would make the first visit slow.
# Fonts, lessons, scenarios, the fidelity page and the worker come later. The bar is PAGE_BAR. These are bytes of gzip -9, which may not grow
# past PAGE_LIMIT; `highwater serve` sends about 35 kB less, and a test of native/src/serve/page.rs watches that.
PAGE_BAR=700000
PAGE_LIMIT=805000

build_page() {
  local stamp before
  stamp=$(target_folder)/highwater-page
  before=$(page_inputs_hash)
  if [ "$(cat "$stamp" 2>/dev/null)" = "$before $(page_hash)" ]; then
    say "The page is up to date."
  else
    say "Building the page."
    cargo fetch -q --locked
    # Trunk reads NO_COLOR as its own option and stumbles over the usual value.
    env -u NO_COLOR trunk --quiet build --release --offline >&2
    mkdir -p "$(dirname "$stamp")"
    printf '%s %s' "$before" "$(page_hash)" >"$stamp"
  fi
}

page_inputs_hash() {
  {
    find "${PAGE_INPUTS[@]}" \( -path web/e2e -o -path web/tests -o -path core/tests \) -prune -o -type f -exec cksum {} +
    trunk --version
    rustc --version
  } | LC_ALL=C sort | sha256
}

page_hash() {
  find dist -type f -exec cksum {} + 2>/dev/null | LC_ALL=C sort | sha256
}

gzipped_size() {
  gzip -9 -c "$@" | wc -c | tr -d ' '
}

page_size() {
  local module first
  module=$(gzipped_size dist/*.wasm)
  first=$(find dist -type f ! -name '*.woff2' ! -path 'dist/lessons/*' ! -path 'dist/scenarios/*' ! -name 'fidelity.*' ! -name 'worker*.js' -exec gzip -9 -c {} + | wc -c | tr -d ' ')
  say "The page gzipped: $first bytes before the first moving record (bar $PAGE_BAR, at most $PAGE_LIMIT), $module of them WASM."
  [ "$first" -le "$PAGE_LIMIT" ]
}
