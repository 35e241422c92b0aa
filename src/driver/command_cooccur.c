// SPDX-License-Identifier: Apache-2.0
#include <inttypes.h>
#include <stdio.h>

#include "commands.h"
#include "cooccurrence.h"
#include "log.h"

status command_cooccur(const options *o, const comm *world) {
    const char *path;
    cooccurrence x;
    status s = common_one_input(o, "corpus file", &path);
    if (s.code)
        return s;
    double t = clock_seconds();
    s = cooccurrence_get(&x, path, o, world);
    if (!s.code && comm_rank(world) == 0)
        printf("%" PRId64 " %" PRId64 " %.3f\n", x.n_cells, x.n_nonzeros, clock_seconds() - t);
    cooccurrence_clear(&x);
    return s;
}
