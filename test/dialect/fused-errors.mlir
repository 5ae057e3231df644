// RUN: dreamer-opt %s --split-input-file --verify-diagnostics

func.func @alone(%x: tensor<2x8xf32>, %w: tensor<8x8xf32>) {
  %r = dreamer.fused(%x, %w) : (tensor<2x8xf32>, tensor<8x8xf32>) -> (tensor<2x8xf32>) {
  ^bb0(%xa: tensor<2x8xf32>, %wa: tensor<8x8xf32>):
    // expected-error @below {{expected a product, or an operation that follows from the tiles of one product, in 'dreamer.fused'}}
    %a = dreamer.scale %xa {factor = 2.0 : f64} : tensor<2x8xf32>
    dreamer.give %a : tensor<2x8xf32>
  }
  return
}

// -----

func.func @other(%x: tensor<2x8xf32>, %w: tensor<8x8xf32>) {
  %r = dreamer.fused(%x, %w) : (tensor<2x8xf32>, tensor<8x8xf32>) -> (tensor<2x8xf32>) {
  ^bb0(%xa: tensor<2x8xf32>, %wa: tensor<8x8xf32>):
    %a = dreamer.linear %xa, %wa : tensor<2x8xf32>, tensor<8x8xf32>
    // expected-error @below {{expected a product, or an operation that follows from the tiles of one product, in 'dreamer.fused'}}
    %b = dreamer.zero : tensor<2x8xf32>
    dreamer.give %a : tensor<2x8xf32>
  }
  return
}

// -----

func.func @two(%x: tensor<2x8xf32>, %w: tensor<8x8xf32>) {
  %r = dreamer.fused(%x, %w) : (tensor<2x8xf32>, tensor<8x8xf32>) -> (tensor<2x8xf32>) {
  ^bb0(%xa: tensor<2x8xf32>, %wa: tensor<8x8xf32>):
    %a = dreamer.linear %xa, %wa : tensor<2x8xf32>, tensor<8x8xf32>
    %b = dreamer.linear %xa, %wa {transpose} : tensor<2x8xf32>, tensor<8x8xf32>
    // expected-error @below {{expected a product, or an operation that follows from the tiles of one product, in 'dreamer.fused'}}
    %c = dreamer.add %a, %b : tensor<2x8xf32>, tensor<2x8xf32>
    dreamer.give %c : tensor<2x8xf32>
  }
  return
}

// -----

func.func @products(%x: tensor<2x8xf32>, %w: tensor<8x8xf32>) {
  %r = dreamer.fused(%x, %w) : (tensor<2x8xf32>, tensor<8x8xf32>) -> (tensor<2x8xf32>) {
  ^bb0(%xa: tensor<2x8xf32>, %wa: tensor<8x8xf32>):
    %a = dreamer.linear %xa, %wa : tensor<2x8xf32>, tensor<8x8xf32>
    // expected-error @below {{expected a product of the region's arguments in 'dreamer.fused'}}
    %b = dreamer.linear %a, %wa : tensor<2x8xf32>, tensor<8x8xf32>
    dreamer.give %b : tensor<2x8xf32>
  }
  return
}

// -----

func.func @argument(%x: tensor<2x8xf32>, %w: tensor<8x8xf32>) {
  %r = dreamer.fused(%x, %w) : (tensor<2x8xf32>, tensor<8x8xf32>) -> (tensor<2x8xf32>) {
  ^bb0(%xa: tensor<2x8xf32>, %wa: tensor<8x8xf32>):
    // expected-error @below {{expected different values that the region computes, found an argument}}
    dreamer.give %xa : tensor<2x8xf32>
  }
  return
}

// -----

func.func @types(%x: tensor<2x8xf32>, %w: tensor<8x8xf32>) {
  %r = dreamer.fused(%x, %w) : (tensor<2x8xf32>, tensor<8x8xf32>) -> (tensor<2x4xf32>) {
  ^bb0(%xa: tensor<2x8xf32>, %wa: tensor<8x8xf32>):
    %a = dreamer.linear %xa, %wa : tensor<2x8xf32>, tensor<8x8xf32>
    // expected-error @below {{expected values of the results' types 'tensor<2x4xf32>', found 'tensor<2x8xf32>'}}
    dreamer.give %a : tensor<2x8xf32>
  }
  return
}

// -----

func.func @inputs(%x: tensor<2x8xf32>, %w: tensor<8x8xf32>) {
  // expected-error @below {{expected the region's arguments to be of the inputs' types 'tensor<2x8xf32>', 'tensor<2x8xf32>', found 'tensor<2x8xf32>', 'tensor<8x8xf32>'}}
  %r = dreamer.fused(%x, %x) : (tensor<2x8xf32>, tensor<2x8xf32>) -> (tensor<2x8xf32>) {
  ^bb0(%xa: tensor<2x8xf32>, %wa: tensor<8x8xf32>):
    %a = dreamer.linear %xa, %wa : tensor<2x8xf32>, tensor<8x8xf32>
    dreamer.give %a : tensor<2x8xf32>
  }
  return
}
