// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tools/dreamer-conform/KernelText.h"

#include <set>

namespace dreamer::conform {

static std::string typeOf(char constraint) {
  return constraint == 'h' ? "i16" : constraint == 'l' ? "i64" : "i32";
}

static std::string number(uint64_t value) { return std::to_string(value); }

std::string operands(unsigned first, unsigned count) {
  std::string text = "{";
  for (unsigned i = 0; i < count; ++i)
    text += (i ? ", $" : "$") + number(first + i);
  return text + "}";
}

std::string onlyFirst(const std::string &name, const std::string &body) {
  return "  %first." + name + " = icmp eq i32 %tid, 0\n  br i1 %first." + name + ", label %" +
         name + ", label %" + name + ".rest\n" + name + ":\n" + body + "  br label %" + name +
         ".rest\n" + name + ".rest:\n";
}

std::string assembly(const std::string &name, const std::string &ptx, const Registers &out,
                     const std::vector<std::string> &values, const std::string &constraints,
                     bool tied) {
  std::string type, outs;
  for (char constraint : out) {
    type += (type.empty() ? "" : ", ") + typeOf(constraint);
    outs += (outs.empty() ? "=" : ",=") + std::string(1, constraint);
  }
  std::string inputs = constraints;
  for (unsigned i = 0; tied && i < out.size(); ++i)
    inputs += (inputs.empty() ? "" : ",") + number(i);
  std::string arguments;
  for (const std::string &value : values)
    arguments += (arguments.empty() ? "" : ", ") + value;
  bool single = out.size() == 1;
  std::string text = "  %" + name + (single ? "0" : "") + " = call " +
                     (single ? type : "{ " + type + " }") + " asm sideeffect \"" + ptx + "\", \"" +
                     outs + (inputs.empty() ? "" : "," + inputs) + "\"(" + arguments + ") #1\n";
  for (unsigned i = 0; !single && i < out.size(); ++i)
    text += "  %" + name + number(i) + " = extractvalue { " + type + " } %" + name + ", " +
            number(i) + "\n";
  return text;
}

std::string statement(const std::string &ptx, const std::vector<std::string> &values,
                      const std::string &constraints) {
  std::string arguments;
  for (const std::string &value : values)
    arguments += (arguments.empty() ? "" : ", ") + value;
  return "  call void asm sideeffect \"" + ptx + "\", \"" + constraints +
         (constraints.empty() ? "" : ",") + "~{memory}\"(" + arguments + ") #1\n";
}

KernelText registerKernel(std::string name, const std::string &ptx, const Registers &out,
                          const Registers &in, unsigned threads) {
  KernelText text{.name = std::move(name), .threads = threads, .in = in, .out = out};
  std::vector<std::string> values;
  std::string constraints;
  for (unsigned i = 0; i < in.size(); ++i) {
    values.push_back(typeOf(in[i]) + " %i" + number(i));
    constraints += (i ? "," : "") + std::string(1, in[i]);
  }
  text.body = assembly("o", ptx, out, values, constraints);
  return text;
}

/// A loop of the block's threads over words: `body` has %<name>, the index.
static std::string loop(const std::string &name, const std::string &from, unsigned words,
                        unsigned threads, const std::string &body) {
  return "  br label %" + name + ".loop\n" + name + ".loop:\n  %" + name + " = phi i32 [ %tid, %" +
         from + " ], [ %" + name + ".next, %" + name + ".body ]\n  %" + name +
         ".more = icmp ult i32 %" + name + ", " + number(words) + "\n  br i1 %" + name +
         ".more, label %" + name + ".body, label %" + name + ".end\n" + name + ".body:\n" + body +
         "  %" + name + ".next = add i32 %" + name + ", " + number(threads) + "\n  br label %" +
         name + ".loop\n" + name + ".end:\n";
}

constexpr const char *barrier = "  call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)\n";

Kernel KernelText::kernel() const {
  std::string ir = "define ptx_kernel void @" + name +
                   "(ptr addrspace(1) %in, ptr addrspace(1) %out, ptr addrspace(1) %image, "
                   "ptr addrspace(1) %after";
  if (map)
    ir += ", ptr byval([128 x i8]) align 64 \"nvvm.grid_constant\" %map";
  ir += ") #0 \"nvvm.reqntid\"=\"" + number(threads) +
        ",1,1\" {\nentry:\n"
        "  %tid = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()\n"
        "  %block = call i32 @llvm.nvvm.read.ptx.sreg.ctaid.x()\n"
        "  %row0 = mul i32 %block, " +
        number(threads) + "\n  %row = add i32 %row0, %tid\n";
  if (imageWords)
    ir += loop("w", "entry", imageWords, threads,
               "  %w.from = getelementptr i32, ptr addrspace(1) %image, i32 %w\n"
               "  %w.value = load i32, ptr addrspace(1) %w.from\n"
               "  %w.to = getelementptr i32, ptr addrspace(3) @dynamic, i32 %w\n"
               "  store i32 %w.value, ptr addrspace(3) %w.to\n") +
          (asyncProxy ? statement("fence.proxy.async.shared::cta;") : "") + barrier;
  ir += "  %in.row = mul i32 %row, " + number(in.size()) + "\n  %out.row = mul i32 %row, " +
        number(out.size()) + "\n";
  for (unsigned i = 0; i < in.size(); ++i) {
    std::string n = number(i), whole = in[i] == 'l' ? "%i" + n : "%in.whole" + n;
    ir += "  %in.at" + n + " = add i32 %in.row, " + n + "\n  %in.from" + n +
          " = getelementptr i64, ptr addrspace(1) %in, i32 %in.at" + n + "\n  " + whole +
          " = load i64, ptr addrspace(1) %in.from" + n + "\n";
    if (in[i] != 'l')
      ir += "  %i" + n + " = trunc i64 " + whole + " to " + typeOf(in[i]) + "\n";
  }
  ir += "  br label %body\nbody:\n" + body;
  for (unsigned i = 0; i < out.size(); ++i) {
    std::string n = number(i), whole = out[i] == 'l' ? "%o" + n : "%out.whole" + n;
    if (out[i] != 'l')
      ir += "  " + whole + " = zext " + typeOf(out[i]) + " %o" + n + " to i64\n";
    ir += "  %out.at" + n + " = add i32 %out.row, " + n + "\n  %out.to" + n +
          " = getelementptr i64, ptr addrspace(1) %out, i32 %out.at" + n + "\n  store i64 " +
          whole + ", ptr addrspace(1) %out.to" + n + "\n";
  }
  if (afterWords && !ownAfter)
    ir += std::string(barrier) +
          "  br label %after.begin\nafter.begin:\n  %after.row = mul i32 %block, " +
          number(afterWords) + "\n" +
          loop("a", "after.begin", afterWords, threads,
               "  %a.from = getelementptr i32, ptr addrspace(3) @dynamic, i32 %a\n"
               "  %a.value = load i32, ptr addrspace(3) %a.from\n"
               "  %a.at = add i32 %after.row, %a\n"
               "  %a.to = getelementptr i32, ptr addrspace(1) %after, i32 %a.at\n"
               "  store i32 %a.value, ptr addrspace(1) %a.to\n");
  return {name, ir + "  ret void\n}\n"};
}

Case makeCase(std::string name, const KernelText &text, std::vector<uint64_t> in,
              std::vector<uint32_t> image) {
  Case made;
  made.name = std::move(name);
  made.kernel = text.kernel();
  size_t row = text.threads * text.in.size();
  uint32_t blocks = row ? uint32_t(in.size() / row) : 1;
  made.launch.grid = {blocks, 1, 1};
  made.launch.block = {text.threads, 1, 1};
  made.launch.dynamicSharedBytes = 4 * std::max(text.imageWords, text.afterWords);
  made.in = std::move(in);
  made.image = std::move(image);
  made.image.resize(text.imageWords);
  made.outSlots = size_t(blocks) * text.threads * text.out.size();
  made.afterWords = size_t(blocks) * text.afterWords;
  return made;
}

std::string Group::module() const {
  std::string text =
      "target triple = \"nvptx64-nvidia-cuda\"\n"
      "target datalayout = \"e-p6:32:32-i64:64-i128:128-i256:256-v16:16-v32:32-n16:32:64\"\n"
      "@dynamic = external addrspace(3) global [0 x i32], align 1024\n"
      "declare i32 @llvm.nvvm.read.ptx.sreg.tid.x()\n"
      "declare i32 @llvm.nvvm.read.ptx.sreg.ctaid.x()\n"
      "declare void @llvm.nvvm.barrier.cta.sync.aligned.all(i32)\n"
      "declare ptr addrspace(7) @llvm.nvvm.mapa.shared.cluster(ptr addrspace(3), i32)\n";
  std::set<std::string> known;
  for (const Case &one : cases)
    if (known.insert(one.kernel.name).second)
      text += one.kernel.ir;
  return text +
         "attributes #0 = { convergent nounwind }\nattributes #1 = { convergent nounwind }\n";
}

} // namespace dreamer::conform
