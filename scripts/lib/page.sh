# shellcheck shell=bash
# The page: built in release mode into dist/, and only when something that goes into it has changed.

PAGE_INPUTS=(Cargo.toml Cargo.lock rust-toolchain.toml Trunk.toml index.html assets core web scripts/tools/package-lock.json)
# The module, compressed: more would make the first visit slow.
MODULE_LIMIT=400000

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
  page_size
}

page_inputs_hash() {
  {
    find "${PAGE_INPUTS[@]}" -name e2e -prune -o -name tests -prune -o -type f -exec cksum {} +
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
  say "Size of the page, gzipped: module $(gzipped_size dist/*.wasm) bytes, all files $(find dist -type f -exec gzip -9 -c {} + | wc -c | tr -d ' ') bytes."
}

check_page_size() {
  local module
  page_size
  module=$(gzipped_size dist/*.wasm)
  [ "$module" -le "$MODULE_LIMIT" ] || die "the module is $module bytes gzipped; the limit is $MODULE_LIMIT"
}
