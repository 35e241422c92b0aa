// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "commands.h"
#include "memory.h"

status common_one_input(const options *o, const char *what, const char **path) {
    if (o->inputs.n != 1)
        return status_error(STATUS_USAGE, "exactly one %s is needed, %d given", what, o->inputs.n);
    *path = o->inputs.items[0];
    return status_ok();
}

static status check_folder(const char *path) {
    char *name;
    status s = common_folder(path, &name);
    if (s.code)
        return s;
    if (access(name, F_OK))
        s = status_error(STATUS_IO, "cannot write %s: the folder %s does not exist", path, name);
    else if (access(name, W_OK | X_OK))
        s = status_error(STATUS_IO, "cannot write %s: the folder %s is not writable (%s)", path,
                         name, strerror(errno));
    mem_free(&name);
    return s;
}

status common_check_output(const options *o, const comm *world) {
    status s = status_ok();
    if (!*o->output)
        return status_error(STATUS_USAGE, "-o FILE is missing");
    if (comm_rank(world) == 0) {
        if (!o->overwrite && !access(o->output, F_OK))
            s = status_error(STATUS_IO,
                             "%s exists; remove it, choose another name, or give --overwrite",
                             o->output);
        else
            s = check_folder(o->output);
    }
    return comm_agree(world, s);
}

status common_folder(const char *path, char **folder) {
    status s = mem_string(folder, path);
    if (s.code)
        return s;
    char *slash = strrchr(*folder, '/');
    if (!slash) {
        mem_free(folder);
        return mem_string(folder, ".");
    }
    slash[slash == *folder] = '\0';
    return s;
}

/* OpenMP has looked at OMP_NUM_THREADS and the affinity mask. Ranks of a node that no launcher has
 * bound would each take every core: SLURM_CPUS_PER_TASK and the number of local ranks divide them.
 */
int common_threads(const options *o) {
    if (o->threads)
        return (int)o->threads;
    const char *slurm = getenv("SLURM_CPUS_PER_TASK");
    if (slurm && atoi(slurm) > 0)
        return atoi(slurm);
    if (getenv("OMP_NUM_THREADS"))
        return omp_get_max_threads();
    const char *local = getenv("OMPI_COMM_WORLD_LOCAL_SIZE");
    int ranks = local && atoi(local) > 0 ? atoi(local) : 1;
    int cores = (int)sysconf(_SC_NPROCESSORS_ONLN), mine = omp_get_max_threads();
    int threads = mine < cores ? mine : cores / ranks;
    return threads > 0 ? threads : 1;
}

/* Bytes that are counted too often when every process counts whole what it shares: blocks that
 * others map as well, and pages of the program and its libraries, which n processes have. */
static double shared_too_often(int n) {
    FILE *f = fopen("/proc/self/smaps_rollup", "r");
    char line[256];
    double whole = 0, anonymous = 0, files = 0, kib, blocks = 0;
    while (f && fgets(line, sizeof line, f)) {
        if (sscanf(line, "Rss: %lf kB", &kib) == 1)
            whole = kib * 1024;
        if (sscanf(line, "Anonymous: %lf kB", &kib) == 1)
            anonymous = kib * 1024;
        if (sscanf(line, "Pss_Shmem: %lf kB", &kib) == 1)
            blocks = kib * 1024;
    }
    if (f)
        fclose(f);
    f = fopen("/proc/self/status", "r");
    while (f && fgets(line, sizeof line, f))
        if (sscanf(line, "RssFile: %lf kB", &kib) == 1)
            files = kib * 1024;
    if (f)
        fclose(f);
    return fmax(0, whole - anonymous - files - blocks) + files * (1 - 1.0 / n);
}

int64_t common_peak_memory(int n_ranks) {
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return (int64_t)((double)used.ru_maxrss * 1024 - shared_too_often(n_ranks));
}
