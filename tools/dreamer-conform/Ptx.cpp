// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tools/dreamer-conform/Ptx.h"

#include "llvm/AsmParser/Parser.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetMachine.h"

#include <optional>

namespace dreamer::conform {

using namespace runtime;

static std::unique_ptr<llvm::TargetMachine> machineFor(unsigned version, std::string &problem) {
  static bool initialised = [] {
    LLVMInitializeNVPTXTargetInfo();
    LLVMInitializeNVPTXTarget();
    LLVMInitializeNVPTXTargetMC();
    LLVMInitializeNVPTXAsmPrinter();
    return true;
  }();
  (void)initialised;
  llvm::Triple triple("nvptx64-nvidia-cuda");
  const llvm::Target *target = llvm::TargetRegistry::lookupTarget(triple, problem);
  if (!target)
    return nullptr;
  return std::unique_ptr<llvm::TargetMachine>(
      target->createTargetMachine(triple, "sm_90a", "+ptx" + std::to_string(version), {},
                                  std::nullopt, std::nullopt, llvm::CodeGenOptLevel::Default));
}

Result<std::string> compileToPtx(const std::string &ir, const std::string &name, unsigned version) {
  llvm::LLVMContext context;
  llvm::SMDiagnostic diagnostic;
  std::unique_ptr<llvm::Module> module = llvm::parseAssemblyString(ir, diagnostic, context);
  if (!module) {
    std::string text;
    llvm::raw_string_ostream stream(text);
    diagnostic.print(name.c_str(), stream, false);
    return failure(DREAMER_INTERNAL, name, "LLVM IR", text);
  }
  std::string problem;
  std::unique_ptr<llvm::TargetMachine> machine = machineFor(version, problem);
  if (!machine)
    return failure(DREAMER_UNAVAILABLE, name, "an LLVM with the NVPTX target", problem);
  module->setDataLayout(machine->createDataLayout());
  llvm::SmallString<0> text;
  llvm::raw_svector_ostream stream(text);
  llvm::legacy::PassManager passes;
  if (machine->addPassesToEmitFile(passes, stream, nullptr, llvm::CodeGenFileType::AssemblyFile))
    return failure(DREAMER_INTERNAL, name, "passes that write PTX", "none");
  passes.run(*module);
  return std::string(text);
}

std::string findPtxas() {
  llvm::SmallVector<std::string> folders;
  for (const char *variable : {"CUDA_HOME", "CUDA_PATH"})
    if (const char *folder = std::getenv(variable))
      folders.push_back(std::string(folder) + "/bin");
  folders.append({"/usr/local/cuda/bin", "/usr/lib/cuda/bin", "/opt/cuda/bin"});
  for (const std::string &folder : folders)
    if (std::string file = folder + "/ptxas"; llvm::sys::fs::can_execute(file))
      return file;
  llvm::ErrorOr<std::string> found = llvm::sys::findProgramByName("ptxas");
  return found ? *found : "";
}

Status assemble(const std::string &ptxas, const std::string &ptx, const std::string &name) {
  llvm::SmallString<128> source, log;
  if (llvm::sys::fs::createTemporaryFile("conform", "ptx", source) ||
      llvm::sys::fs::createTemporaryFile("conform", "log", log))
    return failure(DREAMER_IO_ERROR, name, "room for temporary files", "none");
  llvm::FileRemover removeSource(source), removeLog(log);
  {
    std::error_code error;
    llvm::raw_fd_ostream stream(source, error);
    if (error)
      return failure(DREAMER_IO_ERROR, name, "a temporary file", error.message());
    stream << ptx;
  }
  std::optional<llvm::StringRef> redirects[] = {std::nullopt, llvm::StringRef(log),
                                                llvm::StringRef(log)};
  std::string problem;
  int code = llvm::sys::ExecuteAndWait(
      ptxas, {ptxas, "-arch=sm_90a", "-O1", "-o", "/dev/null", source}, std::nullopt, redirects,
      /*SecondsToWait=*/600, 0, &problem);
  if (code == 0)
    return Status();
  auto text = llvm::MemoryBuffer::getFile(log);
  return failure(DREAMER_BAD_FILE, name, "PTX that ptxas takes",
                 problem + (text ? (*text)->getBuffer().substr(0, 2000).str() : ""));
}

} // namespace dreamer::conform
