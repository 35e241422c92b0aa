#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# seeds.sh FOLDER: a folder of seeds for each fuzz target: what is kept in tests/fuzz/seeds (past
# findings as well), and files of our own programs; NAME.dict where libFuzzer needs words that it
# would not guess. Needs SOURCE and WORDSHARD.
set -euo pipefail
folder=$1
rm -rf "$folder"
mkdir -p "$folder"
cp -r "$SOURCE"/tests/fuzz/seeds/* "$folder"
cd "$folder"
mkdir -p text tokens lexicon evalset word2vec_bin word2vec_text glove npy config study hdf5_bytes hdf5_made

# ---- texts

printf 'the cat sat\non the mat\n\nthe dog\tran\r\n' >text/plain
printf '\xEF\xBB\xBFÄpfel und Öl\u00a0und\u2028ﬁn \u1e9e' >text/unicode
printf 'good b\xFFd \xC3( nul\0nul \xF0\x9F\x98' >text/invalid
{ head -c 700 /dev/zero | tr '\0' 'x' && printf ' %s' {1..700}; } >text/long
gzip -9 <text/plain >text/gzip
cat text/gzip text/gzip >text/members
if command -v zstd >/dev/null; then
    zstd -q <text/plain >text/zstd
    zstd -q --no-check <text/long >text/frame
fi
for name in plain unicode invalid long; do
    tr -d ' \n\t\r' <text/$name >tokens/$name
    { printf 'A' && cat text/$name; } >lexicon/$name
done

# ---- vectors: two words of three columns

printf '2 3\nthe 1 -2.5 3e-2\ncat 0.1 inf 7\n' >word2vec_text/infinite
printf '2 3\nthe 1 -2.5 3e-2\ncat 0.1 4 7\n' >word2vec_text/good
tail -n +2 word2vec_text/good >glove/good
printf '\xEF\xBB\xBF\xEF\xBB\xBF  3' >glove/marks
printf ' \xEF\xBB\xBFa 1' >glove/mark_behind_a_blank
floats='\0\0\x80\x3F\0\0\x20\xC0\x8F\xC2\xF5\x3C'
# shellcheck disable=SC2059 # the formats are the bytes
printf "2 3\nthe $floats\ncat $floats\n" >word2vec_bin/good
# shellcheck disable=SC2059
{
    printf '\x08\0the\ncat\n\x93NUMPY\x01\0\x76\0'
    printf '%-117s\n' "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }"
    printf "$floats$floats"
} >npy/good

# ---- HDF5: the smallest files that our programs write

export OMPI_MCA_ess_singleton_isolated=1 OMPI_MCA_pml=ob1 OMPI_MCA_btl=self,vader # as claims.sh
quietly() { "$WORDSHARD" "$@" --quiet --threads 1 >/dev/null; }
for _ in {1..30}; do echo 'the cat sat on the mat and the dog ran'; done >corpus.txt
quietly prepare corpus.txt -o hdf5_bytes/corpus --min-count 1
quietly cooccur hdf5_bytes/corpus -o hdf5_bytes/counts --window 2
quietly train hdf5_bytes/corpus -o hdf5_bytes/run --dim 2 --epochs 1
quietly train hdf5_bytes/corpus -o other --dim 2 --epochs 1 --seed 2
quietly stability hdf5_bytes/run other -o hdf5_bytes/result
rm other

# Edits of these: which file, then which object, what is done, and how.
printf '\x00' >hdf5_made/corpus
printf '\x01\x06\x06\x01\x03\x07' >hdf5_made/counts
printf '\x02\x09\x05\x03\x01\x06\x02\x01\x00\x00\x00\x08\x01\x05\x02\x05' >hdf5_made/run
printf '\x03\x1A\x06\x1D\x02\x1C\x07\x19\x05' >hdf5_made/result
printf '\x02\x14\x03\x13\x03' >hdf5_made/circles # once walked in exponential time

printf '\x13\x13\x2b\x03\x61\x19\x05\x07\x06\x04\xff\x08\x57\x01\x01\x13' >hdf5_made/root # a second name of the root

# ---- studies

cp "$SOURCE"/benchmarks/studies/*.yaml study

# ---- words

sed -n 's/^OPTION([a-z]*, [a-z_0-9]*, "\([^"]*\)".*/"\1: "/p' "$SOURCE/src/driver/options.def" >config.dict
{ cat config.dict && printf '"%s: "\n' corpora periods prepare models options grid noise controls controls-of counts seeds; } >study.dict
printf '"%s"\n' "'descr'" "'<f4'" "'shape'" "'fortran_order'" False \\x93NUMPY >npy.dict
