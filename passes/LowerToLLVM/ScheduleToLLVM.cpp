// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/Schedule/ScheduleDialect.h"
#include "mlir/Conversion/ArithToLLVM/ArithToLLVM.h"
#include "mlir/Conversion/ControlFlowToLLVM/ControlFlowToLLVM.h"
#include "mlir/Conversion/FuncToLLVM/ConvertFuncToLLVM.h"
#include "mlir/Conversion/IndexToLLVM/IndexToLLVM.h"
#include "mlir/Conversion/LLVMCommon/ConversionTarget.h"
#include "mlir/Conversion/LLVMCommon/Pattern.h"
#include "mlir/Conversion/MathToLLVM/MathToLLVM.h"
#include "mlir/Conversion/MemRefToLLVM/MemRefToLLVM.h"
#include "mlir/Conversion/UBToLLVM/UBToLLVM.h"
#include "mlir/Conversion/VectorToLLVM/ConvertVectorToLLVM.h"
#include "mlir/Dialect/AMX/Transforms.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "passes/LowerToLLVM/LowerToLLVM.h"

namespace dreamer {
#define GEN_PASS_DEF_SCHEDULETOLLVMPASS
#include "passes/LowerToLLVM/LowerToLLVM.h.inc"
} // namespace dreamer

using namespace mlir;
using namespace dreamer;

namespace {

/// The function that runs a range of tasks of a kernel.
std::string tasksName(StringRef kernel) { return (kernel + ".tasks").str(); }

/// The arguments of a launch in memory.
LLVM::LLVMStructType closureType(MLIRContext *context, TypeRange arguments) {
  SmallVector<Type> fields;
  for (Type type : arguments)
    fields.push_back(isa<MemRefType>(type) ? Type(LLVM::LLVMPointerType::get(context))
                                           : Type(IntegerType::get(context, 64)));
  return LLVM::LLVMStructType::getLiteral(context, fields);
}

Value constant(OpBuilder &builder, Location loc, int64_t value) {
  return LLVM::ConstantOp::create(builder, loc, builder.getI64Type(), value);
}

Value fieldOf(OpBuilder &builder, Location loc, Type type, Value pointer, int32_t field) {
  return LLVM::GEPOp::create(builder, loc, pointer.getType(), type, pointer,
                             ArrayRef<LLVM::GEPArg>{0, field});
}

/// Adds `void kernel.tasks(closure, begin, end)`: loads the arguments, then calls the kernel for each
/// task from begin to end - 1.
void addTasksFunction(func::FuncOp kernel) {
  MLIRContext *context = kernel.getContext();
  OpBuilder builder(kernel);
  Location loc = kernel.getLoc();
  Type pointer = LLVM::LLVMPointerType::get(context), i64 = builder.getI64Type();
  auto type = LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(context), {pointer, i64, i64});
  auto function = LLVM::LLVMFuncOp::create(builder, loc, tasksName(kernel.getName()), type,
                                           LLVM::Linkage::Internal);
  Block *entry = function.addEntryBlock(builder);
  Block *header = builder.createBlock(&function.getBody(), function.getBody().end(), i64, loc);
  Block *body = builder.createBlock(&function.getBody(), function.getBody().end());
  Block *exit = builder.createBlock(&function.getBody(), function.getBody().end());

  builder.setInsertionPointToStart(entry);
  auto closure = closureType(context, kernel.getArgumentTypes().drop_back());
  SmallVector<Value> arguments;
  for (auto [i, field] : llvm::enumerate(closure.getBody())) {
    Value address = fieldOf(builder, loc, closure, entry->getArgument(0), i);
    arguments.push_back(LLVM::LoadOp::create(builder, loc, field, address));
  }
  LLVM::BrOp::create(builder, loc, entry->getArgument(1), header);

  builder.setInsertionPointToStart(header);
  Value task = header->getArgument(0);
  Value more =
      LLVM::ICmpOp::create(builder, loc, LLVM::ICmpPredicate::slt, task, entry->getArgument(2));
  LLVM::CondBrOp::create(builder, loc, more, body, ValueRange(), exit, ValueRange());

  builder.setInsertionPointToStart(body);
  arguments.push_back(task);
  LLVM::CallOp::create(builder, loc, TypeRange(), kernel.getName(), arguments);
  Value next = LLVM::AddOp::create(builder, loc, task, constant(builder, loc, 1));
  LLVM::BrOp::create(builder, loc, next, header);

  builder.setInsertionPointToStart(exit);
  LLVM::ReturnOp::create(builder, loc, ValueRange());
}

struct LowerLaunch : ConvertOpToLLVMPattern<schedule::LaunchOp> {
  using ConvertOpToLLVMPattern::ConvertOpToLLVMPattern;

  LogicalResult matchAndRewrite(schedule::LaunchOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    MLIRContext *context = op.getContext();
    Location loc = op.getLoc();
    SmallVector<Value> arguments;
    for (auto [value, converted] : llvm::zip(op.getArguments(), adaptor.getArguments()))
      arguments.push_back(isa<MemRefType>(value.getType())
                              ? MemRefDescriptor(converted).alignedPtr(rewriter, loc)
                              : converted);
    // services->launch(services->context, id, step, tasks, kernel.tasks, &closure)
    Type pointer = LLVM::LLVMPointerType::get(context), i32 = rewriter.getI32Type();
    Type i64 = rewriter.getI64Type();
    auto type = closureType(context, op.getArguments().getTypes());
    Block &entry = op->getParentOfType<FunctionOpInterface>().getFunctionBody().front();
    Value closure;
    {
      OpBuilder::InsertionGuard guard(rewriter);
      rewriter.setInsertionPointToStart(&entry);
      closure = LLVM::AllocaOp::create(rewriter, loc, pointer, type, constant(rewriter, loc, 1));
    }
    for (auto [i, argument] : llvm::enumerate(arguments))
      LLVM::StoreOp::create(rewriter, loc, argument, fieldOf(rewriter, loc, type, closure, i));
    // dreamer_services of PackageFormat.h: {size, reserved, context, launch}
    auto services = LLVM::LLVMStructType::getLiteral(context, {i32, i32, pointer, pointer});
    Value given = entry.getArgument(0);
    Value state =
        LLVM::LoadOp::create(rewriter, loc, pointer, fieldOf(rewriter, loc, services, given, 2));
    Value launch =
        LLVM::LoadOp::create(rewriter, loc, pointer, fieldOf(rewriter, loc, services, given, 3));
    Value id = constant(rewriter, loc, op.getId() ? int64_t(*op.getId()) : -1);
    Value step = op.getStep() ? adaptor.getStep() : constant(rewriter, loc, -1);
    Value body = LLVM::AddressOfOp::create(rewriter, loc, pointer, tasksName(op.getKernel()));
    auto signature = LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(context),
                                                 {pointer, i64, i64, i64, pointer, pointer});
    LLVM::CallOp::create(rewriter, loc, signature,
                         ValueRange{launch, state, id, step, adaptor.getTasks(), body, closure});
    rewriter.eraseOp(op);
    return success();
  }
};

struct LowerFill : ConvertOpToLLVMPattern<schedule::FillOp> {
  using ConvertOpToLLVMPattern::ConvertOpToLLVMPattern;

  LogicalResult matchAndRewrite(schedule::FillOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    auto type = cast<MemRefType>(op.getBuffer().getType());
    int64_t bytes = type.getNumElements() * type.getElementTypeBitWidth() / 8;
    Value start = MemRefDescriptor(adaptor.getBuffer()).alignedPtr(rewriter, op.getLoc());
    Value byte = LLVM::ConstantOp::create(rewriter, op.getLoc(), op.getByteAttr());
    rewriter.replaceOpWithNewOp<LLVM::MemsetOp>(op, start, byte,
                                                constant(rewriter, op.getLoc(), bytes), false);
    return success();
  }
};

/// Adds `i32 name(services, buffers)`, which loads the buffers and calls what the entry became.
void addEntryFunction(LLVM::LLVMFuncOp entry) {
  MLIRContext *context = entry.getContext();
  OpBuilder builder(entry);
  Location loc = entry.getLoc();
  Type pointer = LLVM::LLVMPointerType::get(context), i32 = builder.getI32Type();
  std::string name = entry.getName().str();
  entry.setName(name + ".schedule");
  entry.setLinkage(LLVM::Linkage::Internal);
  auto function = LLVM::LLVMFuncOp::create(builder, loc, name,
                                           LLVM::LLVMFunctionType::get(i32, {pointer, pointer}));
  function->setAttr(schedule::attribute::entry, entry->getAttr(schedule::attribute::entry));
  builder.setInsertionPointToStart(function.addEntryBlock(builder));
  SmallVector<Value> arguments{function.getArgument(0)};
  for (unsigned i = 0; i + 1 < entry.getNumArguments(); ++i) {
    Value address = LLVM::GEPOp::create(builder, loc, pointer, pointer, function.getArgument(1),
                                        ArrayRef<LLVM::GEPArg>{int32_t(i)});
    arguments.push_back(LLVM::LoadOp::create(builder, loc, pointer, address));
  }
  auto call = LLVM::CallOp::create(builder, loc, entry, arguments);
  LLVM::ReturnOp::create(builder, loc, call.getResult());
}

class ScheduleToLLVM : public dreamer::impl::ScheduleToLLVMPassBase<ScheduleToLLVM> {
public:
  void runOnOperation() override {
    ModuleOp module = getOperation();
    for (auto function : llvm::to_vector(module.getOps<func::FuncOp>()))
      if (function->hasAttr(schedule::attribute::kernel))
        addTasksFunction(function);
    if (failed(convert(module)))
      return signalPassFailure();
    for (auto function : llvm::to_vector(module.getOps<LLVM::LLVMFuncOp>())) {
      if (function->hasAttr(schedule::attribute::kernel) && !function.isExternal()) {
        function.setLinkage(LLVM::Linkage::Internal);
        function.setNoInline(true); // schedules stay small, and profiles show kernels by name
      }
      if (function->hasAttr(schedule::attribute::entry)) {
        function.removeArgAttrsAttr(); // names of buffers, which LLVM does not know
        addEntryFunction(function);
        function->removeAttr(schedule::attribute::entry);
      }
    }
  }

private:
  static LogicalResult convert(ModuleOp module) {
    MLIRContext *context = module.getContext();
    LowerToLLVMOptions options(context);
    options.useBarePtrCallConv = true;
    LLVMTypeConverter converter(context, options);
    RewritePatternSet patterns(context);
    patterns.add<LowerLaunch, LowerFill>(converter);
    populateFuncToLLVMConversionPatterns(converter, patterns);
    populateFinalizeMemRefToLLVMConversionPatterns(converter, patterns);
    arith::populateArithToLLVMConversionPatterns(converter, patterns);
    populateMathToLLVMConversionPatterns(converter, patterns);
    cf::populateControlFlowToLLVMConversionPatterns(converter, patterns);
    index::populateIndexToLLVMConversionPatterns(converter, patterns);
    ub::populateUBToLLVMConversionPatterns(converter, patterns);
    populateVectorToLLVMConversionPatterns(converter, patterns);
    // With the branches that carry its tiles: tiles of AMX have no type in between.
    populateAMXLegalizeForLLVMExportPatterns(converter, patterns);
    LLVMConversionTarget target(*context);
    configureAMXLegalizeForExportTarget(target);
    target.addLegalOp<ModuleOp>();
    return applyFullConversion(module, target, std::move(patterns));
  }
};

} // namespace
