#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Other programs read our files and agree with our vectors. ./dev interop sets WORDSHARD, MPIRUN and SOURCE.
#
#   run.sh                    files of the planted corpus in h5py, NumPy and gensim
#   run.sh --overlap TEXT     also train gensim and us on TEXT (plain, or .zst) and compare the
#                             neighbours; 100 M characters take gensim about 10 minutes on 2 cores
set -euo pipefail
python=${PYTHON:-/usr/bin/python3}
here=$SOURCE/tests/interop
folder=$(mktemp -d "${TMPDIR:-/tmp}/wordshard-interop.XXXXXX")
trap 'rm -rf "$folder"' EXIT
export OMP_NUM_THREADS="${OMP_NUM_THREADS:-1}"

ours() { "$WORDSHARD" "$@" --quiet; }

(
    cd "$folder"
    ours synth -o text.txt --tokens 500000 >/dev/null
    "$MPIRUN" 2 "$WORDSHARD" prepare text.txt -o corpus.h5 --quiet >/dev/null
    "$MPIRUN" 2 "$WORDSHARD" train corpus.h5 -o run.h5 --dim 50 --epochs 2 --quiet >/dev/null
    for ending in bin txt glove npy; do
        ours export run.h5 -o "vectors.$ending" >/dev/null
    done
)
"$python" "$here/check_files.py" "$folder"

if [ "${1:-}" = --overlap ]; then
    text=$2
    if [ "${text##*.}" = zst ]; then
        zstd -dq "$text" -o "$folder/other.txt"
        text=$folder/other.txt
    fi
    threads=$(nproc)
    ours prepare "$text" -o "$folder/other.h5" --threads "$threads" >/dev/null
    ours train "$folder/other.h5" -o "$folder/other-run.h5" --threads "$threads" --dim 300 --epochs 3 \
        --snapshots last >/dev/null
    ours export "$folder/other-run.h5" -o "$folder/other.bin" >/dev/null
    "$python" "$here/neighbours.py" "$text" "$folder/other.bin" "${@:3}"
fi
