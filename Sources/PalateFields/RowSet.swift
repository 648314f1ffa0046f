package import PalateModel

/// A set of rows: a container per 65,536 rows that has members.
package struct RowSet: Equatable, Sendable {
    /// Members.
    package private(set) var count = 0
    /// Numbers of the containers, rising, shape [n].
    private var chunks: [UInt16] = []
    /// Shape [n]; none is empty.
    private var containers: [RowContainer] = []

    /// Nobody.
    package init() {}

    /// These rows, in any order.
    package init(_ rows: some Sequence<Ordinal>) {
        for row in rows { insert(row) }
    }

    /// The number of the container that has `row`.
    static func chunk(of row: Ordinal) -> Int { Int(row >> 16) }

    /// The members of one container.
    func container(_ chunk: Int) -> RowContainer {
        position(of: chunk).map { containers[$0] } ?? .empty
    }

    /// Containers up to the last that has a member.
    var chunkCount: Int { chunks.last.map { Int($0) + 1 } ?? 0 }

    /// Appends the members of a chunk behind those that are there.
    mutating func append(_ container: RowContainer, chunk: Int) {
        guard container.count > 0 else { return }
        precondition(chunk >= chunkCount, "chunks in rising order")
        chunks.append(UInt16(chunk))
        containers.append(container)
        count += container.count
    }

    /// Whether `row` is a member.
    package func contains(_ row: Ordinal) -> Bool {
        position(of: Self.chunk(of: row)).map {
            containers[$0].contains(UInt16(truncatingIfNeeded: row))
        } ?? false
    }

    /// Adds a row; false when it was a member.
    @discardableResult
    package mutating func insert(_ row: Ordinal) -> Bool {
        let chunk = UInt16(row >> 16)
        var place = chunks.count
        if let last = chunks.last, last >= chunk { place = chunks.lowerBound(of: chunk) }
        if place == chunks.count || chunks[place] != chunk {
            chunks.insert(chunk, at: place)
            containers.insert(.empty, at: place)
        }
        guard containers[place].insert(UInt16(truncatingIfNeeded: row)) else { return false }
        count += 1
        return true
    }

    /// Takes a row away; false when it was no member.
    @discardableResult
    package mutating func remove(_ row: Ordinal) -> Bool {
        guard let place = position(of: Self.chunk(of: row)),
            containers[place].remove(UInt16(truncatingIfNeeded: row))
        else { return false }
        count -= 1
        if containers[place].count == 0 {
            chunks.remove(at: place)
            containers.remove(at: place)
        }
        return true
    }

    /// Visits all members, rising.
    @inline(__always)
    package func forEach(_ visit: (Ordinal) -> Void) {
        for (chunk, container) in zip(chunks, containers) {
            let first = Ordinal(chunk) << 16
            container.forEach { visit(first | Ordinal($0)) }
        }
    }

    /// Members that the other has not.
    package func subtracting(_ other: RowSet) -> RowSet {
        var rest = RowSet()
        for (chunk, container) in zip(chunks, containers) {
            rest.append(container.subtracting(other.container(Int(chunk))), chunk: Int(chunk))
        }
        return rest
    }

    /// Members of both, counted.
    package func intersectionCount(_ other: RowSet) -> Int {
        zip(chunks, containers).reduce(0) { sum, part in
            sum + part.1.intersectionCount(other.container(Int(part.0)))
        }
    }

    /// Makes `words` hold a bit for each of `rowCount` rows: 1 for members; 0 behind the last row.
    package func copyBits(to words: inout [UInt64], rowCount: Int) {
        let wordCount = (rowCount + 63) / 64
        if words.count != wordCount { words = [UInt64](repeating: 0, count: wordCount) }
        var next = 0
        for chunk in 0..<(wordCount + RowContainer.wordCount - 1) / RowContainer.wordCount {
            let first = chunk * RowContainer.wordCount
            if next < chunks.count, chunks[next] == chunk {
                containers[next].copyBits(to: &words, at: first)
                next += 1
            } else {
                RowContainer.empty.copyBits(to: &words, at: first)
            }
        }
        // Rows that came since the caller counted are not its.
        if rowCount % 64 != 0 { words[wordCount - 1] &= 1 << UInt64(rowCount % 64) - 1 }
    }

    /// Bytes of memory.
    package var byteCount: Int {
        2 * chunks.capacity + containers.reduce(MemoryLayout<RowSet>.stride) { $0 + $1.byteCount }
    }

    private func position(of chunk: Int) -> Int? {
        let place = chunks.lowerBound(of: UInt16(chunk))
        return place < chunks.count && chunks[place] == chunk ? place : nil
    }
}
