# SPDX-License-Identifier: Apache-2.0
add_library(wordshard_flags INTERFACE)
target_compile_options(wordshard_flags INTERFACE
  -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wvla
  -Wwrite-strings -Wundef -ffp-contract=off -fno-math-errno)
if(WORDSHARD_WERROR)
  target_compile_options(wordshard_flags INTERFACE -Werror)
endif()
if(WORDSHARD_SANITIZE)
  target_compile_options(wordshard_flags INTERFACE
    -fsanitize=${WORDSHARD_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(wordshard_flags INTERFACE -fsanitize=${WORDSHARD_SANITIZE})
endif()
