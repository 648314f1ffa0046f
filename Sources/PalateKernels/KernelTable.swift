// The only Swift door to the C kernels: spans in, numbers out.
//
// | file                      | what it holds                                               |
// |---------------------------|-------------------------------------------------------------|
// | KernelTable.swift         | choosing a level; pairs of vectors                          |
// | KernelTable+Lists.swift   | one query against a list of rows: the unit of a search      |
// | KernelTable+Codes.swift   | floats to 8-bit codes and back                              |
// | KernelTable+Halves.swift  | rows of 2-byte floats                                       |
// | KernelTable+Nibbles.swift | rows of 4-bit codes                                         |
// | KernelTable+Thirteens     | rows of 13-bit codes                                        |
// | KernelTable+Sketches      | sketches of links, and SketchQuery, a query's side of them  |
// | KernelTable+Bits.swift    | rows of 1-bit and 2-bit codes                               |
// | KernelTable+Rotation.swift| signs, Walsh-Hadamard transforms, mixing of halves          |
// | KernelLevel, KernelError  | the instruction sets, and why one cannot be had             |
// | RowArena.swift            | rows of one width at fixed addresses                        |
// | CodeTerms, CodeGrid       | the constants of code kernels                               |
// | HalfTerms, HalfFormat     | the constants of kernels of 2-byte numbers                  |
// | NibbleTerms.swift         | the constants of kernels of 4-bit codes                     |
// | BitTerms.swift            | the constants of kernels of 1-bit and 2-bit codes           |
// | RawSpan+Integers.swift    | integers out of raw bytes and into them                     |
// | MutableSpan+Bytes.swift   | byte spans as raw spans                                     |
// | Matrix, ExactNeighbours   | all pairs and exact top-k by OpenBLAS; never in a query     |
// | Matrix+Eigenvectors.swift | moments and principal directions, by OpenBLAS's LAPACK      |

internal import CPalateKernels
internal import Glibc

/// The functions of one instruction set.
///
/// Chosen once and stored by whoever scores; a call costs one indirect jump.
// SAFETY: the pointed-to table is a constant of the program: it is never freed or written.
@safe
package struct KernelTable: @unchecked Sendable {
    /// Never dangles: the C tables are static constants.
    let table: UnsafePointer<pk_table>

    /// Which instruction set this is.
    package let level: KernelLevel

    /// As `PALATE_KERNELS` spells it.
    package var name: String { level.name }

    private init(_ table: UnsafePointer<pk_table>, _ level: KernelLevel) {
        unsafe self.table = table
        self.level = level
    }

    /// The table of a level; nil when this processor or this build does not have it.
    package static func at(_ level: KernelLevel) -> KernelTable? {
        // SAFETY: the C function returns null or a pointer to a static constant.
        guard let table = unsafe pk_table_at(level.rawValue) else { return nil }
        return unsafe KernelTable(table, level)
    }

    /// Every level this processor has, the plain one first.
    package static let available: [KernelTable] = KernelLevel.allCases.compactMap { at($0) }

    /// The best level this processor has, whatever the environment says.
    package static let best: KernelTable = {
        let level = KernelLevel(rawValue: pk_level_best()) ?? .scalar
        guard let table = at(level) else {
            preconditionFailure("the plain kernels are part of every build")
        }
        return table
    }()

    /// The level to use: the one `PALATE_KERNELS` names, else the best.
    ///
    /// The environment is read once per process.
    /// - Throws: `KernelError` when the variable names no level or one that is not available.
    package static func selected() throws(KernelError) -> KernelTable {
        try selection.get()
    }

    private static let selection: Result<KernelTable, KernelError> = {
        // SAFETY: read once under the lock of lazy globals; nothing in this process sets it.
        let text = unsafe getenv("PALATE_KERNELS").map { unsafe String(cString: $0) }
        return Result { () throws(KernelError) in try named(text) }
    }()

    /// The level of this name; nil or an empty name means the best.
    ///
    /// - Throws: `KernelError` when there is no such level or it is not available.
    package static func named(_ name: String?) throws(KernelError) -> KernelTable {
        guard let name, !name.isEmpty else { return best }
        let names = KernelLevel.allCases.map(\.name)
        guard let level = KernelLevel.allCases.first(where: { $0.name == name }) else {
            throw .unknownLevel(got: name, expected: names)
        }
        guard let table = at(level) else {
            throw .unsupportedLevel(got: name, expected: available.map(\.name))
        }
        return table
    }
}

extension KernelTable {
    /// The inner product of two vectors.
    ///
    /// - Parameters:
    ///   - left: shape [n].
    ///   - right: shape [n].
    /// - Returns: within (n / 8 + 8) * 2^-24 * sum |left[i] * right[i]| of the exact sum.
    package func innerProduct(_ left: Span<Float>, _ right: Span<Float>) -> Float {
        // SAFETY: floats have no padding; read as bytes only.
        unsafe innerProduct(left, right.bytes)
    }

    /// The inner product with a vector in raw bytes.
    ///
    /// - Parameters:
    ///   - left: shape [n].
    ///   - right: n little-endian floats, any alignment.
    /// - Returns: as above.
    package func innerProduct(_ left: Span<Float>, _ right: RawSpan) -> Float {
        precondition(right.byteCount == 4 * left.count, "vectors of different length")
        // SAFETY: both hold `count` floats, checked above.
        return unsafe left.withUnsafeBufferPointer { left in
            unsafe right.withUnsafeBytes { right in
                guard let start = left.baseAddress, let other = right.baseAddress else { return 0 }
                return unsafe table.pointee.inner_product(start, other, left.count)
            }
        }
    }

    /// The squared Euclidean distance of two vectors.
    ///
    /// - Parameters:
    ///   - left: shape [n].
    ///   - right: shape [n].
    /// - Returns: within (n / 8 + 10) * 2^-24 of the exact sum, relatively.
    package func squaredEuclidean(_ left: Span<Float>, _ right: Span<Float>) -> Float {
        // SAFETY: floats have no padding; read as bytes only.
        unsafe squaredEuclidean(left, right.bytes)
    }

    /// The squared Euclidean distance to a vector in raw bytes.
    ///
    /// - Parameters:
    ///   - left: shape [n].
    ///   - right: n little-endian floats, any alignment.
    /// - Returns: as above.
    package func squaredEuclidean(_ left: Span<Float>, _ right: RawSpan) -> Float {
        precondition(right.byteCount == 4 * left.count, "vectors of different length")
        // SAFETY: both hold `count` floats, checked above.
        return unsafe left.withUnsafeBufferPointer { left in
            unsafe right.withUnsafeBytes { right in
                guard let start = left.baseAddress, let other = right.baseAddress else { return 0 }
                return unsafe table.pointee.squared_euclidean(start, other, left.count)
            }
        }
    }

    /// The squared norm of a vector in raw bytes.
    ///
    /// - Parameter vector: n little-endian floats, any alignment.
    /// - Returns: as precise as `innerProduct`.
    package func squaredNorm(_ vector: RawSpan) -> Float {
        // SAFETY: the buffer holds `count` floats; both arguments may have any alignment.
        unsafe vector.withUnsafeBytes { bytes in
            guard let start = bytes.baseAddress else { return 0 }
            return unsafe table.pointee.inner_product(start, start, bytes.count / 4)
        }
    }

    /// The exact inner product of unsigned codes with a signed query.
    ///
    /// - Parameters:
    ///   - codes: shape [n], n at most 16,384, so that 32 bits hold the sum.
    ///   - query: shape [n].
    /// - Returns: the same at every level.
    package func codeProduct(_ codes: Span<UInt8>, _ query: Span<Int8>) -> Int32 {
        precondition(codes.count == query.count, "vectors of different length")
        precondition(codes.count <= Int(pk_dimensions_max), "too long for 32-bit sums")
        // SAFETY: both hold `count` bytes, checked above.
        return unsafe codes.withUnsafeBufferPointer { codes in
            unsafe query.withUnsafeBufferPointer { query in
                guard let start = codes.baseAddress, let other = query.baseAddress else { return 0 }
                return unsafe table.pointee.code_product(start, other, codes.count)
            }
        }
    }
}
