# Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""edit.py FROM TO NAME=VALUE,... PART: every record of an export with this choice, at PART of the standard time."""

import json
import sys

source, target, choice, part = sys.argv[1:]
with open(source, encoding="utf-8") as file:
    export = json.load(file)
for record in export["records"]:
    record["choice"] = {name: int(value) for name, value in (pair.split("=") for pair in choice.split(","))}
    record["seconds"] = record["standard_seconds"] * float(part)
    record["finished"] = True
with open(target, "w", encoding="utf-8") as file:
    json.dump(export, file)
