/// Every quantizer there is; any of them can stand behind a projection (`Projected`).
package enum QuantizerRegistry {
    /// In order of their tags.
    package static let all: [any BaseQuantizer.Type] = [
        Float32.self, ScalarEightBit.self, Float16.self, BFloat16.self, ScalarFourBit.self,
        RaBitQOneBit.self, RaBitQTwoBit.self, ScalarSixteenBit.self, ScalarThirteenBit.self,
    ]

    /// What a request's name asks for: a quantizer, or one behind a projection (`pca128.sq8`).
    ///
    /// - Throws: `unknownQuantizer`.
    package static func named(_ name: String) throws(QuantizationError) -> QuantizerRecipe {
        let parts = name.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        let form = parts.count == 2 ? ProjectionForm(name: parts[0]) : nil
        let own = form == nil ? name : String(parts[1])
        guard let base = all.first(where: { $0.name == own }) else {
            throw .unknownQuantizer(got: name, expected: all.map { $0.name })
        }
        return QuantizerRecipe(base: base, projection: form)
    }

    /// The quantizer a file names.
    ///
    /// - Throws: `unknownQuantizerTag`.
    package static func tagged(_ tag: UInt8) throws(QuantizationError) -> any BaseQuantizer.Type {
        guard let quantizer = all.first(where: { $0.tag == tag }) else {
            throw .unknownQuantizerTag(got: tag, expected: all.map { $0.tag })
        }
        return quantizer
    }
}
