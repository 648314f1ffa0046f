/// Vectors of a query in the form that they travel in: row-major, shape [count, dimensions].
///
/// Every form means single precision floats; a search converts a row when its turn comes, so what
/// waits is as small as what was sent.
public struct QueryVectors: Equatable, Sendable {
    /// The components, row after row.
    public enum Components: Equatable, Sendable {
        /// IEEE 754 single precision.
        case float32([Float])
        /// Bit patterns of IEEE 754 half precision.
        case float16([UInt16])
        /// component = scale of its row * byte.
        case scaledInt8([Int8], scales: [Float])
        /// component = byte.
        case uint8([UInt8])
    }

    /// Its size is a multiple of `count`.
    public let components: Components
    /// Vectors.
    public let count: Int

    /// Takes components as they are.
    public init(_ components: Components, count: Int) {
        self.components = components
        self.count = count
    }

    /// Takes floats in the narrowest form that holds each of them exactly.
    ///
    /// That is bytes, else halves of normal size, else floats. Nothing that is found changes.
    ///
    /// - Parameters:
    ///   - floats: shape [count, dimensions].
    ///   - count: vectors.
    public init(narrowing floats: [Float], count: Int) {
        if floats.span.areAll(Self.isByte) {
            // The sum has the value in its lowest bits.
            let bytes = floats.map { UInt8(truncatingIfNeeded: ($0 + Self.rounder).bitPattern) }
            self.init(.uint8(bytes), count: count)
        } else if floats.span.areAll(\.isHalf) {
            self.init(.float16(floats.map(\.halfBits)), count: count)
        } else {
            self.init(.float32(floats), count: count)
        }
    }

    /// 2^23: added, it leaves no room for a fraction.
    private static var rounder: Float { 0x1p23 }

    /// Whether a byte holds a float, its sign included: -0 is not 0.
    @inline(__always)
    private static func isByte(_ value: Float) -> Bool {
        // As integers, negative ones, NaN and infinity are all above 255.
        value.bitPattern <= (255 as Float).bitPattern && (value + rounder) - rounder == value
    }

    /// Components of all rows.
    public var componentCount: Int {
        switch components {
        case .float32(let floats): floats.count
        case .float16(let halves): halves.count
        case .scaledInt8(let codes, _): codes.count
        case .uint8(let bytes): bytes.count
        }
    }

    /// Components of a row.
    public var dimensions: Int { count == 0 ? 0 : componentCount / count }

    /// All components as floats, shape [count, dimensions].
    public var floats: [Float] {
        if case .float32(let floats) = components { return floats }
        var vector = [Float](repeating: 0, count: dimensions)
        var floats: [Float] = []
        floats.reserveCapacity(componentCount)
        for row in 0..<count {
            var span = vector.mutableSpan
            copy(row: row, into: &span)
            floats += vector
        }
        return floats
    }

    /// Writes one row as floats.
    ///
    /// - Parameters:
    ///   - row: below `count`.
    ///   - vector: receives it, shape [dimensions].
    package func copy(row: Int, into vector: inout MutableSpan<Float>) {
        let range = row * vector.count..<(row + 1) * vector.count
        switch components {
        case .float32(let floats):
            floats.span.extracting(range).rawBytes.copyFloats(into: &vector)
        case .float16(let halves):
            convert(halves.span.extracting(range), into: &vector) { Float(half: $0) }
        case .scaledInt8(let codes, let scales):
            let scale = scales[row]
            convert(codes.span.extracting(range), into: &vector) { scale * Float($0) }
        case .uint8(let bytes):
            convert(bytes.span.extracting(range), into: &vector) { Float($0) }
        }
    }

    @inline(__always)
    private func convert<Element>(
        _ row: Span<Element>,
        into vector: inout MutableSpan<Float>,
        _ float: (Element) -> Float
    ) {
        for index in row.indices { vector[index] = float(row[index]) }
    }

    /// The first component that is NaN, infinite or above `Limits.componentMagnitude`; nil = none.
    package var firstBad: Int? {
        let most = Limits.componentMagnitude
        switch components {
        case .float32(let floats):
            guard floats.hasBadComponent else { return nil }
            return floats.firstIndex { !($0.magnitude <= most) }
        case .float16(let halves):
            guard !halves.span.areAll({ $0 & 0x7C00 != 0x7C00 }) else { return nil }
            return halves.firstIndex { $0 & 0x7C00 == 0x7C00 }
        case .scaledInt8(let codes, let scales):
            let dimensions = dimensions
            for (row, scale) in scales.enumerated() {
                let range = row * dimensions..<(row + 1) * dimensions
                let largest = Float(codes[range].reduce(0) { max($0, $1.magnitude) })
                if (scale * largest).magnitude <= most { continue }
                return range.first { !((scale * Float(codes[$0])).magnitude <= most) }
            }
            return nil
        case .uint8:
            return nil
        }
    }
}

extension Span {
    /// Whether a condition holds for every element; looks at a few hundred between questions, so
    /// that it vectorises and still ends early.
    @inline(__always)
    fileprivate func areAll(_ holds: (Element) -> Bool) -> Bool {
        var start = 0
        while start < count {
            let end = min(start + 256, count)
            var all = true
            for index in start..<end { all = holds(self[index]) && all }
            guard all else { return false }
            start = end
        }
        return true
    }
}

extension [Float] {
    /// Whether any component is NaN, infinite or above `Limits.componentMagnitude`.
    ///
    /// One pass without a branch: with the sign cleared, floats order as integers, and NaN and
    /// infinity are above every number; `limit - magnitude` is negative exactly for a bad one. SSE2
    /// does four per step.
    package var hasBadComponent: Bool {
        let vectors = span
        let limit = Int32(bitPattern: Limits.componentMagnitude.bitPattern)
        var signs: Int32 = 0
        for index in vectors.indices {
            let magnitude = Int32(bitPattern: vectors[index].bitPattern & 0x7FFF_FFFF)
            signs |= limit &- magnitude
        }
        return signs < 0
    }
}

extension Float {
    /// Half to single precision without a branch per element, so that it vectorises.
    ///
    /// Moving the 15 magnitude bits up by 13 gives the number times 2^-112, subnormals included;
    /// the product with 2^112 is exact. The all-ones exponent becomes infinity or NaN.
    @inline(__always)
    package init(half bits: UInt16) {
        let rescale = Float(bitPattern: (127 + 112) << 23)
        let magnitude = UInt32(bits & 0x7FFF) << 13
        let special: UInt32 = magnitude >= 0x7C00 << 13 ? 0x7F80_0000 : 0
        let value = (Float(bitPattern: magnitude) * rescale).bitPattern | special
        self.init(bitPattern: value | UInt32(bits & 0x8000) << 16)
    }

    /// Whether a half of normal size, or zero, holds this exactly.
    @inline(__always)
    fileprivate var isHalf: Bool {
        let magnitude = bitPattern & 0x7FFF_FFFF
        // From 2^-14 to 65504, and 10 bits of mantissa.
        let isNormal = magnitude >= 0x3880_0000 && magnitude <= 0x477F_E000
        return magnitude == 0 || isNormal && magnitude & 0x1FFF == 0
    }

    /// The half that holds this, where one does.
    @inline(__always)
    fileprivate var halfBits: UInt16 {
        let magnitude = bitPattern & 0x7FFF_FFFF
        let half = magnitude == 0 ? 0 : (magnitude &- (112 << 23)) >> 13
        return UInt16(truncatingIfNeeded: bitPattern >> 16 & 0x8000 | half)
    }
}
