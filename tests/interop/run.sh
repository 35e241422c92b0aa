#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Other programs read our files and agree with our vectors. ./dev interop sets WORDSHARD, MPIRUN and SOURCE.
#
#   run.sh                   files of the planted corpus in h5py, NumPy and gensim; then the neighbours
#                            of gensim's vectors and ours (from initial vectors as short as its
#                            own) of enwiki-10m, where ../shared has it
#   run.sh --full            the same with enwiki-100m: minutes
#   run.sh --text FILE       the same with another text (plain or .zst)
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

corpora=$SOURCE/../shared/data/corpora
least=0
case ${1:-} in
--full) text=$corpora/enwiki-100m.txt.zst least=0.58 ;;
--text) text=$2 ;;
*) text=$corpora/enwiki-10m.txt.zst ;;
esac
if [ ! -r "$text" ]; then
    echo "skipped: comparing neighbours needs $text; --text FILE names another"
    exit 0
fi
case $text in *.zst) zstd -dcq "$text" ;; *) cat "$text" ;; esac >"$folder/other.txt"
threads=$(nproc)
(
    cd "$folder"
    ours prepare other.txt -o other.h5 --threads "$threads" >/dev/null
    for seed in 1 2; do
        ours train other.h5 -o "$seed.h5" --threads "$threads" --seed "$seed" --dim 300 --epochs 3 --init-scale 1 \
            --snapshots last >/dev/null
        ours export "$seed.h5" -o "$seed.bin" >/dev/null
    done
)
"$python" "$here/neighbours.py" "$folder/other.txt" "$folder/1.bin" "$folder/2.bin" --at-least "$least"
