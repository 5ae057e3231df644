// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tools/dreamer-tune/Exchange.h"
#include "mlir/Support/FileUtilities.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/ToolOutputFile.h"

using namespace llvm;

static Error at(StringRef path, Error error) {
  return createStringError(path + ": " + toString(std::move(error)));
}

Error dreamer::importRecords(tuning::Database &database, StringRef path) {
  std::string message;
  std::unique_ptr<MemoryBuffer> file = mlir::openInputFile(path, &message);
  if (!file)
    return createStringError(message);
  Expected<json::Value> value = json::parse(file->getBuffer());
  if (!value)
    return at(path, value.takeError());
  Expected<int64_t> count = database.addJson(*value);
  if (!count)
    return at(path, count.takeError());
  errs() << formatv("dreamer-tune: imported {0} records\n", *count);
  return Error::success();
}

Error dreamer::exportRecords(const tuning::Database &database, StringRef path) {
  Expected<json::Value> value = database.toJson();
  if (!value)
    return value.takeError();
  std::string message;
  std::unique_ptr<ToolOutputFile> file = mlir::openOutputFile(path, &message);
  if (!file)
    return createStringError(message);
  file->os() << formatv("{0:2}\n", *value);
  file->keep();
  errs() << formatv("dreamer-tune: exported {0} records\n",
                    value->getAsObject()->getArray("records")->size());
  return Error::success();
}
