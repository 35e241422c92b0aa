# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# For tests on the cluster: claims.sh, and jobs.
source "$SOURCE/tests/support/claims.sh"
# What claims.sh sets is for programs that no launcher starts.
unset OMPI_MCA_orte_tmpdir_base OMPI_MCA_ess_singleton_isolated
export OMPI_MCA_btl=self,vader,tcp

# fill FILE NAME=VALUE...: set variables of a launch script as a user does; --KEY=VALUE is one of #SBATCH.
# One that the script does not have is an error. A value may have had several lines, in ( ).
fill() {
    local file=$1 setting key
    shift
    for setting in "$@"; do
        key=${setting%%=*}
        case $key in --*) key="#SBATCH $key" ;; esac
        grep -q "^$key=" "$file" || {
            echo "$file has no $key"
            return 1
        }
        awk -v key="$key=" -v value="${setting#*=}" '
            within { within = !/^\)/; next }
            index($0, key) == 1 { within = /\([^)]*$/; print key value; next }
            { print }' "$file" >"$file.new" && mv "$file.new" "$file"
    done
}

# template NAME SETTING...: jobs/NAME, filled in, with ranks that fit on a node of the cluster.
template() {
    cp "$SOURCE/jobs/$1" "$1" && fill "$1" --mem=256M --cpus-per-task=1 "${@:2}"
}

# text TOKENS: a planted text.txt with its answers.
text() {
    "$WORDSHARD" synth -o text.txt --tokens "$1" -q >/dev/null
}

of_job() { # JOB KEY: of an array, one line for each task
    scontrol show job -o "$1" 2>/dev/null | sed "s/.* $2=\([^ ]*\) .*/\1/"
}

# becomes JOB STATE SECONDS: wait until it is, of an array all tasks.
becomes() {
    for _ in $(seq $(($3 * 5))); do
        [ "$(of_job "$1" JobState | sort -u)" != "$2" ] || return 0
        sleep 0.2
    done
    find . -name "*.log" -exec tail -n 12 {} +
    echo "job $1 is $(of_job "$1" JobState), reason $(of_job "$1" Reason) after $3 s, not $2"
    return 1
}

# appears SECONDS PATTERN: wait until there is such a file.
appears() {
    for _ in $(seq $(($1 * 10))); do
        ! compgen -G "$2" >/dev/null || return 0
        sleep 0.1
    done
    find . -name "*.log" -exec tail -n 12 {} +
    echo "no $2 after $1 s"
    return 1
}

# same_vectors RUN RUN: all tables equal to the bit.
same_vectors() {
    local table tables
    tables=$(h5ls "$1" | awk '$2 == "Dataset" && $1 ~ /^(vectors|context|bias|context_bias)$/ { print $1 }')
    [[ $tables = *context*vectors ]] || return 1
    for table in $tables; do
        h5dump -d "/$table" -b LE -o 1.bytes "$1" >/dev/null && h5dump -d "/$table" -b LE -o 2.bytes "$2" >/dev/null &&
            test -s 1.bytes && cmp 1.bytes 2.bytes || return 1
    done
}
