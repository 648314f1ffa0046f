internal import PalateKernels

/// Parameters on disk: little-endian 32-bit fields, one after the other.
enum StoredParameters {
    /// The bytes of fields.
    static func bytes(_ fields: [UInt32]) -> [UInt8] {
        fields.flatMap { field in (0..<4).map { UInt8(truncatingIfNeeded: field >> (8 * $0)) } }
    }

    /// The fields of stored bytes.
    ///
    /// - Throws: `parameterBytes` where they are not `count` fields.
    static func fields(_ bytes: RawSpan, count: Int) throws(QuantizationError) -> [UInt32] {
        guard bytes.byteCount == 4 * count else {
            throw .parameterBytes(got: bytes.byteCount, expected: 4 * count)
        }
        return (0..<count).map { bytes.integer(at: 4 * $0) }
    }

    /// A relative error: finite and not negative.
    ///
    /// - Throws: `corruptParameter`.
    static func relativeError(_ bits: UInt32) throws(QuantizationError) -> Float {
        let error = Float(bitPattern: bits)
        guard error >= 0, error.isFinite else {
            throw .corruptParameter(name: "relativeError", bits: bits)
        }
        return error
    }
}
