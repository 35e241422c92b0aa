# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# For tests of interruptions: the same training of each model as a job, and beside it on one rank that
# nothing interrupts. What stops the job differs from test to test.
source "$SOURCE/tests/slurm/support.sh"
models=(skipgram cbow glove)
declare -A options=(
    [skipgram]="--deterministic --replicas 4"
    [cbow]="--deterministic --replicas 4 --model cbow"
    [glove]="--model glove"
)
declare -A job # of each model

# resume_begin TEMPLATE EPOCHS SETTING...: submit a job for each model, from a folder of its name. An epoch
# of GloVe is a tenth of the others', so that it has ten times as many.
resume_begin() {
    local model epochs
    text 200000 && "$WORDSHARD" prepare text.txt -o corpus.h5 -q >/dev/null || exit 1
    for model in "${models[@]}"; do
        epochs=$2
        [ "$model" != glove ] || epochs=$((10 * epochs))
        options[$model]+=" --dim 100 --epochs $epochs --snapshots last --threads 1"
        mkdir "$model"
        claim "$1 is filled in for $model" resume_fill "$model" "$1" "${@:3}"
        job[$model]=$(cd "$model" && sbatch --parsable "$1")
    done
}
resume_fill() {
    cd "$1" && template "$2" CORPUS=../corpus.h5 OPTIONS="(${options[$1]} --checkpoint-every 2s)" "${@:3}"
    local code=$?
    cd ..
    return "$code"
}

# resume_checkpoints: wait until each job has one to go on from.
resume_checkpoints() {
    local model
    for model in "${models[@]}"; do
        claim "$model writes checkpoints" appears 60 "$model/run.ckpt/state-?.h5"
    done
}

# resume_end SECONDS: every job completes, has been restarted, has resumed, and gives the bits of the run
# that nothing interrupted.
resume_end() {
    local model
    for model in "${models[@]}"; do
        # shellcheck disable=SC2086 # several options
        claim "$model on one rank, without interruption" "$WORDSHARD" train corpus.h5 -o "$model.h5" ${options[$model]} -q
    done
    for model in "${models[@]}"; do
        claim "$model completes" becomes "${job[$model]}" COMPLETED "$1"
        claim "$model was requeued" test "$(of_job "${job[$model]}" Restarts)" -ge 1
        claim "$model resumed" grep -q "going on from" "$model"/*.log
        claim "$model has the bits of the uninterrupted run" same_vectors "$model/run.h5" "$model.h5"
        claim "$model leaves no checkpoint" sh -c '! ls -d "$0"/*.ckpt "$0"/*.partial 2>/dev/null' "$model"
        echo "$model: $(of_job "${job[$model]}" Restarts) restarts"
    done
}
