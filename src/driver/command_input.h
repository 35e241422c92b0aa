// SPDX-License-Identifier: Apache-2.0
/* The corpus that train and cooccur work on: a file of ours, or made of what they were given. */
#ifndef WORDSHARD_COMMAND_INPUT_H
#define WORDSHARD_COMMAND_INPUT_H

#include "comm.h"
#include "options.h"

/* Collective. The file that a command works on: its input itself if it is one of ours; otherwise
 * the text is prepared into OUTPUT.corpus.h5, which stays. With --bootstrap it is resampled into
 * OUTPUT.bootstrap.h5, anew in each session, until command_input_end. *path is new. */
status command_input(const options *o, const comm *world, char **path);
/* Local, on every rank, after command_input whatever it returned: remove what was only for this
 * command, and free the path. */
void command_input_end(const options *o, const comm *world, char **path);

#endif
