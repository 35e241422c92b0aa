// SPDX-License-Identifier: Apache-2.0
/* The commands. Each is collective over world and returns the same status on every rank; main
 * prints the failure. docs/commands.md tells what they do. */
#ifndef WORDSHARD_COMMANDS_H
#define WORDSHARD_COMMANDS_H

#include "comm.h"
#include "options.h"
#include "status.h"

status command_prepare(const options *o, const comm *world);
status command_cooccur(const options *o, const comm *world);
status command_train(const options *o, const comm *world);
status command_eval(const options *o, const comm *world);
status command_nn(const options *o, const comm *world);
status command_analogy(const options *o, const comm *world);
status command_export(const options *o, const comm *world);
status command_import(const options *o, const comm *world);
status command_info(const options *o, const comm *world);
status command_plan(const options *o, const comm *world);
status command_synth(const options *o, const comm *world);
status command_stability(const options *o, const comm *world);
status command_drift(const options *o, const comm *world);
status command_align(const options *o, const comm *world);
status command_study(const options *o, const comm *world);
status command_report(const options *o, const comm *world);

/* ---- what several commands share (common.c) */

/* The one input file of a command, or STATUS_USAGE. */
status common_one_input(const options *o, const char *what, const char **path);

/* STATUS_USAGE without -o; STATUS_IO when the output exists (and no --overwrite) or its folder is
 * missing or cannot be written. Collective. */
status common_check_output(const options *o, const comm *world);

/* The folder of a file; *folder is new (mem_free). Local. */
status common_folder(const char *path, char **folder);

/* Threads of this rank: --threads, or what the launcher gives. */
int common_threads(const options *o);

/* The most that this process had in memory at once, everything included; bytes. Blocks that it
 * shares with other ranks now count in equal parts, the program and its libraries as one of n_ranks
 * parts. */
int64_t common_peak_memory(int n_ranks);

#endif
