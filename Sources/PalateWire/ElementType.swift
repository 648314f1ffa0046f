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
        try readQueryVectors(type, rows: rows, dimensions: dimensions).floats
    }

    /// Reads the vectors of a query as they stand, and checks every component.
    ///
    /// - Parameters:
    ///   - type: how they are written.
    ///   - rows: vectors.
    ///   - dimensions: components per vector.
    /// - Returns: finite components, magnitudes within the limit.
    /// - Throws: `badComponent`, or `malformed` where bytes are missing.
    @_lifetime(self: copy self)
    mutating func readQueryVectors(
        _ type: ElementType,
        rows: Int,
        dimensions: Int
    ) throws(RequestError) -> QueryVectors {
        let count = try componentCount(type, rows: rows, dimensions: dimensions)
        let components: QueryVectors.Components
        switch type {
        case .float32:
            components = .float32(try readColumn(Float.self, count: count, "vectors"))
        case .float16:
            components = .float16(try readColumn(UInt16.self, count: count, "vectors"))
        case .scaledInt8:
            let scales = try readColumn(Float.self, count: rows, "scales")
            let codes = try readColumn(Int8.self, count: count, "vectors")
            components = .scaledInt8(codes, scales: scales)
        case .uint8:
            components = .uint8(try readColumn(UInt8.self, count: count, "vectors"))
        }
        let vectors = QueryVectors(components, count: rows)
        if let index = vectors.firstBad {
            throw .badComponent(row: index / dimensions, column: index % dimensions)
        }
        return vectors
    }

    /// Components of so many vectors, whose bytes must all be there.
    private func componentCount(
        _ type: ElementType,
        rows: Int,
        dimensions: Int
    ) throws(RequestError) -> Int {
        guard let needed = type.byteCount(rows: rows, dimensions: dimensions), needed <= remaining
        else {
            throw .malformed(
                reason: "\(rows) vectors of \(dimensions) need more than \(remaining) bytes",
                offset: offset
            )
        }
        return rows * dimensions
    }
}

extension QueryVectors {
    /// How the components are written.
    var elementType: ElementType {
        switch components {
        case .float32: .float32
        case .float16: .float16
        case .scaledInt8: .scaledInt8
        case .uint8: .uint8
        }
    }
}
