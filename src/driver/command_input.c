// SPDX-License-Identifier: Apache-2.0
#include "command_input.h"

#include <stdio.h>

#include "h5.h"
#include "log.h"
#include "memory.h"
#include "prepare.h"
#include "resample.h"

/* NAME with an ending, as a new string. */
static status name_beside(const char *output, const char *ending, char **path) {
    char beside[4096];
    if (!*output)
        return status_error(STATUS_USAGE,
                            "-o FILE is missing; what is prepared goes into a file beside it");
    if (snprintf(beside, sizeof beside, "%s%s", output, ending) >= (int)sizeof beside)
        return status_error(STATUS_USAGE, "-o: the name is too long");
    return mem_string(path, beside);
}

/* The input itself if it is one of our files; otherwise the text is prepared into one. */
static status find_input(const options *o, const comm *world, char **path) {
    char kind[64] = "";
    if (!o->inputs.n)
        return status_error(STATUS_USAGE, "a corpus.h5 or text is missing");
    if (comm_rank(world) == 0)
        h5_kind(o->inputs.items[0], kind, sizeof kind);
    comm_broadcast(world, 0, kind, sizeof kind);
    if (*kind) {
        if (o->inputs.n > 1)
            return status_error(STATUS_USAGE, "only one corpus file can be read at a time");
        return comm_agree(world, mem_string(path, o->inputs.items[0]));
    }
    status s = comm_agree(world, name_beside(o->output, ".corpus.h5", path));
    if (!s.code)
        s = prepare_corpus(o, &o->inputs, *path, world, &(prepare_report){0});
    if (!s.code)
        log_info("the text is now %s; give it instead the next time", *path);
    return s;
}

status command_input(const options *o, const comm *world, char **path) {
    status s = find_input(o, world, path);
    if (s.code)
        mem_free(path);
    if (s.code || !resample_wanted(o))
        return s;
    char *drawn = NULL;
    s = comm_agree(world, name_beside(o->output, ".bootstrap.h5", &drawn));
    if (!s.code)
        s = resample_corpus(o, &(string_list){.n = 1, .items = path}, drawn, world,
                            &(prepare_report){0});
    mem_free(path);
    *path = drawn;
    return s;
}

void command_input_end(const options *o, const comm *world, char **path) {
    if (*path && resample_wanted(o) && comm_rank(world) == 0)
        remove(*path);
    mem_free(path);
}
