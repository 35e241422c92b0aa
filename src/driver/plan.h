// SPDX-License-Identifier: Apache-2.0
/* What `plan` finds out about a run before it is begun. */
#ifndef WORDSHARD_PLAN_H
#define WORDSHARD_PLAN_H

#include "cooc_size.h"
#include "estimate.h"
#include "job_shape.h"

typedef struct {
    const char *input;
    job_shape shape;
    estimate memory; /* of the rank that holds the most */
    double words, tokens, documents;
    double nonzeros;    /* of the counts, if they are needed; otherwise 0 */
    double output;      /* bytes of the file to write */
    double checkpoint;  /* bytes of one generation of the state; 0 where there is none */
    double snapshots;   /* bytes of the epochs that are kept beside it while the run lasts */
    double epochs_kept; /* of them */
    double scratch;     /* bytes of scratch files */
    double work;        /* of the whole run, in `unit`s */
    const char *unit;   /* "words", "nonzeros" or "bytes" */
    double before;      /* seconds of other work before, on the planned ranks */
    double speed;       /* units each second, of all ranks; 0 = not known */
    bool measured;      /* speed comes from a run on this machine */
    double seconds;     /* of everything; 0 = not known */
} forecast;

/* ---- collective; each fills all but before, speed, measured, seconds. o: the options of the
 * planned command. STATUS_USAGE and STATUS_INPUT as the command itself would. */

status training_plan(forecast *p, const options *o, const char *path, const comm *world);
status train_strata_plan(forecast *p, const options *o, const char *path, const comm *world);
status train_glove_plan(forecast *p, const options *o, const char *path, const comm *world);
status train_svd_plan(forecast *p, const options *o, const char *path, const comm *world);
/* cooccur. */
status cooc_plan(forecast *p, const options *o, const char *path, const comm *world);
/* prepare, also its speed: it reads the beginning of the text. */
status prepare_plan(forecast *p, const options *o, const comm *world);

/* Collective. What counting path takes, the most of it in p->memory with p->shape set; nothing but
 * the sizes if path holds counts already. */
status cooc_plan_counts(forecast *p, cooc_size *x, const options *o, const char *path,
                        const comm *world);

/* Local. Tokens, documents and work of a run over all words of a corpus. */
void plan_corpus(forecast *p, const options *o, const corpus_file *c);

/* Local. words, output, checkpoint and snapshots of a run whose tables have so many rows in all. */
void plan_disk(forecast *p, const options *o, double n_words, double row_bytes, double rows);

/* Collective. A folder of its own beside the output, or where temporary files go; its name on every
 * rank. Then removed, with all that is in it. */
enum { PLAN_PATH = 512 };
status plan_folder_open(char folder[PLAN_PATH], const options *o, const comm *world);
void plan_folder_remove(const char *folder, const comm *world);

/* Collective (plan_calibrate.c). A short run of the real thing on the ranks that run now: before
 * and speed. STATUS_SPACE if this machine cannot hold it. */
status plan_calibrate(forecast *p, const options *o, const comm *world);

#endif
