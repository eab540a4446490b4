# shellcheck shell=bash
# Tools live in the user's cache folder, so that the clone stays clean and a second clone needs none of this.

CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/highwater
TOOLS=$CACHE/tools
export PATH=$TOOLS/bin:$PATH
