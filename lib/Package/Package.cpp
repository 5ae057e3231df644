// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Package/Package.h"
#include "lib/Package/Descriptor.h"
#include "lib/Package/Linker.h"
#include "mlir/Bytecode/BytecodeWriter.h"
#include "runtime/core/PackageFormat.h"
#include "llvm/Object/ELFObjectFile.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include <cstring>

using namespace llvm;
using namespace dreamer;
using object::ELF64LEObjectFile;

/// The section of that name; an error if there is none.
static Expected<object::SectionRef> sectionNamed(const ELF64LEObjectFile &file, StringRef name) {
  for (const object::SectionRef &section : file.sections()) {
    Expected<StringRef> found = section.getName();
    if (!found)
      return found.takeError();
    if (*found == name)
      return section;
  }
  return createStringError("expected a section " + name + " in the package, found none");
}

/// Code that a package may take from the program that loads it.
static bool isAllowed(StringRef symbol) {
  static constexpr StringLiteral allowed[] = {
      "memcpy", "memmove", "memset", "memcmp", "bcmp",  "expf",   "exp",   "logf",  "log",  "log2f",
      "log2",   "sinf",    "sin",    "cosf",   "cos",   "powf",   "pow",   "tanhf", "tanh", "sqrtf",
      "sqrt",   "fmodf",   "fmod",   "roundf", "round", "floorf", "floor", "ceilf", "ceil"};
  return is_contained(allowed, symbol);
}

static Error checkSymbols(const ELF64LEObjectFile &file) {
  for (const object::ELFSymbolRef symbol : file.getDynamicSymbolIterators()) {
    Expected<uint32_t> flags = symbol.getFlags();
    Expected<StringRef> name = symbol.getName();
    if (!flags || !name)
      return joinErrors(flags ? Error::success() : flags.takeError(),
                        name ? Error::success() : name.takeError());
    if ((*flags & object::SymbolRef::SF_Undefined) && !name->empty() && !isAllowed(*name))
      return createStringError("internal error: expected a package that needs libc and libm only, "
                               "found that it needs '" +
                               *name + "'");
  }
  return Error::success();
}

/// Writes size and checksum into the header of a linked package.
static Error seal(MutableArrayRef<uint8_t> bytes, const ELF64LEObjectFile &file) {
  Expected<object::SectionRef> section = sectionNamed(file, DREAMER_PACKAGE_HEADER_SECTION);
  if (!section)
    return section.takeError();
  Expected<StringRef> contents = section->getContents();
  if (!contents)
    return contents.takeError();
  if (contents->size() != sizeof(dreamer_package_header))
    return createStringError("internal error: expected a package header of 64 bytes");
  uint64_t offset = contents->bytes_begin() - bytes.data();
  uint8_t *header = bytes.data() + offset;
  support::endian::write64le(header + offsetof(dreamer_package_header, file_size), bytes.size());
  uint64_t field = offset + DREAMER_PACKAGE_CHECKSUM_OFFSET;
  support::endian::write64le(header + DREAMER_PACKAGE_CHECKSUM_OFFSET,
                             dreamer_package_checksum(bytes.data(), bytes.size(), field));
  return Error::success();
}

/// Checks the linked file and makes it a package.
static Error finish(StringRef path) {
  auto linked = MemoryBuffer::getFile(path);
  if (!linked)
    return createStringError(linked.getError(), "cannot read '" + path + "'");
  // A copy: the file is written anew while what was read of it is in use.
  auto buffer = WritableMemoryBuffer::getNewUninitMemBuffer((*linked)->getBufferSize(), path);
  std::memcpy(buffer->getBufferStart(), (*linked)->getBufferStart(), buffer->getBufferSize());
  linked->reset();
  Expected<std::unique_ptr<object::ObjectFile>> object =
      object::ObjectFile::createELFObjectFile(*buffer);
  if (!object)
    return object.takeError();
  auto *file = dyn_cast<ELF64LEObjectFile>(object->get());
  if (!file)
    return createStringError("internal error: expected an ELF64 file from the linker");
  if (Error error = checkSymbols(*file))
    return error;
  auto *start = reinterpret_cast<uint8_t *>(buffer->getBufferStart());
  if (Error error = seal({start, buffer->getBufferSize()}, *file))
    return error;

  std::error_code problem;
  raw_fd_ostream output(path, problem);
  if (!problem) {
    output << StringRef(reinterpret_cast<char *>(start), buffer->getBufferSize());
    output.close();
    problem = output.error();
    output.clear_error();
  }
  if (problem)
    return createStringError(problem, "cannot write '" + path + "'");
  return Error::success();
}

Error dreamer::writePackage(const PackageContents &contents, StringRef path) {
  std::string manifest;
  raw_string_ostream(manifest) << json::Value(json::Object(contents.manifest));
  Expected<ObjectCode> descriptor = buildDescriptor(contents, manifest);
  if (!descriptor)
    return descriptor.takeError();
  SmallVector<StringRef> objects{{descriptor->data(), descriptor->size()}};
  for (const VariantCode &variant : contents.variants)
    objects.push_back({variant.object.data(), variant.object.size()});

  Expected<sys::fs::TempFile> file = sys::fs::TempFile::create(path + ".%%%%%%.part");
  if (!file)
    return createStringError("cannot write beside '" + path + "': " + toString(file.takeError()));
  Error error = linkShared(objects, file->TmpName);
  if (!error)
    error = finish(file->TmpName);
  if (error)
    return joinErrors(std::move(error), file->discard());
  return file->keep(path);
}

bool dreamer::isPackage(StringRef bytes) {
  return bytes.starts_with("\x7f"
                           "ELF");
}

Expected<std::string> dreamer::readPackageModel(StringRef bytes, StringRef path) {
  Expected<std::unique_ptr<object::ObjectFile>> object =
      object::ObjectFile::createELFObjectFile(MemoryBufferRef(bytes, path));
  if (!object)
    return createStringError(
        path + ": expected a whole package, found a damaged file: " + toString(object.takeError()));
  auto *file = dyn_cast<ELF64LEObjectFile>(object->get());
  if (!file)
    return createStringError(path +
                             ": expected a package for x86-64, found another kind of ELF file");
  Expected<object::SectionRef> section = sectionNamed(*file, DREAMER_PACKAGE_MODEL_SECTION);
  if (!section)
    return joinErrors(createStringError(path + ": not a package of Dreamer"), section.takeError());
  Expected<StringRef> model = section->getContents();
  if (!model)
    return createStringError(
        path + ": expected a whole package, found a damaged file: " + toString(model.takeError()));
  if (model->empty())
    return createStringError(path + ": this package holds no model (it was compiled from a later "
                                    "phase); compile it from its description");
  return model->str();
}

std::string dreamer::modelBytecode(mlir::ModuleOp module) {
  std::string bytes;
  raw_string_ostream stream(bytes);
  // Without a version or producer that changes from build to build: equal models, equal bytes.
  if (mlir::failed(
          mlir::writeBytecodeToFile(module, stream, mlir::BytecodeWriterConfig("dreamer"))))
    return {};
  return bytes;
}
