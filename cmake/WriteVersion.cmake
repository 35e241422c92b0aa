# SPDX-License-Identifier: Apache-2.0
cmake_minimum_required(VERSION 3.22)
set(commit "unknown")
if(GIT)
  execute_process(COMMAND ${GIT} -C ${SOURCE} describe --always --dirty --abbrev=12
    OUTPUT_VARIABLE described OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
  if(NOT failed)
    set(commit "${described}")
  endif()
endif()
file(CONFIGURE OUTPUT ${OUTPUT} CONTENT
"/* Made by cmake/WriteVersion.cmake. */
#define WORDSHARD_VERSION \"@VERSION@\"
#define WORDSHARD_COMMIT \"@commit@\"
#define WORDSHARD_COMPILER \"@COMPILER@\"
#define WORDSHARD_BUILD \"@BUILD@\"
" @ONLY)
