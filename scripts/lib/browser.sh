# shellcheck shell=bash
# A Chromium for the tests, and the package that drives it.

need_browser() {
  if [ -z "${CHROMIUM:-}" ]; then
    CHROMIUM=$(find_browser) || {
      need_packages "Chromium" "Chromium or Google Chrome (or name one in CHROMIUM)" chromium fonts-noto-cjk
      CHROMIUM=$(find_browser) || die "Chromium was installed, but is not where it is expected"
    }
  fi
  NODE_PATH=$(node_packages web/e2e)
  export CHROMIUM NODE_PATH
}

find_browser() {
  local name
  for name in chromium google-chrome google-chrome-stable chromium-browser \
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome" "/Applications/Chromium.app/Contents/MacOS/Chromium"; do
    command -v "$name" && return
  done
  return 1
}
