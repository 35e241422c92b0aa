#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# prepare as a user runs it: one result for any ranks, threads, packing and way of naming the text;
# and every kind of bad input with its exit code, one line on stderr, and nothing left behind.
set -u
export LC_ALL=C
passed=0 failed=0
work=$(mktemp -d "${TMPDIR:-/tmp}/wordshard-prepare-XXXXXX")
mounted=
trap 'test -n "$mounted" && umount "$mounted"; rm -rf "$work"' EXIT
cd "$work" || exit 1
mkdir out

claim() { # claim NAME STATUS: 0 = it holds
  if [ "$2" = 0 ]; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "failed: $1"
    [ -s stderr ] && sed 's/^/    /' stderr
  fi
}

# number KEY: of the last result
number() { sed -n "s/.*\"$1\": *\"\{0,1\}\([^\",}]*\).*/\1/p" result; }

# prepare RANKS THREADS ARGS...: leaves the JSON in result, the file in out/c.h5
prepare() {
  local ranks=$1 threads=$2
  shift 2
  "$MPIRUN" "$ranks" "$WORDSHARD" prepare "$@" -o out/c.h5 --overwrite --json --threads "$threads" \
    >result 2>stderr
}

# same NAME HASH RANKS THREADS ARGS...
same() {
  local name=$1 hash=$2
  shift 2
  prepare "$@" && [ "$(number content_hash)" = "$hash" ]
  claim "$name" $?
}

# refused NAME CODE PATTERN COMMAND...: fails with CODE, one error line like PATTERN, no file left
refused() {
  local name=$1 code=$2 pattern=$3
  shift 3
  rm -f out/*
  "$@" >result 2>stderr
  local got=$?
  [ $got = "$code" ] && [ "$(grep -c 'error:' stderr)" = 1 ] && grep 'error:' stderr | grep -q "$pattern" &&
    [ -z "$(ls out)" ]
  claim "$name (exit code $got, wanted $code)" $?
}

# ---- one result

awk 'BEGIN {
  srand(7)
  for (i = 0; i < 400000; i++) {
    n = int(exp(rand() * 9))
    printf "%s%s", n % 11 ? "w" n : (n % 2 ? "caf\303\251" n : "cafe\314\201" n - 11), rand() < .06 ? (rand() < .3 ? "\n\n" : "\n") : " "
  }
  for (i = 0; i < 2000; i++) printf "padding%09d ", i % 97
}' >text
for i in 1 2 3 4 5 6 7 8; do cat text; done >big # several pieces of 8 MiB
prepare 1 1 big
claim "a text is prepared" $?
hash=$(number content_hash)
[ "$(number tokens_read)" = 3216000 ]
claim "every token of the text is counted" $?
[ "$(number documents)" = "$(grep -c '[^ ]' big)" ]
claim "each line with words is a document" $?
for ranks in 1 2 3 4; do
  for threads in 1 2 3; do
    same "$ranks ranks of $threads threads make the same corpus" "$hash" $ranks $threads big
  done
done
gzip -c big >big.gz
same "gzip makes no difference" "$hash" 2 2 big.gz
if command -v zstd >zstd.path; then
  zstd -q big -o big.zst
  same "zstd makes no difference" "$hash" 2 2 big.zst
  cp big.zst disguise.txt
  same "compression is told by contents, not by name" "$hash" 1 1 disguise.txt
else
  echo "zstd is not installed: its command-line checks are skipped"
fi
# shellcheck disable=SC2002 # a pipe is what is tested
cat big | prepare 1 2 - && [ "$(number content_hash)" = "$hash" ]
claim "standard input makes no difference" $?
prepare 2 1 - <big.gz && [ "$(number content_hash)" = "$hash" ]
claim "compressed standard input on two ranks makes no difference" $?
mkfifo pipe
cat big >pipe &
same "a named pipe makes no difference" "$hash" 2 1 pipe
wait
same "little memory makes no difference" "$hash" 1 2 big --memory 64M

mkdir -p tree/b
for i in 1 2 3; do head -n $((i * 1000)) text >tree/$i.txt; done
gzip -c tree/2.txt >tree/b/z
rm tree/2.txt
prepare 1 1 tree/1.txt tree/3.txt tree/b/z
files=$(number content_hash)
same "a folder stands for its files in byte order" "$files" 3 2 tree
same "a pattern stands for its files" "$files" 2 1 'tree/*.txt' tree/b

# ---- documents

printf 'a b\n\n c\n \t\nd\n\302\240\ne' >lines
prepare 2 2 lines --min-count 1 && [ "$(number documents)/$(number tokens_read)" = 4/5 ]
claim "lines without words make no document" $?
prepare 2 1 lines --min-count 1 --document blank && [ "$(number documents)" = 4 ]
claim "a line of white space of any kind is blank" $?
printf 'a b\nc\n\n\nd e\nf' >paragraphs
prepare 1 1 paragraphs --min-count 1 --document blank && [ "$(number documents)" = 2 ]
claim "blank lines end documents" $?
prepare 3 1 lines paragraphs lines --min-count 1 --document file && [ "$(number documents)" = 3 ]
claim "files end documents" $?
printf 'rare\na a\n' >rare
prepare 1 1 rare --min-count 2 && [ "$(number documents)/$(number tokens_kept)" = 2/2 ]
claim "a document of dropped words stays, empty" $?

# ---- words

printf 'CAF\303\211 cafe\314\201 x\302\240y \357\273\277' >unicode
prepare 1 1 unicode --min-count 1 --lowercase && [ "$(number words)/$(number tokens_read)" = 4/5 ]
claim "words are normalised, lower-cased and split at Unicode spaces" $?
printf 'a\0b \377\376 \342\202 ok' >broken
prepare 2 1 broken --min-count 1 --invalid replace && [ "$(number repaired)/$(number tokens_read)" = 4/4 ]
claim "--invalid replace repairs and counts" $?
prepare 1 1 text --max-vocab 10 && [ "$(number words)" = 10 ] && [ "$(number tokens_kept)" -lt 400000 ]
claim "--max-vocab keeps the most frequent words" $?

# ---- sizes without limit

{ head -c 1000000 /dev/zero | tr '\0' x; printf ' y '; head -c 1000000 /dev/zero | tr '\0' x; } >token
prepare 2 2 token --min-count 1 && [ "$(number words)/$(number tokens_read)" = 2/3 ]
claim "a token of a megabyte is a word" $?
yes 'ab cd' | tr '\n' ' ' | head -c 100000000 >line
prepare 1 2 line && [ "$(number documents)/$(number tokens_read)" = 1/33333334 ]
claim "a line of 100 MB is a document" $?
prepare 2 1 line --memory 100M && [ "$(number tokens_read)" = 33333334 ] && [ "$(number spilled_bytes)" -gt 0 ]
claim "what does not fit in --memory goes through scratch files" $?
[ "$(ls out)" = c.h5 ]
claim "no scratch file stays" $?
rm line
printf 'a a' >tiny
prepare 4 3 tiny --min-count 1 && [ "$(number tokens_kept)" = 2 ]
claim "more ranks than bytes work" $?

# ---- bad input

run() { "$WORDSHARD" prepare "$@" -o out/c.h5 -q; }
run_ranks() { "$MPIRUN" 2 "$WORDSHARD" prepare "$@" -o out/c.h5 -q; }
refused "no text is a usage error" 2 'no text' run
refused "a missing file is named" 4 'nowhere' run nowhere
refused "a missing file is named on two ranks" 4 'nowhere' run_ranks text nowhere
: >empty
refused "an empty file is refused" 3 'empty' run empty
mkdir nothing
refused "an empty folder is refused" 3 'no files' run nothing
head -c 20000 "$WORDSHARD" >binary
refused "a binary file is refused" 3 'binary' run binary
refused "a NUL byte is refused at its place" 3 'broken.*byte 1 .*--invalid replace' run_ranks broken
printf 'good words\nb\377d' >latin
refused "invalid UTF-8 is refused at its place" 3 'latin.*byte 12 ' run_ranks latin
refused "rare words are not enough" 3 'at least 5 times.*--min-count' run_ranks tiny
head -c 30000 big.gz >cut.gz
refused "a truncated gzip file is refused" 3 'cut.gz.*truncated' run_ranks cut.gz
{ head -c 30000 big.gz; head -c 200 /dev/zero | tr '\0' '\125'; tail -c +30201 big.gz; } >damaged.gz
refused "a damaged gzip file is refused" 3 'damaged.gz' run damaged.gz
if [ -s zstd.path ]; then
  head -c 30000 big.zst >cut.zst
  refused "a truncated zstd file is refused" 3 'cut.zst.*truncated' run cut.zst
fi
refused "a missing output folder is refused" 4 'missing' "$WORDSHARD" prepare text -o missing/c.h5
refused "a folder that cannot be written is refused" 4 'proc' "$WORDSHARD" prepare text -o /proc/c.h5
touch out.h5
refused "an output that exists is refused" 4 'overwrite' "$WORDSHARD" prepare text -o out.h5
refused "standard input twice is a usage error" 2 'only once' run - -
if [ "$(id -u)" != 0 ]; then
  cp text locked && chmod 0 locked
  refused "an unreadable file is refused" 4 'locked' run locked
fi

# Rank 1 runs in another folder, where the text is missing or has another size.
cat >elsewhere <<'END'
#!/bin/sh
[ "${OMPI_COMM_WORLD_RANK:-0}" = 1 ] && cd other
exec "$WORDSHARD" "$@"
END
chmod +x elsewhere
mkdir other
cp text first
cp text second
on_one_rank() { "$MPIRUN" 2 ./elsewhere prepare first second -o "$work/out/c.h5" -q; }
refused "a file that one rank cannot see stops all" 4 'second' on_one_rank
cp tiny other/second
refused "a file that one rank sees with another size stops all" 4 'same files' on_one_rank

if [ "$(id -u)" = 0 ] && mkdir small && mount -t tmpfs -o size=512k tmpfs small 2>stderr; then
  mounted=small
  refused "a full disk is refused" 5 'small' "$WORDSHARD" prepare big -o small/c.h5 -q
  [ -z "$(ls small)" ]
  claim "a full disk leaves no file" $?
else
  echo "no right to mount a small disk: the check of a full one is skipped"
fi

# ---- a real text

shared="$SOURCE/../shared/data/corpora/enwiki-100m.txt.zst"
if [ -r "$shared" ]; then
  prepare 2 1 "$shared" &&
    [ "$(number tokens_read)/$(number words)/$(number tokens_kept)" = 16940805/67899/16697108 ]
  claim "the counts of enwiki-100m are the known ones" $?
else
  echo "../shared is not here: the check of enwiki-100m is skipped"
fi

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
