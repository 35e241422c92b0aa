#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# prepare as a user runs it: one result for any ranks, threads, packing and way of naming the text;
# and every kind of bad input with its exit code, one line on stderr, and nothing left behind.
set -u
source "$SOURCE/tests/support/claims.sh"
mkdir out

# number KEY: of the last result
number() { sed -n "s/.*\"$1\": *\"\{0,1\}\([^\",}]*\).*/\1/p" result; }

# is KEY... VALUE: what the last result says, joined by /
is() {
  local found=
  while [ $# -gt 1 ]; do
    found=$found/$(number "$1")
    shift
  done
  [ "$found" = "/$1" ] || { echo "$found is not /$1" && false; }
}

# prepare RANKS THREADS ARGS...: leaves the JSON in result, the file in out/c.h5
prepare() {
  local ranks=$1 threads=$2
  shift 2
  on "$ranks" prepare "$@" -o out/c.h5 --overwrite --json --threads "$threads" >result
}

# same NAME HASH RANKS THREADS ARGS...
same() {
  local name=$1 hash=$2
  shift 2
  claim "$name" prepare "$@"
  claim "$name: the corpus" is content_hash "$hash"
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
claim "a text is prepared" prepare 1 1 big
hash=$(number content_hash)
claim "every token of the text is counted" is tokens_read 3216000
claim "each line with words is a document" is documents "$(grep -c '[^ ]' big)"
for ranks in 1 2 3 4; do
  for threads in 1 2 3; do
    same "$ranks ranks of $threads threads make the same corpus" "$hash" $ranks $threads big
  done
done
gzip -1 -c big >big.gz
same "gzip makes no difference" "$hash" 2 2 big.gz
if command -v zstd >/dev/null; then
  zstd -q big -o big.zst
  same "zstd makes no difference" "$hash" 2 2 big.zst
  cp big.zst disguise.txt
  same "compression is told by contents, not by name" "$hash" 1 1 disguise.txt
else
  skip "zstd: it is not installed"
fi
claim "standard input makes no difference: it is read" prepare 1 2 - < <(cat big)
claim "standard input makes no difference" is content_hash "$hash"
claim "compressed standard input on two ranks makes no difference: it runs" prepare 2 1 - <big.gz
claim "compressed standard input on two ranks makes no difference" is content_hash "$hash"
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
claim "lines without words make no document: it runs" prepare 2 2 lines --min-count 1
claim "lines without words make no document" is documents tokens_read 4/5
claim "a line of white space of any kind is blank: it runs" prepare 2 1 lines --min-count 1 --document blank
claim "a line of white space of any kind is blank" is documents 4
printf 'a b\nc\n\n\nd e\nf' >paragraphs
claim "blank lines end documents: it runs" prepare 1 1 paragraphs --min-count 1 --document blank
claim "blank lines end documents" is documents 2
claim "files end documents: it runs" prepare 3 1 lines paragraphs lines --min-count 1 --document file
claim "files end documents" is documents 3
printf 'rare\na a\n' >rare
claim "a document of dropped words stays, empty: it runs" prepare 1 1 rare --min-count 2
claim "a document of dropped words stays, empty" is documents tokens_kept 2/2

# ---- words

printf 'CAF\303\211 cafe\314\201 x\302\240y \357\273\277' >unicode
claim "words are normalised, lower-cased and split at Unicode spaces: it runs" prepare 1 1 unicode --min-count 1 --lowercase
claim "words are normalised, lower-cased and split at Unicode spaces" is words tokens_read 4/5
printf 'a\0b \377\376 \342\202 ok' >broken
claim "--invalid replace repairs and counts: it runs" prepare 2 1 broken --min-count 1 --invalid replace
claim "--invalid replace repairs and counts" is repaired tokens_read 4/4
claim "--max-vocab keeps the most frequent words: it runs" prepare 1 1 text --max-vocab 10
claim "--max-vocab keeps the most frequent words" is words 10
claim "--max-vocab keeps the most frequent words" test "$(number tokens_kept)" -lt 400000

# ---- sizes without limit

{ head -c 1000000 /dev/zero | tr '\0' x; printf ' y '; head -c 1000000 /dev/zero | tr '\0' x; } >token
claim "a token of a megabyte is a word: it runs" prepare 2 2 token --min-count 1
claim "a token of a megabyte is a word" is words tokens_read 2/3
yes 'ab cd' | tr '\n' ' ' | head -c 100000000 >line
claim "a line of 100 MB is a document: it runs" prepare 1 2 line
claim "a line of 100 MB is a document" is documents tokens_read 1/33333334
claim "what does not fit in --memory goes through scratch files: it runs" prepare 2 1 line --memory 48M
claim "what does not fit in --memory goes through scratch files" is tokens_read 33333334
claim "what does not fit in --memory goes through scratch files" test "$(number spilled_bytes)" -gt 0
claim "no scratch file stays" test "$(ls out)" = c.h5
rm line
printf 'a a' >tiny
claim "more ranks than bytes work: it runs" prepare 4 3 tiny --min-count 1
claim "more ranks than bytes work" is tokens_kept 2

# ---- bad input

new=(-o out/new.h5 -q)
refuses "no text is a usage error" 2 'no text' prepare "${new[@]}"
refuses "a missing file is named" 4 'nowhere' prepare nowhere "${new[@]}"
refuses_on 2 "a missing file is named" 4 'nowhere' prepare text nowhere "${new[@]}"
: >empty
refuses "an empty file is refused" 3 'empty' prepare empty "${new[@]}"
mkdir nothing
refuses "an empty folder is refused" 3 'no files' prepare nothing "${new[@]}"
head -c 20000 "$WORDSHARD" >binary
refuses "a binary file is refused" 3 'binary' prepare binary "${new[@]}"
refuses_on 2 "a NUL byte is refused at its place" 3 'broken.*byte 1 .*--invalid replace' prepare broken "${new[@]}"
printf 'good words\nb\377d' >latin
refuses_on 2 "invalid UTF-8 is refused at its place" 3 'latin.*byte 12 ' prepare latin "${new[@]}"
refuses_on 2 "rare words are not enough" 3 'at least 5 times.*--min-count' prepare tiny "${new[@]}"
head -c 30000 big.gz >cut.gz
refuses_on 2 "a truncated gzip file is refused" 3 'cut.gz.*truncated' prepare cut.gz "${new[@]}"
{ head -c 30000 big.gz; head -c 200 /dev/zero | tr '\0' '\125'; tail -c +30201 big.gz; } >damaged.gz
refuses "a damaged gzip file is refused" 3 'damaged.gz' prepare damaged.gz "${new[@]}"
if [ -e big.zst ]; then
  head -c 30000 big.zst >cut.zst
  refuses "a truncated zstd file is refused" 3 'cut.zst.*truncated' prepare cut.zst "${new[@]}"
fi
refuses "a missing output folder is refused" 4 'missing' prepare text -o missing/c.h5
refuses "a folder that cannot be written is refused" 4 'proc' prepare text -o /proc/c.h5
touch out.h5
refuses "an output that exists is refused" 4 'overwrite' prepare text -o out.h5
refuses "standard input twice is a usage error" 2 'only once' prepare - - "${new[@]}"
if [ "$(id -u)" != 0 ]; then
  cp text locked && chmod 0 locked
  refuses "an unreadable file is refused" 4 'locked' prepare locked "${new[@]}"
else
  skip "a file without the right to read it: root reads all"
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
on_one_rank=("$MPIRUN" 2 ./elsewhere prepare first second -o "$PWD/out/new.h5" -q)
refused "a file that one rank cannot see stops all" 4 'second' "${on_one_rank[@]}"
cp tiny other/second
refused "a file that one rank sees with another size stops all" 4 'same files' "${on_one_rank[@]}"

if small_disk small 512k; then
  refuses "a full disk is refused" 5 'small' prepare big -o small/c.h5 -q
  refuses_on 2 "a full disk is refused" 5 'small' prepare big -o small/c.h5 -q
else
  skip "a full disk: it needs the right to mount"
fi

# ---- a real text

shared="$SOURCE/../shared/data/corpora/enwiki-100m.txt.zst"
if [ -r "$shared" ]; then
  claim "enwiki-100m is prepared" prepare 2 1 "$shared"
  claim "the counts of enwiki-100m are the known ones" is tokens_read words tokens_kept 16940805/67899/16697108
else
  skip "the counts of enwiki-100m: ../shared is not here"
fi
claims_end
