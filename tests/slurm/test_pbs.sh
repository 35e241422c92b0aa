#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# train.pbs: there is no PBS here, so a shell runs it and a qsub that notes what it is asked. What PBS makes
# of the directives is not tested.
set -u
source "$SOURCE/tests/slurm/support.sh"
text 200000 || exit 1
export OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_btl=self,vader

mkdir bin && cat >bin/qsub <<'END_OF_QSUB'
#!/bin/sh
echo "$@" >"$PBS_O_WORKDIR/again"
END_OF_QSUB
chmod +x bin/qsub
cp "$SOURCE/jobs/train.pbs" .
claim "train.pbs is filled in" fill train.pbs MAX_TIME=5s TEXT='(text.txt)' REQUEUES=50 \
    OPTIONS='(--deterministic --dim 64 --epochs 120 --threads 1)'

job() { # VARIABLE=VALUE...: what PBS does
    (cd / && env "$@" PATH="$OLDPWD/bin:$PATH" PBS_O_WORKDIR="$OLDPWD" OMP_NUM_THREADS=1 bash "$OLDPWD/train.pbs")
}
starts=0 code=85
while [ "$code" -eq 85 ] && [ "$starts" -lt 50 ]; do
    rm -f again
    job RESTARTS="$starts" >>pbs.log 2>&1
    code=$?
    starts=$((starts + 1))
    [ "$code" -ne 85 ] || claim "start $starts submits the next" test "$(cat again)" = "-v RESTARTS=$starts train.pbs"
done
claim "it completes" test "$code" -eq 0
claim "in several starts" test "$starts" -ge 2
claim "and submits no other" test ! -e again
"$WORDSHARD" train corpus.h5 -o straight.h5 --deterministic --dim 64 --epochs 120 --threads 1 -q >/dev/null
claim "it has the bits of one without interruption" same_vectors run.h5 straight.h5
claims_end
