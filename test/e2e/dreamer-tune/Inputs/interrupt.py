# Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""interrupt.py COMMAND...: runs it, sends SIGINT when it says that the first kernel is done, and tells how it ended."""

import signal
import subprocess
import sys

with subprocess.Popen(sys.argv[1:], stderr=subprocess.PIPE, text=True) as process:
    text = ""
    for line in process.stderr:
        text += line
        if "times the roofline" in line:
            process.send_signal(signal.SIGINT)
            break
    text += process.stderr.read()
    print("status", process.wait())
    print(text)
