# Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# The default compiler is clang 22, the one Debian's LLVM 22 is made for. -DCMAKE_CXX_COMPILER or $CXX choose another.

foreach(language IN ITEMS C CXX)
  if(language STREQUAL "C")
    set(names clang-22 clang)
    set(variable CC)
  else()
    set(names clang++-22 clang++)
    set(variable CXX)
  endif()
  if(NOT DEFINED CMAKE_${language}_COMPILER AND "$ENV{${variable}}" STREQUAL "")
    find_program(DREAMER_DEFAULT_${variable} NAMES ${names} HINTS /usr/lib/llvm-22/bin)
    mark_as_advanced(DREAMER_DEFAULT_${variable})
    if(DREAMER_DEFAULT_${variable})
      set(CMAKE_${language}_COMPILER "${DREAMER_DEFAULT_${variable}}" CACHE FILEPATH "${language} compiler")
    endif()
  endif()
endforeach()
