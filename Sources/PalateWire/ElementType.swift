package import PalateModel

/// How the components of a vector are written on the wire.
///
/// Raw values are the wire's. Numbers 2 (bf16) and 5 (packed bits) are kept; version 1 refuses
/// them.
package enum ElementType: UInt8, CaseIterable, Sendable {
    /// IEEE 754 single precision.
    case float32 = 0
    /// IEEE 754 half precision.
    case float16 = 1
    /// Signed bytes, and one float scale per vector: component = scale * byte.
    case scaledInt8 = 3
    /// Unsigned bytes: component = byte.
    case uint8 = 4

    /// Bytes of `rows` vectors, scales included; nil when the number overflows.
    package func byteCount(rows: Int, dimensions: Int) -> Int? {
        let (components, overflow) = rows.multipliedReportingOverflow(by: dimensions)
        guard !overflow, components <= Int(UInt32.max) else { return nil }
        return switch self {
        case .float32: components * 4
        case .float16: components * 2
        case .scaledInt8: rows * 4 + components
        case .uint8: components
        }
    }
}

extension BodyReader {
    /// Reads vectors of any element type and checks every component.
    ///
    /// - Parameters:
    ///   - type: how they are written.
    ///   - rows: vectors.
    ///   - dimensions: components per vector.
    /// - Returns: row-major, shape [rows, dimensions]; finite, magnitudes within the limit.
    /// - Throws: `badComponent`, or `malformed` where bytes are missing.
    @_lifetime(self: copy self)
    package mutating func readVectors(
        _ type: ElementType,
        rows: Int,
        dimensions: Int
    ) throws(RequestError) -> [Float] {
        let start = offset
        guard let needed = type.byteCount(rows: rows, dimensions: dimensions), needed <= remaining
        else {
            throw .malformed(
                reason: "\(rows) vectors of \(dimensions) need more than \(remaining) bytes",
                offset: start
            )
        }
        let count = rows * dimensions
        let vectors: [Float]
        switch type {
        case .float32:
            vectors = try readColumn(Float.self, count: count, "vectors")
        case .float16:
            vectors = try readFloats(count: count, "vectors", widened)
        case .scaledInt8:
            let scales = try readColumn(Float.self, count: rows, "scales")
            let codes = try readFloats(count: count, "vectors") { (code: Int8) in Float(code) }
            vectors = scaled(codes, by: scales, dimensions: dimensions)
        case .uint8:
            vectors = try readFloats(count: count, "vectors") { (code: UInt8) in Float(code) }
        }
        if hasBadComponent(vectors) {
            throw badComponent(in: vectors, dimensions: dimensions)
        }
        return vectors
    }
}

/// Whether any component is NaN, infinite or above `Limits.componentMagnitude`.
///
/// One pass without a branch: with the sign cleared, floats order as integers, and NaN and infinity
/// are above every number; `limit - magnitude` is negative exactly for a bad one. SSE2 does four
/// per step.
private func hasBadComponent(_ vectors: [Float]) -> Bool {
    let vectors = vectors.span
    let limit = Int32(bitPattern: Limits.componentMagnitude.bitPattern)
    var signs: Int32 = 0
    for index in vectors.indices {
        let magnitude = Int32(bitPattern: vectors[index].bitPattern & 0x7FFF_FFFF)
        signs |= limit &- magnitude
    }
    return signs < 0
}

private func badComponent(in vectors: [Float], dimensions: Int) -> RequestError {
    let index = vectors.firstIndex { !($0.magnitude <= Limits.componentMagnitude) } ?? 0
    return .badComponent(row: index / dimensions, column: index % dimensions)
}

/// Half to single precision without a branch per element, so that it vectorises.
///
/// Moving the 15 magnitude bits up by 13 gives the number times 2^-112, subnormals included; the
/// product with 2^112 is exact. The all-ones exponent becomes infinity or NaN, which the check
/// refuses.
@inline(__always)
private func widened(half bits: UInt16) -> Float {
    let rescale = Float(bitPattern: (127 + 112) << 23)
    let magnitude = UInt32(bits & 0x7FFF) << 13
    let special: UInt32 = magnitude >= 0x7C00 << 13 ? 0x7F80_0000 : 0
    let value = (Float(bitPattern: magnitude) * rescale).bitPattern | special
    return Float(bitPattern: value | UInt32(bits & 0x8000) << 16)
}

/// Multiplies every row by its scale, in place.
private func scaled(_ codes: consuming [Float], by scales: [Float], dimensions: Int) -> [Float] {
    var vectors = codes
    var components = vectors.mutableSpan
    for (row, scale) in scales.enumerated() {
        for index in row * dimensions..<(row + 1) * dimensions { components[index] *= scale }
    }
    return vectors
}
