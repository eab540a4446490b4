# shellcheck shell=bash
# A Chromium for the tests, and the package that drives it.

need_browser() {
  [ -n "${CHROMIUM:-}" ] || CHROMIUM=$(find_browser) || CHROMIUM=$(install_browser)
  NODE_PATH=$(node_packages web/e2e)
  export CHROMIUM NODE_PATH
}

# Ubuntu's own Chromium is a snap, shut off from the folders that a test needs, or a stub that asks for the snap.
find_browser() {
  local name names="google-chrome google-chrome-stable"
  [ "$(system_name)" = ubuntu ] || names="chromium chromium-browser $names"
  for name in $names "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"; do
    command -v "$name" && return
  done
  return 1
}

# Prints the path of a browser that was not there before.
install_browser() {
  if [ "$(system_name)" = ubuntu ] || ! have apt-get; then
    npm_browser && return
  fi
  need_packages "Chromium with a Korean font" "Chromium or Google Chrome, or name one in CHROMIUM" chromium fonts-noto-cjk
  find_browser || die "Chromium was installed, but there is no command chromium"
}

# A headless Chromium out of a Node.js package: for 64-bit Linux on PCs, and needs no administrator.
npm_browser() {
  local modules target
  [ "$(uname -sm)" = "Linux x86_64" ] || return
  modules=$(node_packages scripts/chromium)
  target=$(dirname "$modules")/unpacked
  if [ -x "$target/start" ]; then
    printf '%s' "$target/start"
  else
    node scripts/chromium/unpack.mjs "$modules" "$target"
  fi
}

system_name() {
  sed -n 's/^ID=//p' /etc/os-release 2>/dev/null | tr -d '"'
}
