package import PalateKernels

/// RaBitQ's signs: 1 bit a component, with an unbiased estimate of every distance.
///
/// For walking a graph whose best hits are scored again by finer codes: of clustered vectors of 256
/// components, the best 50 by these codes hold 0.998 of the 10 nearest. `RaBitQCodec` has the rows.
package struct RaBitQOneBit: RaBitQuantizer {
    package static let tag: UInt8 = 6
    package static let name = "rq1"
    package static let bits = CodeBits.one

    package let trained: RaBitQParameters

    package init(_ trained: RaBitQParameters) { self.trained = trained }
}
