// SPDX-License-Identifier: Apache-2.0
#include "sessions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "commands.h"
#include "memory.h"
#include "output.h"
#include "provenance.h"
#include "version.h"

static const char GROUP[] = "/provenance/sessions";
enum { NAME = 64, TEXT = 256 };

static status no_memory(void) {
    return status_error(STATUS_SPACE, "not enough memory for the list of sessions");
}

static status set(json_t *session, const char *name, const char *value) {
    return json_object_set_new(session, name, output_text(value)) ? no_memory() : status_ok();
}

static status set_number(json_t *session, const char *name, int64_t value) {
    char text[32];
    snprintf(text, sizeof text, "%lld", (long long)value);
    return set(session, name, text);
}

/* ---- earlier ones */

typedef struct {
    h5_file *file;
    json_t *list;
    status s;
} reader;

typedef struct {
    json_t *session;
    status s;
} attribute_reader;

static void read_attribute(void *context, const char *name, const char *value) {
    attribute_reader *r = context;
    if (!r->s.code)
        r->s = set(r->session, name, value);
}

static void read_session(void *context, const char *name, char kind) {
    reader *r = context;
    char path[NAME + sizeof GROUP];
    attribute_reader a = {.session = json_object()};
    a.s = status_ok();
    if (kind != 'g' || strlen(name) >= NAME || r->s.code) {
        json_decref(a.session);
        return;
    }
    snprintf(path, sizeof path, "%s/%s", GROUP, name);
    r->s = h5_each_attribute(r->file, path, read_attribute, &a);
    r->s = status_first(r->s, a.s);
    if (json_array_append_new(r->list, a.session))
        r->s = status_first(r->s, no_memory());
}

static status read_earlier(sessions *s, h5_file *file) {
    reader r = {.file = file, .list = s->list};
    r.s = status_ok();
    if (!file || !h5_exists(file, GROUP))
        return status_ok();
    const status walked = h5_each_member(file, GROUP, read_session, &r);
    return status_first(walked, r.s);
}

/* ---- the present one */

static void time_text(char text[TEXT]) {
    const time_t now = time(NULL);
    struct tm utc;
    strftime(text, TEXT, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
}

static status set_jobs(json_t *session) {
    size_t n;
    const char *const *names = provenance_job_ids(&n);
    status s = status_ok();
    for (size_t i = 0; i < n && !s.code; i++)
        if (getenv(names[i]))
            s = set(session, names[i], getenv(names[i]));
    return s;
}

static status begin(sessions *s, const comm *world, const char *isa, const char *from,
                    const char *hosts, int64_t threads) {
    char started[TEXT];
    json_t *now = json_object();
    if (json_array_append_new(s->list, now))
        return no_memory();
    time_text(started);
    status st = set(now, "started", started);
    if (!st.code)
        st = set(now, "from", from);
    if (!st.code)
        st = set(now, "hosts", hosts);
    if (!st.code)
        st = set_number(now, "ranks", comm_size(world));
    if (!st.code)
        st = set_number(now, "threads_per_rank", threads);
    if (!st.code)
        st = set(now, "isa", isa);
    if (!st.code)
        st = set(now, "version", WORDSHARD_VERSION);
    if (!st.code)
        st = set(now, "commit", WORDSHARD_COMMIT);
    return st.code ? st : set_jobs(now);
}

status sessions_open(sessions *s, h5_file *earlier, const options *o, const comm *world,
                     const char *isa, const char *from) {
    char *hosts = NULL;
    s->list = json_array();
    const int64_t threads = comm_max(world, common_threads(o));
    status st = comm_agree(world, s->list ? read_earlier(s, earlier) : no_memory());
    if (!st.code)
        st = provenance_hosts(world, &hosts);
    if (!st.code)
        st = comm_agree(world, begin(s, world, isa, from, hosts, threads));
    mem_free(&hosts);
    return st;
}

void sessions_close(sessions *s) {
    json_decref(s->list);
    s->list = NULL;
}

/* ---- writing */

/* Attributes are written by all ranks together, and with one value: that of rank 0. */
static status write_text(h5_file *file, const comm *world, const char *object, const char *name,
                         const char *value) {
    char shared[TEXT] = {0}, called[NAME] = {0};
    if (comm_rank(world) == 0) {
        snprintf(shared, sizeof shared, "%s", value);
        snprintf(called, sizeof called, "%s", name);
    }
    comm_broadcast(world, 0, shared, sizeof shared);
    comm_broadcast(world, 0, called, sizeof called);
    return h5_set_text(file, object, called, shared);
}

/* Ranks may know different attributes of their job: those of rank 0 count. */
static status write_session(h5_file *file, const comm *world, int number, json_t *session) {
    char object[NAME + sizeof GROUP];
    int64_t n = (int64_t)json_object_size(session);
    status s = status_ok();
    void *at = json_object_iter(session);
    comm_broadcast(world, 0, &n, sizeof n);
    snprintf(object, sizeof object, "%s/%04d", GROUP, number);
    for (int64_t i = 0; i < n && !s.code; i++) {
        s = write_text(file, world, object, at ? json_object_iter_key(at) : "",
                       at ? json_string_value(json_object_iter_value(at)) : "");
        at = at ? json_object_iter_next(session, at) : NULL;
    }
    return s;
}

status sessions_write(sessions *s, h5_file *file, const comm *world, const char *to,
                      const char *why) {
    char ended[TEXT];
    const size_t n = json_array_size(s->list);
    json_t *now = json_array_get(s->list, n - 1);
    time_text(ended);
    status st = set(now, "ended", ended);
    if (!st.code)
        st = set(now, "to", to);
    if (!st.code)
        st = set(now, "why", why);
    st = comm_agree(world, st);
    for (size_t i = 0; i < n && !st.code; i++)
        st = write_session(file, world, (int)i + 1, json_array_get(s->list, i));
    return st;
}
