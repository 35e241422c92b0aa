# SPDX-License-Identifier: Apache-2.0
# embed_text(FILE NAME): the header generated/NAME.h holds the text of FILE as `static const char NAME[]`.
function(embed_text file name)
  file(READ ${file} bytes HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
  file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/generated/${name}.h CONTENT
    "static const char ${name}[] = {${bytes}0};\n" @ONLY)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
endfunction()
