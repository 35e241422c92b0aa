// SPDX-License-Identifier: Apache-2.0
/* Who made a file, with what: attributes of /provenance and /provenance/options. */
#ifndef WORDSHARD_PROVENANCE_H
#define WORDSHARD_PROVENANCE_H

#include "comm.h"
#include "h5.h"
#include "options.h"

/* Collective. Version, commit, compiler, MPI, hosts, ranks, threads, job ids, the command line's
 * options with their defaults, the time. */
status provenance_write(h5_file *f, const options *o, int command, const comm *world);

#endif
