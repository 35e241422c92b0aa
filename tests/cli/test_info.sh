#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# info, and what every command does with files that are damaged, foreign or do not fit on the disk.
set -u
source "$SOURCE/tests/support/claims.sh"

made() {
  "$WORDSHARD" synth -o text.txt --tokens 100000 --vocab 1000 -q &&
    "$WORDSHARD" prepare text.txt -o c.h5 -q &&
    "$WORDSHARD" train c.h5 -o r.h5 --dim 20 --epochs 2 -q
}
claim files_can_be_made made

# ---- what is said

# says FILE PATTERN...: info of the file has a line like each pattern, and finds no damage
says() {
  local file=$1 pattern
  shift
  "$WORDSHARD" info "$file" --verify >said || return 1
  for pattern in "$@" 'nothing is damaged'; do
    grep -Eq -- "$pattern" said || { echo "no line like $pattern" && return 1; }
  done
}
claim a_corpus_is_described says c.h5 'wordshard corpus' '^/tokens +int32 \[' '^min-count +5$' \
  '^content_hash +[0-9a-f]{32}$'
claim a_run_is_described says r.h5 '^/vectors +float32 \[[0-9]+, 20\]$' '^snapshots of epochs 1 2$' '^ +2 +[0-9.]+ ' \
  '^corpus_hash +[0-9a-f]{32}$'
several_ranks_answer_once() {
  on 3 info r.h5 --json >said && [ "$(grep -c '"kind": "wordshard run"' said)" = 1 ] &&
    grep -q '"columns": 20' said && grep -q '"snapshots": \[' said
}
claim several_ranks_answer_once several_ranks_answer_once

# ---- damage

# One changed byte. The description is printed before it is found.
cp c.h5 damaged.h5
size=$(stat -c %s c.h5)
flip damaged.h5 $((size - size / 4))
refused verify_finds_one_changed_token 3 'damaged.h5' "$WORDSHARD" info damaged.h5 --verify
cp r.h5 damaged.h5
size=$(stat -c %s r.h5)
flip damaged.h5 $((size / 2))
refused verify_finds_one_changed_byte_of_a_run 3 'damaged.h5.*damaged' "$WORDSHARD" info damaged.h5 --verify
refuses a_folder_is_refused 3 'not a regular file' info .
refuses one_file_at_a_time 2 'exactly one' info c.h5 r.h5

# ---- a full disk

if small_disk disk 1m; then
  for ranks in 1 2; do
    refuses_on "$ranks" a_full_disk_is_reported 5 'disk/.*free' train c.h5 -o disk/r.h5 --dim 200 --epochs 2 -q
  done
else
  skip "a full disk: it needs the right to mount"
fi

# ---- a killed job

"$MPIRUN" 2 "$WORDSHARD" train c.h5 -o again.h5 --dim 20 --epochs 90000 -q >/dev/null 2>&1 &
job=$!
for _ in $(seq 100); do
  compgen -G 'again.h5*' >/dev/null && break
  sleep 0.1
done
kill -KILL $job # its ranks may live on for a moment, and still write
wait $job 2>/dev/null
claim a_killed_job_leaves_no_finished_file test ! -e again.h5
claim the_next_job_writes_the_same_file timeout 60 "$MPIRUN" 2 "$WORDSHARD" train c.h5 -o again.h5 --dim 20 --epochs 1 -q
claim and_it_is_whole "$WORDSHARD" info again.h5 --verify
claims_end
