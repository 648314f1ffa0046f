package import PalateKernels

/// RaBitQ with 2 bits a component: half the error of 1 bit for twice the bytes.
///
/// `RaBitQCodec` has the rows.
package struct RaBitQTwoBit: RaBitQuantizer {
    package static let tag: UInt8 = 7
    package static let name = "rq2"
    package static let bits = CodeBits.two

    package let trained: RaBitQParameters

    package init(_ trained: RaBitQParameters) { self.trained = trained }
}
