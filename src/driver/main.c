// SPDX-License-Identifier: Apache-2.0
/* The program: finds the command, reads its options on every rank alike, runs it, prints the one
 * failure on rank 0 and turns it into the exit code. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "blas_choice.h"
#include "command_table.h"
#include "h5.h"
#include "log.h"
#include "memory.h"
#include "stop.h"
#include "version.h"

static void print_overview(FILE *out) {
    size_t n;
    const command_row *commands = command_table(&n);
    fputs("wordshard: word embeddings on clusters, with error bars\n\n"
          "usage: wordshard COMMAND [options]\n"
          "       mpirun -n 8 wordshard COMMAND [options]     (or srun)\n\n",
          out);
    for (size_t i = 0; i < n; i++)
        fprintf(out, "  %-8s %s\n", commands[i].name, commands[i].help);
    fputs("\nwordshard COMMAND --help lists a command's options; wordshard --version.\n"
          "exit codes: 0 done, 2 usage, 3 bad input, 4 I/O, 5 not enough memory or disk,\n"
          "            6 training diverged, 70 internal error, 85 stopped at a checkpoint\n",
          out);
}

/* What needs no ranks: help and version. Returns false if there is a command to run. */
static bool answer_alone(int argc, char **argv, int *code) {
    const char *word = argc > 1 ? argv[1] : "";
    *code = 0;
    if (!strcmp(word, "--version")) {
        printf("wordshard %s (%s, %s, %s)\n", WORDSHARD_VERSION, WORDSHARD_COMMIT,
               WORDSHARD_COMPILER, WORDSHARD_BUILD);
    } else if (!strcmp(word, "help") && argc > 2 && !strcmp(argv[2], "--markdown")) {
        options_markdown(stdout);
    } else if (!strcmp(word, "help") && argc > 2 && command_by_name(argv[2])) {
        options_help(stdout, command_by_name(argv[2])->bit);
    } else if (!strcmp(word, "help") || !strcmp(word, "--help") || !strcmp(word, "-h")) {
        print_overview(stdout);
    } else {
        return false;
    }
    return true;
}

/* Commands that may take hours. */
static bool is_stoppable(const command_row *command) {
    return command && command->bit & (C_PREPARE | C_COOCCUR | C_TRAIN | C_STUDY);
}

static status run_stoppable(const command_row *command, const options *o, const comm *world) {
    if (!is_stoppable(command))
        return command->run(o, world);
    status s = stop_begin(world, o->max_time);
    if (!s.code)
        s = command->run(o, world);
    stop_end();
    return s;
}

static status run_command(int argc, char **argv, const comm *world) {
    if (argc < 2)
        return status_error(STATUS_USAGE, "a command is missing; see wordshard --help");
    const command_row *command = command_by_name(argv[1]);
    if (!command)
        return status_error(STATUS_USAGE, "unknown command %s; see wordshard --help", argv[1]);
    options o;
    int bits = command->bit, words = 2;
    if (bits == C_PLAN && argc > 2 && command_by_name(argv[2])) {
        bits |= command_by_name(argv[2])->bit;
        words = 3;
    }
    status s = comm_agree(world, options_read(&o, bits, argc - words, argv + words));
    if (!s.code) {
        log_init(comm_rank(world) == 0, o.quiet);
        mem_set_limit((size_t)o.memory);
        if (o.help && comm_rank(world) == 0)
            options_help(stdout, command->bit);
        if (!o.help)
            s = run_stoppable(command, &o, world);
    }
    options_clear(&o);
    return s;
}

int main(int argc, char **argv) {
    int code;
    if (answer_alone(argc, argv, &code))
        return code;
    if (argc > 1 && is_stoppable(command_by_name(argv[1])))
        stop_listen();
    blas_choose_kernels(argv);
    mem_start();
    comm *world = comm_start(&argc, &argv);
    log_init(comm_rank(world) == 0, false);
    status s = run_command(argc, argv, world);
    if (s.code)
        log_error("%s", s.message);
    if (fflush(stdout) && !s.code) {
        log_error("cannot write to standard output");
        s.code = STATUS_IO;
    }
    h5_end();
    comm_stop(&world);
    /* After a failed write the HDF5 library may hold files that it can neither flush nor close:
     * leave without its exit handlers. */
    if (s.code)
        _exit((int)s.code);
    return 0;
}
