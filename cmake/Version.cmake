# SPDX-License-Identifier: Apache-2.0
# generated/version.h, made anew at every build so that the commit in a run's provenance is true.
find_package(Git QUIET)
add_custom_target(version_header
  COMMAND ${CMAKE_COMMAND} -DSOURCE=${CMAKE_SOURCE_DIR} -DOUTPUT=${CMAKE_BINARY_DIR}/generated/version.h
    -DVERSION=${PROJECT_VERSION} -DCOMPILER=${CMAKE_C_COMPILER_ID}\ ${CMAKE_C_COMPILER_VERSION}
    -DBUILD=${CMAKE_BUILD_TYPE} -DGIT=${GIT_EXECUTABLE} -P ${CMAKE_SOURCE_DIR}/cmake/WriteVersion.cmake
  BYPRODUCTS ${CMAKE_BINARY_DIR}/generated/version.h
  VERBATIM)
