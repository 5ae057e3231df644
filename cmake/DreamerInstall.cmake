# Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# What `cmake --install` lays down beside the tools and libraries (which install themselves where they are declared):
# the public headers and the package that find_package(Dreamer) reads.

if(EXISTS "${CMAKE_SOURCE_DIR}/include")
  install(DIRECTORY include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")
endif()

get_property(exported GLOBAL PROPERTY DREAMER_EXPORTED)
if(exported)
  set(package "${CMAKE_INSTALL_LIBDIR}/cmake/Dreamer")
  configure_package_config_file(cmake/DreamerConfig.cmake.in "${CMAKE_BINARY_DIR}/DreamerConfig.cmake"
    INSTALL_DESTINATION "${package}")
  write_basic_package_version_file("${CMAKE_BINARY_DIR}/DreamerConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
  install(FILES "${CMAKE_BINARY_DIR}/DreamerConfig.cmake" "${CMAKE_BINARY_DIR}/DreamerConfigVersion.cmake"
    DESTINATION "${package}")
  install(EXPORT DreamerTargets NAMESPACE Dreamer:: DESTINATION "${package}")
endif()
