// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Types and op classes that the dialect's op files share.

#ifndef DREAMER_OP_BASE_TD
#define DREAMER_OP_BASE_TD

include "dialects/Dreamer/DreamerDialect.td"
include "dialects/Dreamer/DreamerInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

/// Matrix operands, and results that may be such: f32 as built, bf16 where a package narrows them.
def Dreamer_Matrix : StaticShapeTensorOf<[F32, BF16]>;
def Dreamer_Float : StaticShapeTensorOf<[F32]>;
def Dreamer_Ids : StaticShapeTensorOf<[I32]>;
def Dreamer_AnyTensor : StaticShapeTensorOf<[F32, BF16, I32]>;
def Dreamer_FloatScalar : 0DTensorOf<[F32]>;
def Dreamer_IntScalar : 0DTensorOf<[I32]>;

def Differentiable : DeclareOpInterfaceMethods<DifferentiableOpInterface>;
def Accumulates : DeclareOpInterfaceMethods<AccumulatingOpInterface>;
def ReducesProduct : DeclareOpInterfaceMethods<ReducesProductOpInterface>;
def TileLocal : DeclareOpInterfaceMethods<TileLocalOpInterface>;
def Deferrable : DeclareOpInterfaceMethods<DeferrableOpInterface>;
def Decodable : DeclareOpInterfaceMethods<DecodableOpInterface>;
def DecodableWithCache
    : DeclareOpInterfaceMethods<DecodableOpInterface, ["getCachedOperands"]>;
def MatrixOperands : DeclareOpInterfaceMethods<MatrixOperandsOpInterface>;
/// The (first) result may be bf16.
def NarrowResult : DeclareOpInterfaceMethods<NarrowResultsOpInterface>;
/// Some results may be.
def NarrowResults
    : DeclareOpInterfaceMethods<NarrowResultsOpInterface, ["getNarrowableResults"]>;
/// Counts its memory traffic only.
def Cheap : DeclareOpInterfaceMethods<CostOpInterface>;
/// The same, and touches a part of some operand or result.
def Partial : DeclareOpInterfaceMethods<CostOpInterface, ["getTouchedBytes"]>;
/// Contracts: counts FLOPs as well.
def Contracts : DeclareOpInterfaceMethods<CostOpInterface, ["getCost"]>;
def ContractsPartial
    : DeclareOpInterfaceMethods<CostOpInterface, ["getCost", "getTouchedBytes"]>;

/// Infers result types from an Adaptor. Unlike upstream's InferTypeOpAdaptor it finds attributes
/// also while an operation is parsed, when they are not yet in its properties.
def InfersTypes : TraitList<[
    DeclareOpInterfaceMethods<InferTypeOpInterface>,
    NativeOpTrait<"InferTypeOpAdaptor", /*traits=*/[], /*extraOpDeclaration=*/[{
      static ::llvm::LogicalResult
      inferReturnTypes(::mlir::MLIRContext *context, std::optional<::mlir::Location> location,
                       Adaptor adaptor, ::llvm::SmallVectorImpl<::mlir::Type> &types);
    }], /*extraOpDefinition=*/[{
      ::llvm::LogicalResult $cppClass::inferReturnTypes(
          ::mlir::MLIRContext *context, std::optional<::mlir::Location> location,
          ::mlir::ValueRange operands, ::mlir::DictionaryAttr attributes,
          ::mlir::OpaqueProperties properties, ::mlir::RegionRange regions,
          ::llvm::SmallVectorImpl<::mlir::Type> &types) {
        Properties parsed;
        auto emitError = [&] {
          return ::mlir::emitError(location.value_or(::mlir::UnknownLoc::get(context)));
        };
        if (!properties && attributes &&
            ::mlir::failed(setPropertiesFromAttr(parsed, attributes, emitError)))
          return ::mlir::failure();
        const Properties &known = properties ? *properties.as<Properties *>() : parsed;
        if (::mlir::failed(inferReturnTypes(
                context, location, Adaptor(operands, attributes, known, regions), types)))
          return ::mlir::failure();
        return ::dreamer::detail::inferNarrowResults(location, getOperationName(), attributes, types);
      }
    }]>]>;

/// A pure operation whose result types follow from its operands.
class Dreamer_PureOp<string mnemonic, list<Trait> traits = []>
    : Dreamer_Op<mnemonic, !listconcat([Pure, InfersTypes], traits)>;

#endif // DREAMER_OP_BASE_TD
