// SPDX-License-Identifier: Apache-2.0
#include "shell_words.h"

#include <stdio.h>
#include <string.h>

#include "memory.h"

static void add(shell_words *w, const char *text, size_t n) {
    if (w->failure.code)
        return;
    w->failure = mem_grow(&w->text, &w->room, w->size + n + 1, 1, "a command line");
    if (w->failure.code)
        return;
    memcpy(w->text + w->size, text, n);
    w->size += n;
    w->text[w->size] = '\0';
}

void shell_words_add(shell_words *w, const char *word) {
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "-_./,:=@%+";
    if (w->size)
        add(w, " ", 1);
    if (*word && !word[strspn(word, plain)]) {
        add(w, word, strlen(word));
        return;
    }
    add(w, "'", 1);
    for (const char *c = word; *c; c++)
        if (*c == '\'')
            add(w, "'\\''", 4);
        else
            add(w, c, 1);
    add(w, "'", 1);
}

void shell_words_join(shell_words *w, const char *words) {
    add(w, " ", 1);
    add(w, words, strlen(words));
}

void shell_words_option(shell_words *w, const char *name, const char *value, bool is_flag) {
    char dashes[80];
    if (is_flag && strcmp(value, "true") != 0)
        return;
    snprintf(dashes, sizeof dashes, "--%s", name);
    shell_words_add(w, dashes);
    if (!is_flag)
        shell_words_add(w, value);
}

void shell_words_clear(shell_words *w) {
    mem_free(&w->text);
    w->size = w->room = 0;
}
