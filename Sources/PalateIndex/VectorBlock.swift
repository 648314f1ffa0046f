import PalateChecksum
import PalateModel

/// A block of float32 rows, each followed by its own CRC32C, so that a rescoring stage that wants
/// one row need not read its neighbours.
enum VectorBlock {
    /// Writes one row, over the one that stands there or behind the last; `ordinal` goes into the
    /// checksum, so a row in the wrong place is seen.
    ///
    /// - Returns: false where rows before it are missing.
    static func put(
        _ vector: Span<Float>,
        ordinal: Ordinal,
        row: Int,
        into block: inout [UInt8]
    ) -> Bool {
        let bytes = vector.rawBytes
        let start = row * (bytes.byteCount + Sealed.overhead)
        guard start <= block.count else { return false }
        var sealed: [UInt8] = []
        sealed.reserveCapacity(bytes.byteCount + Sealed.overhead)
        bytes.append(to: &sealed)
        let checksum = crc32c(bytes, seed: ordinal)
        for shift in 0..<4 { sealed.append(UInt8(truncatingIfNeeded: checksum >> (8 * shift))) }
        let end = min(block.count, start + sealed.count)
        block.replaceSubrange(start..<end, with: sealed)
        return true
    }

    /// Copies one row out.
    ///
    /// - Returns: its checksum.
    /// - Throws: `corrupt` naming the block when it is too short or the row fails its checksum.
    static func read(
        row: UInt32,
        of block: UInt32,
        rowsPerBlock: Int,
        dimensions: Int,
        from value: RawSpan,
        into vector: inout MutableSpan<Float>
    ) throws(IndexError) -> UInt32 {
        let stride = Format.sealedVectorBytes(dimensions: dimensions)
        let start = Int(row) * stride
        guard start + stride <= value.byteCount else {
            throw .corrupt(
                place: Sealed.place("vectors", Format.key(block)),
                reason: "\(value.byteCount) bytes, row \(row) ends at \(start + stride)"
            )
        }
        let bytes = value.extracting(start..<(start + 4 * dimensions))
        let expected = Sealed.word(value, at: start + 4 * dimensions)
        let got = crc32c(bytes, seed: block * UInt32(rowsPerBlock) + row)
        guard got == expected else {
            throw .corrupt(
                place: Sealed.place("vectors", Format.key(block)),
                reason: "row \(row): checksum \(got), expected \(expected)"
            )
        }
        bytes.copyFloats(into: &vector)
        return got
    }
}
