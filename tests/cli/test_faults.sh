#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What ./dev faults has found, once each: writes that fail where it is hard to notice.
set -u
source "$SOURCE/tests/support/claims.sh"
source "$SOURCE/tests/support/resume.sh"

LD_PRELOAD=$SHIM "$WORDSHARD" --version >/dev/null 2>&1 || { # a sanitizer wants to be the first library
    skip "failing writes: this program takes no preloaded library"
    exit 77
}
"$WORDSHARD" synth -o t.txt --tokens 300000 --vocab 800 -q >/dev/null || exit 1
"$WORDSHARD" prepare t.txt -o c.h5 -q >/dev/null || exit 1
"$WORDSHARD" cooccur c.h5 -o x.h5 -q >/dev/null || exit 1

# failing CALL PATH ERRNO RANKS ARGS...: write (or $kind) CALL to PATH and all later ones of rank 0 fail.
failing() {
    local -a fault=(LD_PRELOAD="$SHIM" FAULT_CALL="${kind:-write}" FAULT_HOW=fail FAULT_AT="$1" FAULT_PATH="$2" FAULT_ERRNO="$3" FAULT_RANK=0)
    local ranks=$4
    shift 4
    timeout 60 "$MPIRUN" "$ranks" env "${fault[@]}" "$WORDSHARD" train "$@" >fault.out 2>fault.err
}
readonly EIO=5 ENOSPC=28
rounds=(c.h5 --dim 40 --threads 1 --deterministic --epochs 4)
glove=(x.h5 --dim 40 --threads 1 --model glove --epochs 8)
claim "rounds" "$WORDSHARD" train "${rounds[@]}" -o rounds.h5 -q
claim "GloVe" "$WORDSHARD" train "${glove[@]}" -o glove.h5 -q

# HDF5 goes on after it; on several ranks to where they wait for each other.
failing 9 r.ckpt $EIO 3 "${rounds[@]}" -o r.h5 --checkpoint-every 0.05s
claim "metadata that one of three ranks cannot write: exit code 4, not $?" test $? -eq 4
claim "is told in one line" sh -c '[ "$(grep -c "wordshard: error: .*cannot write to r.ckpt/state-0.h5.partial" fault.err)" -eq 1 ]'
claim "the same command" on 2 train "${rounds[@]}" -o r.h5 -q
claim "gives the same bits" same_run rounds.h5 r.h5

# The signal that ends the other ranks does not make them speak too.
kind=create failing 2 s.ckpt $EIO 2 x.h5 --dim 40 --threads 1 --model ppmi-svd --iterations 1000 -o s.h5 --checkpoint-every 0.05s
claim "a file that two ranks cannot make: exit code 4, not $?" test $? -eq 4
claim "is told in one line" test "$(grep -c 'wordshard: error: ' fault.err)" -eq 1

# Whoever reads such a snapshot back before the end finds zeros in it.
failing 30 g.h5.partial $ENOSPC 1 "${glove[@]}" -o g.h5 --checkpoint-every 0.01s
claim "a snapshot that cannot be written: exit code 5, not $?" test $? -eq 5
claim "is named" grep -q "cannot write /epochs/.* to g.h5.partial: No space left" fault.err
claim "the same command" "$WORDSHARD" train "${glove[@]}" -o g.h5 -q
claim "gives the same bits" same_run glove.h5 g.h5

# HDF5 crashes on files that it could not create or close.
for call in 3 5 17; do
    rm -rf e.*
    failing "$call" e.ckpt $EIO 1 "${rounds[@]}" -o e.h5 --checkpoint-every 0.05s
    claim "checkpoints that fail from write $call on are warnings: exit code $?" test $? -eq 0
    claim "and change nothing" same_run rounds.h5 e.h5
done

place=$(grep -abo complete rounds.h5 | head -1 | cut -d : -f 1) # why the session ended
cp rounds.h5 bad.h5
flip bad.h5 "$place"
refuses "a damaged attribute of the provenance" 3 "bad.h5" info --verify bad.h5
claims_end
