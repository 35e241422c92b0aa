#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What every command does with bad input and bad places: its exit code, one line, in bounded time, and
# every file left as it was. What only prepare, the options or one command's formats can meet is
# claimed in their own tests.
set -u
source "$SOURCE/tests/support/claims.sh"

"$WORDSHARD" synth -o t.txt --tokens 60000 --vocab 500 -q >/dev/null || exit 1
"$WORDSHARD" prepare t.txt -o c.h5 -q >/dev/null || exit 1
"$WORDSHARD" train c.h5 -o r.h5 --dim 16 --epochs 1 -q >/dev/null || exit 1
printf 'a b c d\n' >q.txt
read -r word _ <t.txt

# What reads a run, or a corpus; FILE stands for it.
questions=("eval FILE --analogies q.txt" "nn FILE a" "analogy FILE a b c" "export FILE -o new.txt")
readers=("train FILE -o new.h5 -q" "info FILE --verify" "${questions[@]}")

# all_refuse NAME CODE TEXT FILE RANKS CALL...: each call, given the file
all_refuse() {
    local name=$1 code=$2 text=$3 file=$4 ranks=$5 call words
    shift 5
    for call in "$@"; do
        read -ra words <<<"${call/FILE/$file}"
        if [ "$ranks" -eq 1 ]; then
            refuses "$name for ${words[0]}" "$code" "$text" "${words[@]}"
        else
            refuses_on "$ranks" "$name for ${words[0]}" "$code" "$text" "${words[@]}"
        fi
    done
}

# ---- files that are no file of ours

all_refuse "a missing file" 4 'absent.h5' absent.h5 1 "${readers[@]}"
all_refuse "a missing file" 4 'absent.h5' absent.h5 2 "${readers[@]}"
: >empty.h5
all_refuse "an empty file" 3 'empty.h5' empty.h5 1 "${readers[@]}"
head -c 20000 "$WORDSHARD" >binary.h5
all_refuse "a binary file" 3 'binary.h5' binary.h5 1 "${readers[@]}"
all_refuse "a folder" 3 'regular file' . 1 "${readers[@]:1}"
head -c $(($(stat -c %s r.h5) / 2)) r.h5 >cut.h5
all_refuse "a cut run" 3 'cut.h5' cut.h5 1 "${readers[@]}"
all_refuse "a cut run" 3 'cut.h5' cut.h5 2 "${readers[@]}"
head -c $(($(stat -c %s c.h5) / 2)) c.h5 >cut.h5
all_refuse "a cut corpus" 3 'cut.h5' cut.h5 2 "${readers[0]}"
all_refuse "a corpus" 3 'c.h5' c.h5 1 "${questions[@]}"
all_refuse "a corpus" 3 'c.h5' c.h5 2 "${questions[1]}"
all_refuse "a run" 3 'r.h5' r.h5 2 "${readers[0]}"
if command -v h5mkgrp >/dev/null; then
    h5mkgrp foreign.h5 /vectors
    all_refuse "an HDF5 file of another program" 3 'foreign.h5' foreign.h5 1 "${readers[@]}"
    all_refuse "an HDF5 file of another program" 3 'foreign.h5' foreign.h5 2 "${readers[@]}"
else
    skip "an HDF5 file of another program: h5mkgrp is not installed"
fi

# One changed bit anywhere: found, or harmless, but never a crash, a hang or another exit code.
survives() {
    local code
    timeout 20 "$WORDSHARD" "$@"
    code=$?
    [ "$code" -eq 0 ] || [ "$code" -eq 3 ] || { echo "exit code $code" && false; }
}
for file in c.h5 r.h5; do
    size=$(stat -c %s $file)
    for i in {0..39}; do # the first 3.6 kB and the last 13 kB, where the structure is
        cp $file bit.h5
        place=$((i < 24 ? i * i * 7 : size - 1 - (i - 24) * (i - 24) * 61))
        flip bit.h5 $place
        claim "byte $place of $file changed" survives info --verify bit.h5
        [ $file$((i % 3)) != r.h50 ] || claim "byte $place of $file changed: nn" survives nn bit.h5 "$word"
    done
done
rm bit.h5

# ---- texts

refuses "a binary text for train" 3 'binary' train binary.h5 -o new.h5 -q
printf 'only once each\n' >rare.txt
refuses "a text of rare words for train" 3 'at least 5 times' train rare.txt -o new.h5 -q
refuses_on 2 "a text of rare words for train" 3 'at least 5 times' train rare.txt -o new.h5 -q
printf 'good\0bad' >nul.txt
refuses "a NUL byte" 3 'nul.txt.*byte 4 ' prepare nul.txt -o new.h5 -q
printf 'good \303(' >latin.txt
refuses "invalid UTF-8" 3 'latin.txt.*byte 5 ' prepare latin.txt -o new.h5 -q
gzip -c t.txt | head -c 5000 >cut.gz
refuses "a truncated gzip file" 3 'cut.gz.*truncated' prepare cut.gz -o new.h5 -q
if command -v zstd >/dev/null; then
    zstd -qc t.txt | head -c 5000 >cut.zst
    refuses_on 2 "a truncated zstd file" 3 'cut.zst.*truncated' prepare cut.zst -o new.h5 -q
fi

# ---- questions

printf ': s\nman woman king\n' >bad.txt
refuses_on 2 "a broken question" 3 'bad.txt:2: four words' eval r.h5 --analogies bad.txt
printf 'a\tb\tscore\na\tb\tten\n' >bad.tsv
refuses_on 2 "a score that is no number" 3 'bad.tsv:2: ' eval r.h5 --similarity bad.tsv
printf 'word\tclass\nalone\n' >classes.tsv
refuses "a word without a class" 3 'classes.tsv:2: ' eval r.h5 --categories classes.tsv
refuses_on 2 "a word without a class" 3 'classes.tsv:2: ' eval r.h5 --categories classes.tsv
refuses "a binary evaluation file" 3 'binary.h5' eval r.h5 --analogies binary.h5
refuses_on 2 "a missing evaluation file" 4 'none.txt' eval r.h5 --similarity none.txt

# ---- more ranks than documents

printf 'a b a b c\nc b a\n' >two.txt
few=(--min-count 1 -q --threads 1)
claim "prepare with more ranks than documents" timeout 60 "$MPIRUN" 4 "$WORDSHARD" prepare two.txt -o two.h5 "${few[@]}"
claim "its file is whole" "$WORDSHARD" info two.h5 --verify
for replicas in 1 4; do
    claim "train with more ranks than documents, $replicas replicas" timeout 60 "$MPIRUN" 4 "$WORDSHARD" train two.h5 \
        -o "two-$replicas.h5" --dim 4 --sample 0 --epochs 2 --threads 1 --replicas $replicas -q
    claim "that run is whole, $replicas replicas" "$WORDSHARD" info "two-$replicas.h5" --verify
done
claim "nn with more ranks than words" timeout 60 "$MPIRUN" 4 "$WORDSHARD" nn two-1.h5 a --threads 1
claim "export with more ranks than words" timeout 60 "$MPIRUN" 4 "$WORDSHARD" export two-1.h5 -o two.out.txt -q

# ---- a file that one rank cannot see: rank 1 runs in another folder

cat >elsewhere <<'END'
#!/bin/sh
[ "${OMPI_COMM_WORLD_RANK:-0}" = 1 ] && cd other
exec "$WORDSHARD" "$@"
END
chmod +x elsewhere
mkdir other
cp q.txt other
on_one_rank() { # NAME TEXT ARGS...
    refused "$1 that one rank cannot see" 4 "$2" "$MPIRUN" 2 ./elsewhere "${@:3}"
}
on_one_rank "a corpus" 'c.h5' train c.h5 -o new.h5 -q
for call in "${questions[@]}"; do
    read -ra words <<<"${call/FILE/r.h5}"
    on_one_rank "a run for ${words[0]}" 'r.h5' "${words[@]}"
done

# ---- where to write

writers=("synth --tokens 2000000 -q" "prepare c.txt --min-count 1 -q" "train c.h5 --dim 800 -q" "export big.h5 -f word2vec-bin"
    "export big.h5 -f word2vec-text" "export big.h5 -f glove" "export big.h5 -f npy" "import big.txt -q")
seq 200000 | tr '\n' ' ' >c.txt
claim "a large run is trained" "$WORDSHARD" train c.h5 -o big.h5 --dim 800 --epochs 1 -q
claim "and exported" "$WORDSHARD" export big.h5 -o big.txt -q

cannot_write() { # NAME CODE TEXT FOLDER [RANKS]
    local call words
    for call in "${writers[@]}"; do
        read -ra words <<<"$call"
        refuses_on "${5:-1}" "$1: $call" "$2" "$3" "${words[@]}" -o "$4/new.h5"
    done
}
cannot_write "a missing folder" 4 'missing' missing
if small_disk full 256k; then
    cannot_write "a full disk" 5 'full/new' full
    cannot_write "a full disk" 5 'full/new' full 2
else
    skip "a full disk: it needs the right to mount"
fi
if small_disk readonly 256k && mount -o remount,ro readonly; then
    cannot_write "a disk that is read-only" 4 'readonly' readonly
elif mkdir locked && chmod a-w locked && [ ! -w locked ]; then
    cannot_write "a folder that is read-only" 4 'locked' locked
else
    skip "a folder that is read-only: it needs the right to mount, or to be another user than root"
fi
refused "results that cannot be printed" 5 'standard output' sh -c 'exec "$WORDSHARD" info r.h5 >/dev/full'
refused "JSON that cannot be printed" 5 'standard output' sh -c 'exec "$WORDSHARD" info r.h5 --json >/dev/full'
claims_end
