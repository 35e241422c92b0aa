# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# For CLI tests: source it, state claims, end with claims_end. Works in a fresh folder that goes away.
# WORDSHARD, MPIRUN and SOURCE come from the environment.
claims_folder=$(mktemp -d "${TMPDIR:-/tmp}/wordshard-claims.XXXXXX")
claims_disks=()
claims_leave() {
    cd /
    [ ${#claims_disks[@]} -eq 0 ] || umount "${claims_disks[@]}"
    chmod -R u+w "$claims_folder"
    rm -rf "$claims_folder"
}
trap claims_leave EXIT
cd "$claims_folder" || exit 1
export WORDSHARD MPIRUN SOURCE LC_ALL=C
# A program that no launcher started asks Open MPI for a daemon and for every network there is: 0.3 s.
# mpirun.sh gives its ranks the same transports.
# Programs that begin and end side by side make and remove the same session folder, and some then do
# not start: a folder for each script.
export OMPI_MCA_orte_tmpdir_base=$claims_folder/.session
mkdir "$OMPI_MCA_orte_tmpdir_base" || exit 1
export OMPI_MCA_ess_singleton_isolated=1 OMPI_MCA_pml=ob1 OMPI_MCA_btl=self,vader
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

# number KEY FILE: a number of a JSON object.
number() {
    sed -n "s/.*\"$1\": *\([-0-9.e+]*\).*/\1/p" "$2" | head -1
}

# bits RUN TABLES...: the tables of RUN.h5 as bytes, and the loss in RUN.json.
bits() {
    local run=$1 table
    shift
    for table in "$@"; do
        "$WORDSHARD" export "$run.h5" -o "$run.npy" --overwrite -q --table "$table" && cat "$run.npy"
    done
    number loss "$run.json"
}

# Every file here with its size and time.
claims_files() {
    find . -path ./.session -prune -o -name 'refused.*' -o -type d -print -o -printf '%p %s %T@\n' | sort
}

# refused NAME CODE TEXT COMMAND...: the command must end with this exit code within a minute, say TEXT
# in its only line of error on stderr, and leave every file as it was.
refused() {
    local name=$1 code=$2 text=$3 got before after message
    shift 3
    before=$(claims_files)
    timeout 60 "$@" >refused.out 2>refused.err
    got=$?
    after=$(claims_files)
    message=$(grep 'wordshard: error: ' refused.err)
    if [ "$got" -eq "$code" ] && grep -q -- "$text" <<<"$message" && [[ $message != *$'\n'* ]] &&
        [ "$before" = "$after" ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        printf 'FAILED %s: exit code %s, expected %s and one line with "%s"\n' "$name" "$got" "$code" "$text"
        tail -5 refused.err
        diff <(echo "$before") <(echo "$after")
    fi
}

# refuses NAME CODE TEXT ARGUMENTS...: the same for the program, alone, which prints nothing but that line.
refuses() {
    local name=$1 code=$2 text=$3 lines
    shift 3
    refused "$name" "$code" "$text" "$WORDSHARD" "$@"
    mapfile -t lines <refused.err
    claim "$name: prints one line" test ! -s refused.out -a ${#lines[@]} -eq 1
}

# refuses_on RANKS NAME CODE TEXT ARGUMENTS...: the same under mpirun, where stdout and the launcher's
# lines do not count.
refuses_on() {
    local ranks=$1 name=$2 code=$3 text=$4
    shift 4
    refused "$name on $ranks ranks" "$code" "$text" "$MPIRUN" "$ranks" "$WORDSHARD" "$@"
}

# on RANKS ARGUMENTS...: run the program.
on() {
    local ranks=$1
    shift
    if [ "$ranks" -eq 1 ]; then
        "$WORDSHARD" "$@"
    else
        "$MPIRUN" "$ranks" "$WORDSHARD" "$@"
    fi
}

# small_disk FOLDER SIZE: mount an empty disk; fails without the right to.
small_disk() {
    mkdir "$1" && mount -t tmpfs -o size="$2" tmpfs "$1" 2>/dev/null && claims_disks+=("$claims_folder/$1")
}

# flip FILE PLACE: change one bit.
flip() {
    local byte
    byte=$(od -An -tu1 -j "$2" -N 1 "$1")
    printf '%b' "\\x$(printf %x $((byte ^ 1)))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
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
