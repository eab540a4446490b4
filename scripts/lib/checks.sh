# shellcheck shell=bash
# The checks of ./test, one function each where a single command is not enough.

need_rust_and_node() {
  need_rust
  need_node
}

need_page_tools() {
  need_browser
  need_wasm_opt
  need_wasm_bindgen
  need_wasm_split
  need_trunk
}

check_scripts() {
  if have shellcheck; then
    shellcheck -x run test .ci/run scripts/e2e scripts/apart/wasm-bindgen conformance/record conformance/prove-export conformance/prove-replay conformance/exported.sh scripts/lib/*.sh
  else
    say "shellcheck is not installed, so the scripts are only parsed."
  fi
  local script
  for script in run test .ci/run scripts/e2e scripts/apart/wasm-bindgen conformance/record conformance/prove-export conformance/prove-replay conformance/exported.sh scripts/lib/*.sh; do bash -n "$script"; done
  for script in web/e2e/*.mjs web/e2e/*/*.mjs scripts/*/*.mjs; do node --check "$script"; done
}

lint_native() {
  cargo clippy --locked --workspace --exclude highwater-web --all-targets -- -D warnings
}

lint_web() {
  cargo clippy --locked -p highwater-web --target wasm32-unknown-unknown --all-targets -- -D warnings
}

# The trace hash of the default scenario is computed natively and compiled in, to be compared with the browser's.
test_wasm() {
  HIGHWATER_TRACE_HASH=$(native_trace_hash)
  export HIGHWATER_TRACE_HASH
  cargo test --locked -p highwater-web --target wasm32-unknown-unknown \
    --config "target.wasm32-unknown-unknown.runner = ['node', '$PWD/web/e2e/wasm-runner.mjs']"
}

native_trace_hash() {
  cargo run --locked --quiet -p highwater -- sim assets/scenarios/first.json --json - |
    sed -n 's/.*"trace_hash": *"\([0-9a-f]*\)".*/\1/p'
}

test_end_to_end() {
  cargo build --locked -p highwater
  HIGHWATER_BIN=$(target_folder)/debug/highwater node web/e2e/run.mjs
}
