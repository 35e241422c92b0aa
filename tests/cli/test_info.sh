#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# info, and what every command does with files that are damaged, foreign or do not fit on the disk.
set -u
export LC_ALL=C
passed=0 failed=0
work=$(mktemp -d "${TMPDIR:-/tmp}/wordshard-info-XXXXXX")
mounted=
trap 'test -n "$mounted" && umount "$mounted"; rm -rf "$work"' EXIT
cd "$work" || exit 1

claim() { # claim NAME STATUS: 0 = it holds
  if [ "$2" = 0 ]; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "failed: $1"
    [ -s stderr ] && sed 's/^/    /' stderr
  fi
}

# refused NAME CODE PATTERN COMMAND...: fails with CODE and one error line like PATTERN
refused() {
  local name=$1 code=$2 pattern=$3
  shift 3
  "$@" >result 2>stderr
  local got=$?
  [ $got = "$code" ] && [ "$(grep -c 'error:' stderr)" = 1 ] && grep 'error:' stderr | grep -q "$pattern"
  claim "$name (exit code $got, wanted $code)" $?
}

# flip FILE PLACE: change one byte
flip() {
  local byte
  byte=$(od -An -tu1 -j "$2" -N 1 "$1")
  printf "\\x$(printf %x $((byte ^ 1)))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

"$WORDSHARD" synth -o text.txt --tokens 100000 --vocab 1000 -q >/dev/null 2>stderr &&
  "$WORDSHARD" prepare text.txt -o c.h5 -q >/dev/null 2>stderr &&
  "$WORDSHARD" train c.h5 -o r.h5 --dim 20 --epochs 2 -q >/dev/null 2>stderr
claim "files_can_be_made" $?

# ---- what is said

"$WORDSHARD" info c.h5 --verify >result 2>stderr && grep -q 'wordshard corpus' result &&
  grep -q 'nothing is damaged' result && grep -Eq '^/tokens +int32 \[' result &&
  grep -Eq '^min-count +5$' result && grep -Eq '^content_hash +[0-9a-f]{32}$' result
claim "a_corpus_is_described" $?
"$WORDSHARD" info r.h5 --verify >result 2>stderr && grep -Eq '^/vectors +float32 \[[0-9]+, 20\]$' result &&
  grep -q '^snapshots of epochs 1 2$' result && grep -Eq '^ +2 +[0-9.]+ ' result &&
  grep -Eq '^corpus_hash +[0-9a-f]{32}$' result
claim "a_run_is_described" $?
"$MPIRUN" 3 "$WORDSHARD" info r.h5 --json >result 2>stderr && [ "$(grep -c '"kind": "wordshard run"' result)" = 1 ] &&
  grep -q '"columns": 20' result && grep -q '"snapshots": \[' result
claim "several_ranks_answer_once" $?

# ---- damage

cp c.h5 damaged.h5
size=$(stat -c %s c.h5)
flip damaged.h5 $((size - size / 4))
"$WORDSHARD" info damaged.h5 --verify >result 2>stderr
[ $? = 3 ] && grep -q 'damaged.h5' stderr
claim "verify_finds_one_changed_token" $?
cp r.h5 damaged.h5
size=$(stat -c %s r.h5)
flip damaged.h5 $((size / 2))
refused "verify_finds_one_changed_byte_of_a_run" 3 'damaged.h5.*damaged' "$WORDSHARD" info damaged.h5 --verify
head -c $((size / 2)) r.h5 >cut.h5
refused "a_cut_run_is_refused" 3 'cut.h5' "$WORDSHARD" info cut.h5
refused "a_cut_run_is_refused_by_all_ranks" 3 'cut.h5' "$MPIRUN" 2 "$WORDSHARD" nn cut.h5 word
refused "text_is_refused" 3 'text.txt is not an HDF5 file' "$WORDSHARD" info text.txt
: >empty.h5
refused "an_empty_file_is_refused" 3 'empty.h5 is empty' "$WORDSHARD" info empty.h5
refused "a_missing_file_is_refused" 4 'absent.h5: No such file' "$WORDSHARD" info absent.h5
refused "a_folder_is_refused" 3 'not a regular file' "$WORDSHARD" info "$work"
refused "a_run_is_no_corpus" 3 'r.h5 is a wordshard run' "$WORDSHARD" train r.h5 -o x.h5
refused "a_corpus_is_no_run" 3 'c.h5 is a wordshard corpus' "$MPIRUN" 2 "$WORDSHARD" nn c.h5 word
refused "one_file_at_a_time" 2 'exactly one' "$WORDSHARD" info c.h5 r.h5

# ---- a full disk

mkdir disk
if mount -t tmpfs -o size=1m none disk 2>/dev/null; then
  mounted=$work/disk
  for ranks in 1 2; do
    refused "a_full_disk_is_reported_by_$ranks" 5 'disk/.*free' timeout 60 "$MPIRUN" $ranks "$WORDSHARD" \
      train c.h5 -o disk/r.h5 --dim 200 --epochs 2 -q
    [ -z "$(ls disk)" ]
    claim "a_full_disk_leaves_nothing_with_$ranks" $?
  done
else
  echo "full disk: skipped, it needs the right to mount"
fi

# ---- a killed job

"$MPIRUN" 2 "$WORDSHARD" train c.h5 -o again.h5 --dim 20 --epochs 90000 -q >/dev/null 2>&1 &
job=$!
sleep 2
kill -KILL $job # its ranks may live on for a moment, and still write
wait $job 2>/dev/null
[ ! -e again.h5 ]
claim "a_killed_job_leaves_no_finished_file" $?
timeout 60 "$MPIRUN" 2 "$WORDSHARD" train c.h5 -o again.h5 --dim 20 --epochs 1 -q >/dev/null 2>stderr &&
  "$WORDSHARD" info again.h5 --verify >result 2>stderr
claim "the_next_job_writes_the_same_file" $?

echo "$passed passed, $failed failed"
[ $failed = 0 ]
