// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include <dreamer-c/Runtime.h>
#include <stdio.h>

int main(void) {
  dreamer_package *package;
  if (dreamer_package_open("absent.dreamer", &package) == DREAMER_OK)
    return 1;
  printf("version %s\nmessage %s\n", dreamer_runtime_version(), dreamer_error_message());
  return 0;
}
