/// Every quantizer there is.
package enum QuantizerRegistry {
    /// In order of their tags.
    package static let all: [any Quantizer.Type] = [
        Float32.self, ScalarEightBit.self, Float16.self, BFloat16.self, ScalarFourBit.self,
    ]

    /// The quantizer a request names.
    ///
    /// - Throws: `unknownQuantizer`.
    package static func named(_ name: String) throws(QuantizationError) -> any Quantizer.Type {
        guard let quantizer = all.first(where: { $0.name == name }) else {
            throw .unknownQuantizer(got: name, expected: all.map { $0.name })
        }
        return quantizer
    }

    /// The quantizer a file names.
    ///
    /// - Throws: `unknownQuantizerTag`.
    package static func tagged(_ tag: UInt8) throws(QuantizationError) -> any Quantizer.Type {
        guard let quantizer = all.first(where: { $0.tag == tag }) else {
            throw .unknownQuantizerTag(got: tag, expected: all.map { $0.tag })
        }
        return quantizer
    }
}
