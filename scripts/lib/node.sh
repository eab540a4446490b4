# shellcheck shell=bash
# Node.js, and what web/e2e and scripts/tools name in their package-lock.json.

need_node() {
  if ! have node || ! have npm; then
    need_packages "Node.js with npm" "Node.js 18 or newer (macOS: brew install node)" nodejs npm
  fi
  node_is_new_enough && return
  PATH=$CACHE/node/node_modules/.bin:$PATH
  node_is_new_enough && return
  say "Node.js $(node --version) is too old here, so fetching a newer one into $CACHE/node."
  npm install --prefix "$CACHE/node" --no-audit --no-fund --loglevel=error node@22 >&2
  # The shell remembers where it found the old one.
  hash -r
  node_is_new_enough || die "Node.js 18 or newer is needed; $(command -v node) is $(node --version)"
}

node_is_new_enough() {
  node --eval 'process.exit(Number(process.versions.node.split(".")[0]) >= 18 ? 0 : 1)' 2>/dev/null
}

# node_packages FOLDER: installs what FOLDER/package-lock.json names into the cache; prints where
node_packages() {
  local folder=$1 target
  target=$CACHE/npm/$(basename "$folder")-$(sha256 <"$folder/package-lock.json" | cut -c 1-12)
  if [ ! -e "$target/complete" ]; then
    say "Fetching the Node.js packages of $folder into $target."
    mkdir -p "$target"
    cp "$folder/package.json" "$folder/package-lock.json" "$target"
    npm ci --prefix "$target" --ignore-scripts --no-audit --no-fund --loglevel=error >&2
    touch "$target/complete"
  fi
  printf '%s/node_modules' "$target"
}

need_wasm_opt() {
  local modules
  modules=$(node_packages scripts/tools)
  export PATH=$modules/.bin:$PATH
}
