internal import CPalateKernels

/// Sketches of links: 64 signs and two numbers of 16 bits each, 32 links to a block.
///
/// A link with the signs x and the numbers e and f passes a query u unless
/// `e - f * (<u, x> + shift) > room`, with <u, x> as `SketchQuery` has it.
extension KernelTable {
    /// Bytes of the sketches of so many links, at most 64: whole blocks.
    package static func sketchBytes(links: Int) -> Int {
        precondition((1...UInt64.bitWidth).contains(links), "more links than one word tells apart")
        return (links + Int(pk_sketch_links) - 1) / Int(pk_sketch_links) * Int(pk_sketch_bytes)
    }

    /// What a link c -> d is sketched by: signs x of d - c, sum |d - c|, and <c, x>.
    ///
    /// - Parameters:
    ///   - from: c, shape [`SketchQuery.signCount`].
    ///   - other: d, of the same shape.
    /// - Returns: a component of no length has the sign -1.
    package static func linkSigns(
        from: Span<Float>,
        to other: Span<Float>
    ) -> (signs: UInt64, total: Float, along: Float) {
        precondition(from.count == SketchQuery.signCount && other.count == from.count, "not 64")
        // SAFETY: both have as many components as the function reads, checked above.
        return unsafe from.withUnsafeBufferPointer { from in
            unsafe other.withUnsafeBufferPointer { other in
                guard let own = from.baseAddress, let end = other.baseAddress else {
                    return (0, 0, 0)
                }
                let link = unsafe pk_sketch_signs(own, end)
                return (link.signs, link.total, link.along)
            }
        }
    }

    /// Writes the sketches of a node's links.
    ///
    /// - Parameters:
    ///   - signs: shape [n]; the lowest bit is the first component's, set where x = +1.
    ///   - offsets: e, shape [n]. Rounded to binary16, to the largest one where it is larger.
    ///   - factors: f, shape [n]; rounded as e.
    ///   - bytes: shape [>= sketchBytes(links: n)]; every byte is written.
    package func packSketches(
        signs: Span<UInt64>,
        offsets: Span<Float>,
        factors: Span<Float>,
        into bytes: inout MutableSpan<UInt8>
    ) {
        precondition(offsets.count == signs.count && factors.count == signs.count, "other counts")
        for position in bytes.indices { bytes[position] = 0 }
        let blockLinks = Int(pk_sketch_links)
        for first in stride(from: 0, to: signs.count, by: blockLinks) {
            let links = first..<min(first + blockLinks, signs.count)
            let start = first / blockLinks * Int(pk_sketch_bytes)
            for link in links {
                let place = start + pk_sketch_place(link - first)
                for pair in 0..<Int(pk_sketch_groups) / 2 {
                    let groups = UInt8(truncatingIfNeeded: signs[link] >> (8 * pair))
                    bytes[place + blockLinks * pair] = groups
                }
            }
            let numbers = start + Int(pk_sketch_sign_bytes)
            store(offsets.extracting(links), at: numbers, &bytes)
            store(factors.extracting(links), at: numbers + 2 * blockLinks, &bytes)
        }
    }

    private func store(_ values: Span<Float>, at start: Int, _ bytes: inout MutableSpan<UInt8>) {
        var part = bytes._mutatingExtracting(start..<start + 2 * values.count)
        var halves = part.rawBytes
        encodeHalves(values, by: 1, .binary16, into: &halves)
    }

    /// Which links pass a query.
    ///
    /// - Parameters:
    ///   - sketches: whole blocks, of at most 64 links.
    ///   - query: u.
    ///   - shift: added to <u, x>.
    ///   - room: what passing links stay within.
    /// - Returns: bit i: link i passes; any bit behind the last link. The same at every level.
    package func passingLinks(
        _ sketches: RawSpan,
        _ query: borrowing SketchQuery,
        shift: Float,
        room: Float
    ) -> UInt64 {
        let blockBytes = Int(pk_sketch_bytes)
        precondition(sketches.byteCount % blockBytes == 0, "no whole blocks")
        // SAFETY: whole blocks, checked above; the table has 16 entries a group.
        return unsafe sketches.withUnsafeBytes { sketches in
            unsafe query.table.span.withUnsafeBufferPointer { entries in
                guard let start = sketches.baseAddress else { return 0 }
                var constants = unsafe pk_sketch_query(
                    table: entries.baseAddress,
                    scale: query.scale,
                    shift: query.offset + shift,
                    room: room
                )
                var passing: UInt64 = 0
                for block in 0..<min(2, sketches.count / blockBytes) {
                    let bytes = unsafe start.advanced(by: block * blockBytes)
                        .assumingMemoryBound(to: UInt8.self)
                    let bits = unsafe table.pointee.sketch_block(bytes, &constants)
                    passing |= UInt64(bits) << UInt64(Int(pk_sketch_links) * block)
                }
                return passing
            }
        }
    }
}
