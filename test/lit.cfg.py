# Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# How lit runs the tests. Any *.mlir, *.test or *.yaml under test/ with a RUN line is one, except in folders named Inputs.
#
# In RUN lines: our tools and FileCheck, not, count, split-file, mlir-opt, llvm-nm, ... by their names, and
#   %s  the test   %S  its folder   %t  a scratch name (a file, or a folder to make)
#   %{source}  the root of the source tree   %{build}  the root of the build tree   %{cmake}  %{cc}  %{cxx}  %{python}
# Features (REQUIRES:, UNSUPPORTED:): the names of built tools, `asan`, the machine's avx2, avx512f, avx512_bf16,
# amx_bf16, ..., shellcheck, clang-format, conformance-recorded (test/conformance/recorded holds
# outputs), and example-NAME where docs/examples/NAME (or NAME.yaml) exists.

import os
import shutil
import sys

import lit.formats

config.name = "Dreamer"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test", ".yaml"]
config.excludes = ["Inputs", "unit", "benchmark", "fuzz", "CMakeLists.txt"]
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = os.path.join(config.dreamer_build_dir, "test")

path = [config.dreamer_tools_dir, config.llvm_tools_dir, config.environment.get("PATH", os.defpath)]
config.environment["PATH"] = os.pathsep.join(path)
config.environment["FILECHECK_OPTS"] = "--dump-input-filter=all"
if config.dreamer_sanitize:  # libMLIR is not instrumented: see add_dreamer_unittest
    config.environment["ASAN_OPTIONS"] = "allow_user_poisoning=0"
for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "OMP_NUM_THREADS", "HOME"):
    if name in os.environ:
        config.environment[name] = os.environ[name]

config.substitutions += [
    ("%{source}", config.dreamer_source_dir),
    ("%{build}", config.dreamer_build_dir),
    ("%{cmake}", config.cmake),
    ("%{cc}", config.c_compiler),
    ("%{cxx}", config.cxx_compiler),
    ("%{python}", sys.executable),
]

for tool in config.dreamer_tools:
    if os.path.exists(os.path.join(config.dreamer_tools_dir, tool)):
        config.available_features.add(tool)
for program, feature in (("shellcheck", "shellcheck"), ("clang-format-22", "clang-format")):
    if shutil.which(program, path=config.environment["PATH"]):
        config.available_features.add(feature)
examples = os.path.join(config.dreamer_source_dir, "docs", "examples")
if os.path.isdir(examples):
    for name in os.listdir(examples):
        config.available_features.add("example-" + os.path.splitext(name)[0])
# Outputs of dreamer-conform that hardware gave.
recorded = os.path.join(config.test_source_root, "conformance", "recorded")
if os.path.isdir(recorded) and any(n.endswith(".safetensors") for n in os.listdir(recorded)):
    config.available_features.add("conformance-recorded")
if config.dreamer_sanitize:
    config.available_features.add("asan")
with open("/proc/cpuinfo", encoding="utf-8") as info:
    cpu_flags = next((line for line in info if line.startswith("flags")), "").split()
    config.available_features.update(
        flag for flag in cpu_flags if flag.startswith(("avx", "amx", "fma"))
    )

# A test that hangs fails alone, where psutil (Debian: python3-psutil) is there to end it.
try:
    import psutil  # noqa: F401

    lit_config.maxIndividualTestTime = 900
except ImportError:
    pass
