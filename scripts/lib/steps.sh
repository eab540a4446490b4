# shellcheck shell=bash
# Named steps with their times. The first that fails ends the run; the summary says which it was.

STEP_LINES=
STEP_NAME=
STEP_BEGIN=0

step() {
  STEP_NAME=$1
  STEP_BEGIN=$SECONDS
  shift
  say "== $STEP_NAME"
  # Not in a condition: bash would then go on after a failure inside the function.
  "$@"
  end_step "ok"
}

end_step() {
  STEP_LINES=$STEP_LINES$(printf '\n%6d s  %-6s  %s' $((SECONDS - STEP_BEGIN)) "$1" "$STEP_NAME")
  STEP_NAME=
}

# For the EXIT trap.
summarize_steps() {
  local status=$?
  [ -z "$STEP_NAME" ] || end_step "FAILED"
  say "== Summary$STEP_LINES"
  say "$(printf '%6d s  %-6s  all' "$SECONDS" "$([ "$status" = 0 ] && echo ok || echo FAILED)")"
  exit "$status"
}
