# Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Flags common to everything we build. They are global, so that one set of flags fits every object: static libraries go
# into shared ones, and cached objects serve several build folders.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_C_FLAGS_RELEASE "-O2 -DNDEBUG")
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/lib")
set(CMAKE_ARCHIVE_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/lib")

add_compile_options(-fPIC -Wall -Wextra "$<$<COMPILE_LANGUAGE:CXX>:-Wno-unused-parameter>")
if(DREAMER_WERROR)
  add_compile_options(-Werror)
endif()
# An invariant that matters is checked in all builds; `assert` is for what a reader may rely on, and costs nothing here.
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  add_compile_options(-fcolor-diagnostics)
  add_compile_options("SHELL:-Xclang -fno-pch-timestamp") # ccache: a precompiled header is known by its content
  add_link_options(-fuse-ld=lld)
endif()

if(DREAMER_SANITIZE)
  add_compile_options(-fsanitize=${DREAMER_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer -g1)
  add_link_options(-fsanitize=${DREAMER_SANITIZE})
endif()

# ccache sees paths relative to the folder above the source, so that build folders beside each other share objects.
if(DREAMER_ENABLE_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  find_program(DREAMER_CCACHE ccache)
  mark_as_advanced(DREAMER_CCACHE)
  if(DREAMER_CCACHE)
    cmake_path(GET CMAKE_SOURCE_DIR PARENT_PATH base)
    set(launcher "${CMAKE_COMMAND}" -E env "CCACHE_BASEDIR=${base}" CCACHE_NOHASHDIR=1
        CCACHE_SLOPPINESS=pch_defines,time_macros "${DREAMER_CCACHE}")
    set(CMAKE_C_COMPILER_LAUNCHER "${launcher}")
    set(CMAKE_CXX_COMPILER_LAUNCHER "${launcher}")
  endif()
endif()

# What a source file may include: our tree from its root, include/, and what is generated (whose warnings are not ours).
include_directories("${CMAKE_SOURCE_DIR}" "${CMAKE_SOURCE_DIR}/include")
include_directories(SYSTEM "${CMAKE_BINARY_DIR}")
