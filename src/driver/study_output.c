// SPDX-License-Identifier: Apache-2.0
/* What a command of a study prints goes to a file, as it would in a job of its own. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "log.h"
#include "study.h"

static void flush(void) {
    fflush(stdout);
    fflush(stderr);
}

status study_output_begin(study_output *s, const char *path, bool speaks, bool quiet) {
    *s = (study_output){.out = -1, .err = -1};
    if (!speaks) {
        log_init(false, quiet);
        return status_ok();
    }
    const int file = open(path, O_WRONLY | O_CREAT | O_APPEND, 0666);
    if (file < 0)
        return status_errno(errno, "cannot write to", path);
    flush();
    s->out = dup(STDOUT_FILENO);
    s->err = dup(STDERR_FILENO);
    dup2(file, STDOUT_FILENO);
    dup2(file, STDERR_FILENO);
    close(file);
    log_init(true, quiet);
    return status_ok();
}

void study_output_end(study_output *s, bool speaks, bool quiet) {
    if (s->out >= 0) {
        flush();
        dup2(s->out, STDOUT_FILENO);
        dup2(s->err, STDERR_FILENO);
        close(s->out);
        close(s->err);
        s->out = s->err = -1;
    }
    log_init(speaks, quiet);
}
