// SPDX-License-Identifier: Apache-2.0
/* Who made a file, with what: attributes of /provenance and /provenance/options. */
#ifndef WORDSHARD_PROVENANCE_H
#define WORDSHARD_PROVENANCE_H

#include "comm.h"
#include "h5.h"
#include "options.h"

/* What a line begins with that was too long to be kept. */
#define PROVENANCE_CUT "# "

/* Collective. Version, commit, compiler, libraries, machine, hosts, ranks, threads, job ids, the
 * command line as given, its options with their defaults, the time. */
status provenance_write(h5_file *f, const options *o, int command, const comm *world);

/* Collective, just before the file is complete: the time, and the most memory so far. */
status provenance_finish(h5_file *f, const comm *world);

/* Collective. "n1 x 4, n2 x 4": hosts in order of first rank, with their ranks; *list is new
 * (mem_free). */
status provenance_hosts(const comm *world, char **list);

/* Local. The variables in which schedulers tell a job its number; *n of them. */
const char *const *provenance_job_ids(size_t *n);

/* In what a file differs from what a command would write now. */
typedef struct {
    h5_file *file;
    char list[256]; /* "--dim was 100, now 200; ..."; may be cut */
    int n;
} provenance_differences;

/* Local. Compare a text attribute, which people know by `name`. */
void provenance_compare_text(provenance_differences *d, const char *object, const char *attribute,
                             const char *name, const char *is);
/* Local. Compare the options of a command that the result depends on. */
void provenance_compare_options(provenance_differences *d, const options *o, int command);

#endif
