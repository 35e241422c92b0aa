// SPDX-License-Identifier: Apache-2.0
/* The folder of a run's checkpoints, OUTPUT without .h5 and with .ckpt: two generations of its
 * state and a snapshot of each finished epoch (docs/files.md). Each file is written under a partial
 * name, synced and renamed, and the older state is the one that is replaced, so that there is a
 * whole one at any moment. Functions are collective and return the same status on every rank unless
 * marked otherwise. */
#ifndef WORDSHARD_CHECKPOINT_FOLDER_H
#define WORDSHARD_CHECKPOINT_FOLDER_H

#include "checkpoint.h"

typedef struct {
    const comm *world;
    char *path;
    int slot;           /* of the newest whole state, 0 or 1; -1 = there is none */
    int64_t generation; /* of it */
} checkpoint_folder;

/* Its name; nothing is made or read. */
status checkpoint_folder_open(checkpoint_folder *f, const char *output, const comm *world);
/* Local. */
void checkpoint_folder_close(checkpoint_folder *f);

/* Open the newest state whose every byte, and that of the snapshots of its epochs, is right;
 * c->file = NULL if the folder has none. Warns when it goes back to the older one. STATUS_INPUT if
 * there are states and none is whole. */
status checkpoint_folder_find(checkpoint_folder *f, checkpoint *c);

/* Start the next state; n_snapshots: epochs, from the first, whose snapshots belong to it. */
status checkpoint_folder_begin(const checkpoint_folder *f, int n_snapshots, checkpoint *c);
/* Give it its name; c->file becomes NULL, also on failure (then the state before stays). */
status checkpoint_folder_commit(checkpoint_folder *f, checkpoint *c);

/* The same for the snapshot of an epoch, from 1. */
status checkpoint_folder_begin_snapshot(const checkpoint_folder *f, int epoch, checkpoint *c);
status checkpoint_folder_open_snapshot(const checkpoint_folder *f, int epoch, checkpoint *c);

/* Give up what is written, or close what is read. Nothing to do for c->file = NULL. */
void checkpoint_discard(checkpoint *c);
void checkpoint_close(checkpoint *c);

/* Remove the files and, if nothing else is in it, the folder. Never fails. n_epochs: of the run. */
void checkpoint_folder_remove(checkpoint_folder *f, int n_epochs);

/* Visit the name of every table of a state or a snapshot, in order. Local. */
status checkpoint_each_table(const checkpoint *c, void (*visit)(void *context, const char *name),
                             void *context);

#endif
