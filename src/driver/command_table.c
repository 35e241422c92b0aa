// SPDX-License-Identifier: Apache-2.0
#include "command_table.h"

#include <string.h>

static const command_row table[] = {
    {"prepare", "TEXT... -o corpus.h5",
     "Read text (plain, gz or zst files, globs, folders, - for stdin) into a vocabulary and word "
     "ids.",
     C_PREPARE, command_prepare},
    {"cooccur", "corpus.h5|TEXT... -o cooc.h5",
     "Count how often words occur near each other, exactly.", C_COOCCUR, command_cooccur},
    {"train", "corpus.h5|TEXT... -o run.h5", "Train word vectors.", C_TRAIN, command_train},
    {"eval", "run.h5 --analogies F... --similarity F... --categories F...",
     "Measure a run on analogies, similarity and categories, with coverage.", C_EVAL, command_eval},
    {"nn", "run.h5 WORD...", "The nearest words, with their cosines.", C_NN, command_nn},
    {"analogy", "run.h5 A B C", "What is to C as B is to A.", C_ANALOGY, command_analogy},
    {"export", "run.h5|cooc.h5 -o FILE",
     "Write the vectors, or the counts, in another program's format.", C_EXPORT, command_export},
    {"import", "FILE -o run.h5", "Read the vectors of another program.", C_IMPORT, command_import},
    {"info", "FILE", "What a file of ours holds: shapes, options, provenance.", C_INFO,
     command_info},
    {"plan", "prepare TEXT...|cooccur corpus.h5|train corpus.h5|cooc.h5 [options of that command]",
     "What a command will take: memory, disk, time; refuses what cannot fit.", C_PLAN,
     command_plan},
    {"stability", "run.h5...", "Agreement between runs: neighbours, spaces, words, with intervals.",
     C_STABILITY, command_stability},
    {"drift", "run.h5 | a.h5 b.h5... | --periods NAME=FILES... [--control NAME@I=FILES...]",
     "Change of the vectors between the epochs of a run, or between periods, and which words it is "
     "more than noise for.",
     C_DRIFT, command_drift},
    {"align", "a.h5 b.h5 [-o mapped.h5]",
     "Compare two runs, and map the vectors of one onto those of the other (Procrustes).", C_ALIGN,
     command_align},
    {"study", "study.yaml -o FOLDER",
     "Train many runs that differ in one source of noise, then stability and report.", C_STUDY,
     command_study},
    {"report", "FILE... -o report.html", "One page with the plots and tables of runs and results.",
     C_REPORT, command_report},
    {"synth", "-o text.txt", "Write a corpus with planted structure and the answers to it.",
     C_SYNTH, command_synth},
};

enum { N_COMMANDS = sizeof table / sizeof *table };

const command_row *command_table(size_t *n) {
    *n = N_COMMANDS;
    return table;
}

const command_row *command_by_name(const char *name) {
    for (size_t i = 0; i < N_COMMANDS; i++)
        if (!strcmp(table[i].name, name))
            return &table[i];
    return NULL;
}

const command_row *command_by_bit(int bit) {
    for (size_t i = 0; i < N_COMMANDS; i++)
        if (table[i].bit == bit)
            return &table[i];
    return NULL;
}
