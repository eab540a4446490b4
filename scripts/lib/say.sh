# shellcheck shell=bash
# Messages, all on standard error: standard output belongs to the commands.

say() {
  printf '%s\n' "$*" >&2
}

die() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# Bad usage has an exit status of its own.
die_usage() {
  printf 'error: %s\n' "$*" >&2
  exit 2
}

have() {
  command -v "$1" >/dev/null 2>&1
}

# Reads standard input. macOS has the second one.
sha256() {
  if have sha256sum; then sha256sum; else shasum -a 256; fi | cut -d ' ' -f 1
}
