// SPDX-License-Identifier: Apache-2.0
#include "drawing.h"

#include <errno.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "memory.h"
#include "svg.h"

enum { OLDEST_MAJOR = 5, OLDEST_MINOR = 2, MESSAGE = 256 };

/* ---- the program: its standard streams are files in memory, so that no pipe can fill or break */

typedef struct {
    int in, out, err;
} streams;

static status new_file(int *descriptor) {
    *descriptor = memfd_create("wordshard", MFD_CLOEXEC);
    return *descriptor < 0 ? status_errno(errno, "make", "a file in memory") : status_ok();
}

static status open_streams(streams *f) {
    *f = (streams){-1, -1, -1};
    status s = new_file(&f->in);
    if (!s.code)
        s = new_file(&f->out);
    return s.code ? s : new_file(&f->err);
}

static void close_streams(const streams *f) {
    const int all[] = {f->in, f->out, f->err};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i] >= 0)
            close(all[i]);
}

static status not_started(int error) {
    return status_error(STATUS_IO,
                        "cannot start gnuplot, which draws the plots of a report (%s): install it "
                        "(Debian: gnuplot-nox) or put it on the PATH",
                        strerror(error));
}

/* The last line that says something on an error stream. */
static void last_words(int descriptor, char message[MESSAGE]) {
    const off_t size = lseek(descriptor, 0, SEEK_END);
    const off_t begin = size > MESSAGE - 1 ? size - (MESSAGE - 1) : 0;
    const ssize_t n = pread(descriptor, message, MESSAGE - 1, begin);
    size_t end = n > 0 ? (size_t)n : 0;
    while (end && strchr(" \n", message[end - 1]))
        end--;
    message[end] = '\0';
    const char *line = strrchr(message, '\n');
    if (line)
        memmove(message, line + 1, strlen(line));
}

static status run(const streams *f, char *const *arguments) {
    posix_spawn_file_actions_t actions;
    pid_t child;
    int how, error = posix_spawn_file_actions_init(&actions);
    if (!error)
        error = posix_spawn_file_actions_adddup2(&actions, f->in, STDIN_FILENO);
    if (!error)
        error = posix_spawn_file_actions_adddup2(&actions, f->out, STDOUT_FILENO);
    if (!error)
        error = posix_spawn_file_actions_adddup2(&actions, f->err, STDERR_FILENO);
    if (!error)
        error = posix_spawnp(&child, arguments[0], &actions, NULL, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    if (error)
        return not_started(error);
    while (waitpid(child, &how, 0) < 0)
        if (errno != EINTR)
            return status_errno(errno, "wait for", "gnuplot");
    if (WIFEXITED(how) && WEXITSTATUS(how) == 0)
        return status_ok();
    if (WIFEXITED(how) && WEXITSTATUS(how) == 127)
        return not_started(ENOENT);
    char message[MESSAGE];
    last_words(f->err, message);
    return status_error(STATUS_INTERNAL, "gnuplot failed (%s %d): %s",
                        WIFEXITED(how) ? "exit code" : "signal",
                        WIFEXITED(how) ? WEXITSTATUS(how) : WTERMSIG(how), message);
}

status drawing_check(char *version, size_t size) {
    static char program[] = "gnuplot", ask[] = "--version";
    char *const arguments[] = {program, ask, NULL};
    streams f;
    int major = 0, minor = 0;
    status s = open_streams(&f);
    if (!s.code)
        s = run(&f, arguments);
    if (!s.code) {
        ssize_t n = pread(f.out, version, size - 1, 0);
        version[n > 0 ? n : 0] = '\0';
        version[strcspn(version, "\n")] = '\0';
        if (sscanf(version, "gnuplot %d.%d", &major, &minor) != 2 || major < OLDEST_MAJOR ||
            (major == OLDEST_MAJOR && minor < OLDEST_MINOR))
            s = status_error(STATUS_IO, "gnuplot %d.%d or later is needed, the PATH has: %.80s",
                             OLDEST_MAJOR, OLDEST_MINOR, version);
    }
    close_streams(&f);
    return s;
}

/* ---- scripts */

status drawing_begin(drawing *d, int width, int height) {
    *d = (drawing){.width = width, .height = height};
    int descriptor;
    status s = new_file(&descriptor);
    if (s.code)
        return s;
    d->script = fdopen(descriptor, "w+");
    if (!d->script) {
        close(descriptor);
        return status_errno(errno, "open", "a file in memory");
    }
    fprintf(d->script,
            "set encoding utf8\n"
            "set terminal svg noenhanced size %d,%d dynamic font 'sans-serif,13'\n"
            "set style fill solid noborder\n"
            "unset key\n",
            width, height);
    return s;
}

void drawing_clear(drawing *d) {
    if (d->script)
        fclose(d->script);
    for (size_t i = 0; i < d->n_texts; i++)
        mem_free(&d->texts[i]);
    mem_free(&d->texts);
    *d = (drawing){0};
}

static void keep_text(drawing *d, const char *text, size_t n, const char *ending) {
    char *copy;
    status s = mem_grow(&d->texts, &d->room, d->n_texts + 1, sizeof *d->texts, "texts of a plot");
    if (!s.code)
        s = mem_new(&copy, n + strlen(ending) + 1, 1, "texts of a plot");
    if (s.code) {
        d->failure = status_first(d->failure, s);
        return;
    }
    memcpy(copy, text, n);
    memcpy(copy + n, ending, strlen(ending));
    d->texts[d->n_texts++] = copy;
}

static drawing_token put_text(drawing *d, const char *text, size_t n, const char *ending) {
    drawing_token token;
    snprintf(token.text, sizeof token.text, "'~%zu~'", d->n_texts);
    keep_text(d, text, n, ending);
    return token;
}

drawing_token drawing_text(drawing *d, const char *text, size_t n) {
    return put_text(d, text, n, "");
}

drawing_token drawing_string(drawing *d, const char *text) {
    return put_text(d, text, strlen(text), "");
}

/* Bytes of the first character, whatever it is. */
static size_t advance(const char *text, size_t n) {
    const size_t length = page_character(text, n);
    return length ? length : 1;
}

/* From the Hangul and kana blocks on nearly all characters are wide. */
static int width_of(const char *text, size_t length) {
    return length == 4 || (length == 3 && (unsigned char)*text >= 0xE3) ? 2 : 1;
}

int drawing_width(const char *text, size_t n) {
    int width = 0;
    for (size_t i = 0, step; i < n; i += step) {
        step = advance(text + i, n - i);
        width += width_of(text + i, step);
    }
    return width;
}

drawing_token drawing_short(drawing *d, const char *text, size_t n, int most) {
    size_t end = 0;
    if (drawing_width(text, n) <= most)
        return drawing_text(d, text, n);
    for (int width = 0; end < n;) {
        const size_t step = advance(text + end, n - end);
        width += width_of(text + end, step);
        if (width >= most)
            break;
        end += step;
    }
    return put_text(d, text, end, "…");
}

/* ---- drawing */

static status read_all(int descriptor, char **text, size_t *n) {
    struct stat about;
    if (fstat(descriptor, &about))
        return status_errno(errno, "read", "what gnuplot drew");
    status s = mem_new(text, (size_t)about.st_size + 1, 1, "a plot");
    for (*n = 0; !s.code && *n < (size_t)about.st_size;) {
        ssize_t part = pread(descriptor, *text + *n, (size_t)about.st_size - *n, (off_t)*n);
        if (part <= 0)
            s = status_errno(part ? errno : EIO, "read", "what gnuplot drew");
        else
            *n += (size_t)part;
    }
    return s;
}

status drawing_end(drawing *d, page *p, const char *id, const char *title) {
    static char program[] = "gnuplot", defaults[] = "--default-settings";
    char *const arguments[] = {program, defaults, NULL};
    streams f = {-1, -1, -1};
    char *svg = NULL;
    size_t n;
    status s = d->failure;
    if (!s.code && (fflush(d->script) || lseek(fileno(d->script), 0, SEEK_SET)))
        s = status_errno(errno, "write", "a script for gnuplot");
    if (!s.code)
        s = open_streams(&f);
    if (!s.code) {
        streams with_script = f;
        with_script.in = fileno(d->script);
        s = run(&with_script, arguments);
    }
    if (!s.code)
        s = read_all(f.out, &svg, &n);
    if (!s.code) {
        const svg_picture picture = {.id = id,
                                     .title = title,
                                     .width = d->width,
                                     .height = d->height,
                                     .texts = d->texts,
                                     .n_texts = d->n_texts};
        s = svg_copy(p, svg, &picture);
    }
    close_streams(&f);
    mem_free(&svg);
    return s;
}
