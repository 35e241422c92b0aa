// SPDX-License-Identifier: Apache-2.0
/* import: vectors of another program become a run. Rank 0 reads and writes the file alone. */
#include "commands.h"
#include "log.h"
#include "memory.h"
#include "run_file.h"
#include "vectors.h"
#include "version.h"

static status write_provenance(h5_file *file, const char *path, vectors_format format) {
    status s = h5_set_text(file, "/provenance", "source", path);
    if (!s.code)
        s = h5_set_text(file, "/provenance", "source_format", vectors_format_name(format));
    if (!s.code)
        s = h5_set_text(file, "/provenance", "version", WORDSHARD_VERSION);
    return s;
}

static status write_run(const vectors *v, const char *source, const char *path) {
    group alone = group_alone();
    h5_file *file;
    status s = run_file_create(&file, path, &v->words, &alone);
    if (s.code)
        return s;
    s = run_file_write_final(file, "vectors", v->words.n, v->dim, 0, v->words.n, v->rows,
                             (size_t)v->dim);
    if (!s.code)
        s = write_provenance(file, source, v->format);
    if (s.code)
        h5_discard(&file);
    else
        s = h5_commit(&file);
    return s;
}

static status import_file(const char *source, const options *o) {
    vectors v;
    status s = vectors_read(&v, source, (vectors_format)o->format);
    if (!s.code)
        s = write_run(&v, source, o->output);
    if (!s.code)
        log_info("%s: %lld words x %lld columns from %s (%s)", o->output, (long long)v.words.n,
                 (long long)v.dim, source, vectors_format_name(v.format));
    vectors_clear(&v);
    return s;
}

status command_import(const options *o, const comm *world) {
    const char *path;
    status s = common_one_input(o, "vector file", &path);
    if (!s.code)
        s = common_check_output(o, world);
    if (s.code)
        return s;
    if (comm_rank(world) == 0)
        s = import_file(path, o);
    return comm_agree(world, s);
}
