# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# For CLI tests: source it, state claims, end with claims_end. Works in a fresh folder that goes away.
# WORDSHARD, MPIRUN and SOURCE come from the environment.
claims_folder=$(mktemp -d "${TMPDIR:-/tmp}/wordshard-claims.XXXXXX")
trap 'chmod -R u+w "$claims_folder"; rm -rf "$claims_folder"' EXIT
cd "$claims_folder" || exit 1
export WORDSHARD MPIRUN SOURCE
passed=0 failed=0 skipped=0

# claim NAME COMMAND...: the command must succeed.
claim() {
    local name=$1
    shift
    if "$@" >claim.log 2>&1; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        printf 'FAILED %s: %s\n' "$name" "$*"
        tail -20 claim.log
    fi
}

# refused NAME CODE TEXT COMMAND...: the command must end with this exit code and say TEXT in one line
# on stderr.
refused() {
    local name=$1 code=$2 text=$3 got
    shift 3
    timeout 60 "$@" >refused.out 2>refused.err
    got=$?
    if [ "$got" -eq "$code" ] && [ "$(grep -c 'wordshard: error: ' refused.err)" -eq 1 ] &&
        grep 'wordshard: error: ' refused.err | grep -q -- "$text"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        printf 'FAILED %s: exit code %s, expected %s and one line with "%s"\n' "$name" "$got" "$code" "$text"
        tail -5 refused.err
    fi
}

# refuses NAME CODE TEXT ARGUMENTS...: the same for the program, alone.
refuses() {
    local name=$1 code=$2 text=$3
    shift 3
    refused "$name" "$code" "$text" "$WORDSHARD" "$@"
}

skip() {
    skipped=$((skipped + 1))
    printf 'skipped %s\n' "$*"
}

claims_end() {
    printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
    [ "$failed" -eq 0 ]
    exit
}
