# shellcheck shell=bash
# System packages: installed where Debian's package manager is, named where it is not.

# need_packages WHAT ELSEWHERE PACKAGE...
#   WHAT is missing; ELSEWHERE says what to install by hand on other systems.
need_packages() {
  local what=$1 elsewhere=$2
  shift 2
  have apt-get || die "missing: $what. Install it and start again: $elsewhere"
  say "Installing $what with the system's package manager, which needs administrator rights and a minute or two: $*"
  apt_install "$@" || die "could not install $what. Try this, then start again:
  sudo apt-get update && sudo apt-get install -y --no-install-recommends $*"
}

# The lists of a fresh machine are empty and those of an old one name files that are gone: then fetch new ones.
apt_install() {
  local log=$CACHE/packages.log
  local install=(apt-get install -y -q --no-install-recommends -o DPkg::Lock::Timeout=300 "$@")
  mkdir -p "$CACHE"
  as_administrator true || return
  as_administrator "${install[@]}" >"$log" 2>&1 && return
  as_administrator apt-get update -q >"$log" 2>&1 && as_administrator "${install[@]}" >>"$log" 2>&1 && return
  tail -n 5 "$log" >&2
  return 1
}

as_administrator() {
  if [ "$(id -u)" = 0 ]; then
    DEBIAN_FRONTEND=noninteractive "$@" </dev/null
  elif ! have sudo; then
    say "This needs the administrator, and there is no sudo here."
    return 1
  elif [ -t 0 ]; then
    sudo DEBIAN_FRONTEND=noninteractive "$@"
  else
    sudo -n DEBIAN_FRONTEND=noninteractive "$@" </dev/null
  fi
}
