package import PalateKernels

/// One query in the form its quantizer scores with: scratch, reused from query to query.
///
/// Preparing allocates only while the buffers grow to the largest query seen.
package struct PreparedQuery: Sendable {
    /// Codes of the query, int8 as bytes; shape [dimensions] once prepared by a code quantizer.
    package var codes: [UInt8] = []
    /// Shape [dimensions] once prepared by a float quantizer.
    package var floats: [Float] = []
    /// The constants of the code kernels.
    package var terms = CodeTerms()

    /// The constants of the kernels of 4-bit codes.
    package var nibbles = NibbleTerms()

    /// The constants of the kernels of 1-bit and 2-bit codes.
    package var bits = BitTerms(bits: .one)
    /// What a distance owes to the row's group; shape [BitTerms.groups] for those kernels.
    package var table: [Float] = []

    /// A query in fewer dimensions, while and after it is prepared behind a projection.
    package internal(set) var projected: [Float] = []

    /// The codes by which a query is projected, while others are in use.
    private var spareCodes: [UInt8] = []

    /// An empty scratch.
    package init() {}

    /// Puts other codes in use, of another length, so that neither is made anew for every query.
    mutating func swapCodes() { swap(&codes, &spareCodes) }

    /// Gives `codes` its length; keeps the memory where it has it already.
    package mutating func resizeCodes(_ count: Int) {
        if codes.count != count { codes = [UInt8](repeating: 0, count: count) }
    }

    /// Hands out `projected` with this length; keeps the memory where it has it already.
    mutating func takeProjected(_ count: Int) -> [Float] {
        var taken: [Float] = []
        swap(&taken, &projected)
        return taken.count == count ? taken : [Float](repeating: 0, count: count)
    }

    /// Gives `table` its length; keeps the memory where it has it already.
    package mutating func resizeTable(_ count: Int) {
        if table.count != count { table = [Float](repeating: 0, count: count) }
    }

    /// Gives `floats` its length; keeps the memory where it has it already.
    package mutating func resizeFloats(_ count: Int) {
        if floats.count != count { floats = [Float](repeating: 0, count: count) }
    }
}
