// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The Tile dialect, its enumerations and its types.

#ifndef DREAMER_TILE_DIALECT_TD
#define DREAMER_TILE_DIALECT_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/OpBase.td"

def Tile_Dialect : Dialect {
  let name = "tile";
  let cppNamespace = "::dreamer::tile";
  let summary = "Kernel bodies: what one block does to tiles";
  let description = [{
    A tile program says what one *block* of work does to *tiles*: where they live, in what layout,
    and how copies overlap arithmetic. A block is a task of the CPU or a thread block of a GPU.
    Everything that is not about tiles is upstream's: `func`, `scf`, `arith`, `math`, and `memref`
    for the arrays a kernel is given and the numbers that it reads from them.

    There are two kinds of tile, both of two dimensions. A `!tile.mem` is a *place*: part of an
    array, or memory of the block; reading it twice may give two answers. A `!tile.reg` is a
    *value*. Layouts come from a closed set, and a layout belongs to a family of targets:

    | layout of registers | family | holds |
    | --- | --- | --- |
    | `vectors` | x86 | rows of vectors |
    | `amx_c` | x86 with AMX | accumulators of 16 rows of 16 |
    | `mma_a`, `mma_b`, `mma_c` | NVIDIA, sm_80 and later | fragments of mma.sync |
    | `wgmma_a`, `wgmma_c` | NVIDIA, sm_90a | fragments of wgmma |
    | `blocked` | NVIDIA | rows of vectors, shared out over threads |
    | `slice L` | that of L | a column: one value for each row of a tile in layout L |

    The *core* (view, rows, alloc, load, store, prefetch, copy, fill, mma, map, reduce, broadcast,
    convert_layout, barrier, block_id, block_count) means the same on every target. *Target
    operations* say how a target keeps itself busy: rings (put, get, release), roles, products in
    flight (mma_start, mma_wait). Each operation says in its description which family has it, and verifiers refuse
    what no target can do.

    A loop over work that steps by `block_count` is a persistent loop; it needs no operation.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::memref::MemRefDialect"];
  let useDefaultTypePrinterParser = 1;
  let useDefaultAttributePrinterParser = 1; // printing in the generic form, and looking for aliases
}

//===----------------------------------------------------------------------===//
// Enumerations
//===----------------------------------------------------------------------===//

class Tile_Enum<string name, string summary, list<I32EnumCase> cases> : I32Enum<name, summary, cases> {
  let cppNamespace = "::dreamer::tile";
}
class Tile_EnumAttr<EnumInfo info, string mnemonic> : EnumAttr<Tile_Dialect, info, mnemonic>;

def Tile_Space : Tile_Enum<"Space", "where a place is", [
  I32EnumCase<"global", 0>, // an array that the kernel was given
  I32EnumCase<"shared", 1>  // the block's own: shared memory of a GPU, the stack (level 1 cache) of a CPU
]>;

def Tile_Order : Tile_Enum<"Order", "which dimension of a place is contiguous", [
  I32EnumCase<"rows", 0>,   // elements of a row are neighbours
  I32EnumCase<"columns", 1> // elements of a column are neighbours
]>;

def Tile_Form : Tile_Enum<"Form", "how the elements of a place are arranged further", [
  I32EnumCase<"plain", 0>,
  I32EnumCase<"swizzle32", 1>,  // lines of 32, 64 or 128 bytes whose 16-byte pieces are permuted by the line's number
  I32EnumCase<"swizzle64", 2>,
  I32EnumCase<"swizzle128", 3>,
  I32EnumCase<"pairs", 4>       // two rows interleaved, as dot products of 16-bit elements want their right side
]>;

def Tile_Layout : Tile_Enum<"Layout", "how a value lies in registers", [
  I32EnumCase<"vectors", 0>,
  I32EnumCase<"amx_c", 1>,
  I32EnumCase<"mma_a", 2>,
  I32EnumCase<"mma_b", 3>,
  I32EnumCase<"mma_c", 4>,
  I32EnumCase<"wgmma_a", 5>,
  I32EnumCase<"wgmma_c", 6>,
  I32EnumCase<"blocked", 7>
]>;

def Tile_Transport : Tile_Enum<"Transport", "what fills the slots of a ring", [
  I32EnumCase<"tma", 0>,      // one thread starts the copy of a whole tile; bytes are counted
  I32EnumCase<"cp_async", 1>  // every thread starts copies of 16 bytes; threads are counted
]>;

def Tile_Combine : Tile_Enum<"Combine", "how values are combined", [
  I32EnumCase<"add", 0>, I32EnumCase<"max", 1>, I32EnumCase<"min", 2>
]>;
def Tile_CombineAttr : Tile_EnumAttr<Tile_Combine, "combine"> { let assemblyFormat = "$value"; }

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

class Tile_Type<string name, string word> : TypeDef<Tile_Dialect, name> {
  let mnemonic = word;
  let genVerifyDecl = 1;
}

def Tile_Mem : Tile_Type<"Mem", "mem"> {
  let summary = "a place that holds a tile";
  let description = [{
    ```
    !tile.mem<128x64xbf16, shared, rows, swizzle128>
    ```
    Rows and columns are those of the tile; the order says which are contiguous. Swizzled places are
    made of slabs as wide as the swizzle, one after the other.
  }];
  let parameters = (ins ArrayRefParameter<"int64_t">:$shape, "::mlir::Type":$elementType,
                        EnumParameter<Tile_Space>:$space, EnumParameter<Tile_Order>:$order,
                        EnumParameter<Tile_Form>:$form);
  let hasCustomAssemblyFormat = 1;
  let extraClassDeclaration = [{
    int64_t getRows() const { return getShape()[0]; }
    int64_t getColumns() const { return getShape()[1]; }
    int64_t getNumElements() const { return getRows() * getColumns(); }
    int64_t getBytes() const;
    /// Neighbours in memory: columns of a row, or rows of a column.
    int64_t getContiguous() const { return getOrder() == Order::rows ? getColumns() : getRows(); }
    /// Bytes that a swizzle permutes, 0 for other forms.
    int64_t getSwizzleBytes() const;
    /// Where an element lies in a place of its own, in elements from its start.
    int64_t getOffset(int64_t row, int64_t column) const;
  }];
}

def Tile_Reg : Tile_Type<"Reg", "reg"> {
  let summary = "a tile in registers";
  let description = [{
    ```
    !tile.reg<6x16xf32, vectors>
    !tile.reg<128x128xf32, mma_c, warps 2x2>
    !tile.reg<64x1xf32, slice wgmma_c>
    ```
    `warps RxC` says how warps divide the rows and columns of fragments of mma.sync among them.
  }];
  let parameters = (ins ArrayRefParameter<"int64_t">:$shape, "::mlir::Type":$elementType,
                        EnumParameter<Tile_Layout>:$layout, "bool":$slice,
                        ArrayRefParameter<"int64_t">:$warps);
  let hasCustomAssemblyFormat = 1;
  let extraClassDeclaration = [{
    int64_t getRows() const { return getShape()[0]; }
    int64_t getColumns() const { return getShape()[1]; }
    int64_t getNumElements() const { return getRows() * getColumns(); }
    /// The same layout with another element type.
    RegType withElement(::mlir::Type element) const;
    /// The type of a column with a value for each row of this tile.
    RegType getSliceType() const;
  }];
}

def Tile_Ring : Tile_Type<"Ring", "ring"> {
  let summary = "a buffer of several stages between copies and arithmetic";
  let description = [{
    ```
    !tile.ring<4 x (!tile.mem<...>, !tile.mem<...>) by tma, arrivals 1, bytes 49152, readers 2>
    ```
    Use `i` of a ring is in slot `i mod stages` and has phase `(i / stages) mod 2`. A slot is full when `arrivals`
    writers have arrived and their `bytes` have; it is free again when `readers` readers have released it.
  }];
  let parameters = (ins "int64_t":$stages, ArrayRefParameter<"MemType">:$slots,
                        EnumParameter<Tile_Transport>:$transport, "int64_t":$arrivals,
                        "int64_t":$bytes, "int64_t":$readers);
  let assemblyFormat = [{
    `<` $stages `x` `(` $slots `)` `by` $transport `,` `arrivals` $arrivals `,` `bytes` $bytes `,`
    `readers` $readers `>`
  }];
}

def Tile_Pending : Tile_Type<"Pending", "pending"> {
  let summary = "accumulators of a product in flight";
  let description = "Only another product or `mma_wait` can take them, so that nobody touches them too early.";
  let parameters = (ins "RegType":$tile);
  let assemblyFormat = "`<` $tile `>`";
}

def Tile_Factor : AnyTypeOf<[Tile_Mem, Tile_Reg]>;

#endif // DREAMER_TILE_DIALECT_TD
