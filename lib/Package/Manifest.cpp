// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Package/Manifest.h"
#include "dialects/Dreamer/DreamerDialect.h"
#include "dialects/Schedule/ScheduleDialect.h"
#include "dialects/Tile/TileDialect.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/BuiltinTypes.h"

using namespace mlir;
using namespace dreamer;
namespace json = llvm::json;

namespace {

json::Value toJson(Attribute attribute) {
  if (auto text = dyn_cast<StringAttr>(attribute))
    return text.getValue();
  if (auto flag = dyn_cast<BoolAttr>(attribute))
    return flag.getValue();
  if (auto number = dyn_cast<IntegerAttr>(attribute))
    return number.getInt();
  if (auto number = dyn_cast<FloatAttr>(attribute))
    return number.getValueAsDouble();
  if (auto list = dyn_cast<ArrayAttr>(attribute)) {
    json::Array values;
    for (Attribute value : list)
      values.push_back(toJson(value));
    return values;
  }
  if (auto numbers = dyn_cast<DenseF64ArrayAttr>(attribute))
    return json::Array(numbers.asArrayRef());
  if (auto numbers = dyn_cast<DenseI64ArrayAttr>(attribute))
    return json::Array(numbers.asArrayRef());
  if (auto dictionary = dyn_cast<DictionaryAttr>(attribute)) {
    json::Object object;
    for (NamedAttribute entry : dictionary)
      object[entry.getName().getValue()] = toJson(entry.getValue());
    return object;
  }
  std::string text;
  llvm::raw_string_ostream(text) << attribute;
  return text;
}

StringRef dtypeOf(Type type) { return type.isBF16() ? "bf16" : type.isInteger(32) ? "i32" : "f32"; }

void addType(json::Object &object, DictionaryAttr attribute) {
  auto type = cast<ShapedType>(cast<TypeAttr>(attribute.get("type")).getValue());
  object["dtype"] = dtypeOf(type.getElementType());
  object["shape"] = json::Array(type.getShape());
}

json::Array parametersOf(ArrayAttr attributes) {
  json::Array parameters;
  for (auto attribute : attributes.getAsRange<DictionaryAttr>()) {
    json::Object parameter;
    for (StringRef key : {"name", "offset", "role", "init"})
      if (Attribute value = attribute.get(key))
        parameter[key] = toJson(value);
    if (!parameter.get("init"))
      parameter["init"] = json::Object{{"fill", 0.0}};
    addType(parameter, attribute);
    parameters.push_back(std::move(parameter));
  }
  return parameters;
}

json::Array valuesOf(ArrayAttr attributes) {
  json::Array values;
  for (auto attribute : attributes.getAsRange<DictionaryAttr>()) {
    json::Object value;
    for (StringRef key : {"name", "buffer", "offset", "role", "default", "updates"})
      if (Attribute found = attribute.get(key))
        value[key] = toJson(found);
    addType(value, attribute);
    values.push_back(std::move(value));
  }
  return values;
}

/// Bytes of a buffer of an entry: the most of any variant.
int64_t bufferBytesOf(ModuleOp module, StringRef entry, unsigned buffer) {
  int64_t bytes = 0;
  for (auto variant : module.getOps<ModuleOp>())
    if (auto function = variant.lookupSymbol<func::FuncOp>(entry))
      bytes =
          std::max(bytes, cast<MemRefType>(function.getArgumentTypes()[buffer]).getNumElements());
  return bytes;
}

json::Object entryOf(ModuleOp module, func::FuncOp function, DictionaryAttr signature) {
  int64_t arena = bufferBytesOf(module, function.getName(), /*buffer=*/0);
  json::Array buffers;
  for (auto [i, type] : llvm::enumerate(function.getArgumentTypes())) {
    auto kind = function.getArgAttrOfType<StringAttr>(i, schedule::attribute::buffer);
    json::Object buffer{{"kind", kind.getValue()}};
    buffer["bytes"] = bufferBytesOf(module, function.getName(), i);
    if (auto name = function.getArgAttrOfType<StringAttr>(i, schedule::attribute::name))
      buffer["name"] = name.getValue();
    buffers.push_back(std::move(buffer));
  }
  return json::Object{{"name", function.getName()},
                      {"arena_bytes", arena},
                      {"buffers", std::move(buffers)},
                      {"inputs", valuesOf(signature.getAs<ArrayAttr>("inputs"))},
                      {"outputs", valuesOf(signature.getAs<ArrayAttr>("outputs"))}};
}

/// What the names and shapes of an entry's inputs and outputs tell of the model.
class ModelFacts {
public:
  void visit(DictionaryAttr value, bool isInput) {
    StringRef name = value.getAs<StringAttr>("name").getValue();
    auto type = cast<ShapedType>(value.getAs<TypeAttr>("type").getValue());
    shapes[name] = SmallVector<int64_t>(type.getShape());
    StringRef block = name;
    if (isInput && block.consume_back(".depth") && value.getAs<IntegerAttr>("bound"))
      blockNamed(block).depth = value.getAs<IntegerAttr>("bound").getInt();
    if (block.consume_back(".expert_ids") && type.getRank() >= 2) {
      Block &routed = blockNamed(block);
      routed.active = type.getShape().back();
      if (!routed.depth)
        routed.depth = type.getDimSize(0);
    }
    if (isInput && (name == "tokens" || name == "token") && type.getRank() >= 1) {
      batch = type.getDimSize(0);
      if (type.getRank() == 2)
        context = std::max(context, type.getDimSize(1));
    }
    auto role = value.getAs<StringAttr>("role");
    if (role && role == dreamer::role::cache && type.getRank() == 4)
      context = std::max(context, type.getDimSize(2));
    if (name == "logits")
      vocabulary = type.getShape().back();
  }

  json::Array blocksAsJson() const {
    json::Array list;
    for (const Block &block : blocks) {
      json::Object object{{"name", block.name}, {"depth", block.depth}};
      if (block.active) {
        object["active"] = block.active;
        object["experts"] = expertsOf(block.name);
      }
      list.push_back(std::move(object));
    }
    return list;
  }

  int64_t getVocabulary() const {
    auto table = shapes.find("embed.weight");
    return table != shapes.end() ? table->second.front() : vocabulary;
  }
  int64_t getBatch() const { return batch; }
  int64_t getContext() const { return context; }

private:
  struct Block {
    std::string name;
    int64_t depth = 0, active = 0;
  };

  Block &blockNamed(StringRef name) {
    for (Block &block : blocks)
      if (block.name == name)
        return block;
    return blocks.emplace_back(Block{name.str()});
  }

  /// Of the block's own layer, or the first of its untied layers.
  int64_t expertsOf(StringRef block) const {
    for (StringRef middle : {".", ".0."}) {
      auto keys = shapes.find((block + middle + "expert_attention.keys.weight").str());
      if (keys != shapes.end())
        return keys->second.front();
    }
    return 0;
  }

  llvm::StringMap<SmallVector<int64_t>> shapes;
  SmallVector<Block> blocks;
  int64_t batch = 1, context = 1, vocabulary = 1;
};

/// bf16 if any kernel reads it.
StringRef packageDtype(ModuleOp variant) {
  for (auto function : variant.getOps<func::FuncOp>())
    for (Type type : function.getArgumentTypes())
      if (auto buffer = dyn_cast<MemRefType>(type); buffer && buffer.getElementType().isBF16())
        return "bf16";
  return "f32";
}

json::Array targetsOf(ModuleOp module) {
  json::Array targets;
  for (auto variant : module.getOps<ModuleOp>()) {
    auto target = variant->getAttrOfType<DictionaryAttr>(schedule::attribute::target);
    targets.push_back(json::Object{{"variant", toJson(target.get("name"))},
                                   {"features", toJson(target.get("features"))}});
  }
  return targets;
}

/// What multiplies bf16 in a kernel as it is: "tiles", "pairs", or "" for nothing.
StringRef narrowProductsOf(Operation *kernel) {
  StringRef found;
  kernel->walk([&](Operation *op) {
    auto product = dyn_cast<tile::MmaOp>(op);
    auto call = dyn_cast<LLVM::CallIntrinsicOp>(op);
    if (product && product.getType().getLayout() == tile::Layout::amx_c) {
      found = "tiles";
      return WalkResult::interrupt();
    }
    auto right = product ? dyn_cast<tile::MemType>(product.getB().getType()) : tile::MemType();
    if ((right && right.getForm() == tile::Form::pairs) ||
        (call && call.getIntrin().contains("dpbf16ps")))
      found = "pairs";
    return WalkResult::advance();
  });
  return found;
}

json::Object launchOf(schedule::LaunchOp launch) {
  auto kernel = SymbolTable::lookupNearestSymbolFrom(launch, launch.getKernelAttr());
  json::Object object{{"kernel", launch.getKernel()},
                      {"operation", toJson(kernel->getAttr(schedule::attribute::kernel))}};
  if (std::optional<StringRef> part = launch.getPart())
    object["part"] = *part;
  if (StringRef products = narrowProductsOf(kernel); !products.empty())
    object["products"] = products;
  if (std::optional<uint64_t> flops = launch.getFlops())
    object["flops"] = int64_t(*flops);
  if (std::optional<uint64_t> bytes = launch.getBytesRead())
    object["bytes_read"] = int64_t(*bytes);
  if (std::optional<uint64_t> bytes = launch.getBytesWritten())
    object["bytes_written"] = int64_t(*bytes);
  return object;
}

/// By variant and entry, what it launches, in order of ids.
json::Object launchesOf(ModuleOp module) {
  json::Object variants;
  for (auto variant : module.getOps<ModuleOp>()) {
    json::Object entries;
    for (auto function : variant.getOps<func::FuncOp>()) {
      if (!function->hasAttr(schedule::attribute::entry))
        continue;
      json::Array launches;
      function.walk([&](schedule::LaunchOp launch) { launches.push_back(launchOf(launch)); });
      entries[function.getName()] = std::move(launches);
    }
    variants[*variant.getSymName()] = std::move(entries);
  }
  return variants;
}

json::Array errorsOf(ModuleOp module) {
  json::Array errors;
  if (auto messages = module->getAttrOfType<ArrayAttr>(schedule::attribute::errors))
    for (auto [i, message] : llvm::enumerate(messages))
      errors.push_back(json::Object{{"code", int64_t(i) + 1}, {"message", toJson(message)}});
  return errors;
}

} // namespace

void dreamer::numberLaunches(ModuleOp module) {
  for (auto variant : module.getOps<ModuleOp>())
    for (auto function : variant.getOps<func::FuncOp>()) {
      int64_t next = 0;
      function.walk([&](schedule::LaunchOp launch) { launch.setId(next++); });
    }
}

FailureOr<json::Object> dreamer::buildManifest(ModuleOp module, ArrayRef<std::string> flags) {
  auto parameters = module->getAttrOfType<ArrayAttr>(schedule::attribute::parameters);
  auto bytes = module->getAttrOfType<IntegerAttr>(schedule::attribute::parameterBytes);
  auto variants = module.getOps<ModuleOp>();
  if (!parameters || !bytes || variants.empty())
    return module.emitError() << "expected a module of the kernels phase: '"
                              << schedule::attribute::parameters << "', '"
                              << schedule::attribute::parameterBytes
                              << "' and a module for each variant";
  ModuleOp first = *variants.begin();
  ModelFacts facts;
  json::Array entries;
  json::Object plans;
  for (auto function : first.getOps<func::FuncOp>()) {
    auto signature = function->getAttrOfType<DictionaryAttr>(schedule::attribute::entry);
    if (!signature)
      continue;
    for (auto input : signature.getAs<ArrayAttr>("inputs").getAsRange<DictionaryAttr>())
      facts.visit(input, true);
    for (auto output : signature.getAs<ArrayAttr>("outputs").getAsRange<DictionaryAttr>())
      facts.visit(output, false);
    entries.push_back(entryOf(module, function, signature));
    if (Attribute plan = function->getAttr(schedule::attribute::plan))
      plans[function.getName()] = toJson(plan);
  }
  auto textOf = [&](StringRef name) {
    auto text = module->getAttrOfType<StringAttr>(name);
    return text ? text.getValue() : StringRef();
  };
  json::Object manifest{{"format", 1},
                        {"compiler", json::Object{{"name", "dreamer-compile"},
                                                  {"version", DREAMER_VERSION},
                                                  {"flags", json::Array(flags)}}},
                        {"model", textOf(attribute::model)},
                        {"description", textOf(attribute::description)},
                        {"dtype", packageDtype(first)},
                        {"batch", facts.getBatch()},
                        {"context", facts.getContext()},
                        {"vocabulary", facts.getVocabulary()},
                        {"parameters", parametersOf(parameters)},
                        {"parameter_bytes", bytes.getInt()},
                        {"blocks", facts.blocksAsJson()},
                        {"targets", targetsOf(module)},
                        {"errors", errorsOf(module)},
                        {"entries", std::move(entries)},
                        {"launches", launchesOf(module)},
                        {"plan", std::move(plans)}};
  if (auto training = module->getAttrOfType<DictionaryAttr>(attribute::training))
    manifest["training"] = toJson(training);
  if (auto cost = module->getAttrOfType<StringAttr>(schedule::attribute::cost)) {
    llvm::Expected<json::Value> report = json::parse(cost.getValue());
    if (!report)
      return module.emitError() << "expected JSON as '" << schedule::attribute::cost
                                << "': " << llvm::toString(report.takeError());
    manifest["cost"] = std::move(*report);
  }
  return manifest;
}
