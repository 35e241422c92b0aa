// SPDX-License-Identifier: Apache-2.0
/* Lines of the log, as a pipe of packets sees them, which keeps writes apart. */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "support.h"

static void a_line_is_written_at_once(void) {
    int ends[2];
    char packet[200] = "";
    const int before = dup(STDERR_FILENO);
    CU_ASSERT_EQUAL_FATAL(pipe2(ends, O_DIRECT), 0);
    dup2(ends[1], STDERR_FILENO);
    log_init(true, false);
    log_warning("run %d of %d: %s", 3, 4, "failed");
    log_info("next");
    dup2(before, STDERR_FILENO);
    CU_ASSERT(read(ends[0], packet, sizeof packet - 1) > 0);
    CU_ASSERT_STRING_EQUAL(packet, "wordshard: warning: run 3 of 4: failed\n");
    close(ends[0]);
    close(ends[1]);
    close(before);
}

int main(void) {
    static const test_case cases[] = {{"a_line_is_written_at_once", a_line_is_written_at_once}};
    return test_run("log", cases, sizeof cases / sizeof *cases, 0);
}
