# shellcheck shell=bash
# The page: built in release mode into dist/, and only when something that goes into it has changed.

PAGE_INPUTS=(Cargo.toml Cargo.lock rust-toolchain.toml Trunk.toml index.html assets core web scripts/apart scripts/tools/package-lock.json)
# Everything that comes before the first moving record, compressed: more would make the first visit slow.
# Fonts (and their licences), lessons, scenarios, the fidelity page, the worker and what is behind the doors come later. The bar is PAGE_BAR.
# These are bytes of gzip -9, which may not grow past PAGE_LIMIT, a little above what they are; `highwater serve` sends about 25 kB less, and a test of native/src/serve/page.rs watches that.
PAGE_BAR=700000
PAGE_LIMIT=698000

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
    APART=$(target_folder)/apart
    env -u NO_COLOR APART="$APART" WASM_BINDGEN="$(command -v wasm-bindgen)" PATH="$PWD/scripts/apart:$PATH" \
      trunk --quiet build --release --offline --features apart >&2
    put_behind "$APART"
    mkdir -p "$(dirname "$stamp")"
    printf '%s %s' "$before" "$(page_hash)" >"$stamp"
  fi
}

# Optimizes the module of what is behind the doors as Trunk did the app's, and puts it beside that. It fits no other build
# of the app, so names carry a hash: who has an older page open finds nothing, and is told.
put_behind() {
  local apart=$1 app options behind link
  app=$(basename dist/app-*.js)
  read -ra options < <(sed -n 's/.*data-wasm-opt-params="\([^"]*\)".*/\1/p' index.html)
  wasm-opt "$apart/split_behind.wasm" -O2 "${options[@]}" -o "$apart/behind.wasm"
  behind=behind-$(sha256 <"$apart/behind.wasm" | cut -c 1-16).wasm
  link=apart-${app#app-}
  cp "$apart/behind.wasm" "dist/$behind"
  sed -e "s|\./app\.js|./$app|" -e "s|split_behind\.wasm|$behind|" "$apart/__wasm_split.js" >"dist/$link"
  # Only where it is imported: elsewhere it is the name that the module knows it by.
  sed -e "/^import /s|\./__wasm_split\.js|./$link|" "dist/$app" >"$apart/app.js"
  cp "$apart/app.js" "dist/$app"
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
  module=$(gzipped_size dist/app-*.wasm)
  first=$(find dist -type f ! -path 'dist/fonts/*' ! -path 'dist/lessons/*' ! -path 'dist/scenarios/*' ! -name 'fidelity.*' ! -name 'worker*.js' ! -name 'behind-*.wasm' -exec gzip -9 -c {} + | wc -c | tr -d ' ')
  say "The page gzipped: $first bytes before the first moving record (bar $PAGE_BAR, at most $PAGE_LIMIT), $module of them WASM."
  [ "$first" -le "$PAGE_LIMIT" ]
}
