import PalateModel

/// Rows by a number each, answering which lie within a range.
///
/// Per 65,536 rows the numbers are cut into some 64 bins of like size, with a set of the rows of
/// all bins up to each: a range is the difference of two sets, and the rows of the two bins it cuts
/// are compared one by one. 16 bytes a row: the number, and a bit in each of the sets.
struct OrderedRows: Sendable {
    /// Rows that have a number.
    private(set) var presence = RowSet()
    private var chunks: [OrderedChunk] = []

    /// The number of a row.
    func number(of row: Ordinal) -> Int64? {
        guard presence.contains(row) else { return nil }
        return chunks[RowSet.chunk(of: row)].number(of: UInt16(truncatingIfNeeded: row))
    }

    /// Gives a row its number.
    mutating func set(_ number: Int64, at row: Ordinal) {
        let chunk = RowSet.chunk(of: row)
        while chunks.count <= chunk { chunks.append(OrderedChunk()) }
        let isNew = presence.insert(row)
        chunks[chunk].set(number, at: UInt16(truncatingIfNeeded: row), isNew: isNew)
    }

    /// Takes a row's number away.
    mutating func clear(_ row: Ordinal) {
        guard presence.remove(row) else { return }
        chunks[RowSet.chunk(of: row)].clear(UInt16(truncatingIfNeeded: row))
    }

    /// Cuts bins anew where the rows have changed much.
    mutating func settle() {
        for chunk in chunks.indices where chunks[chunk].isUnsettled {
            chunks[chunk].settle(presence.container(chunk))
        }
    }

    /// Rows of a chunk within the bounds.
    func rows(in range: ClosedRange<Int64>, chunk: Int) -> RowContainer {
        guard chunk < chunks.count else { return .empty }
        return chunks[chunk].rows(in: range, of: presence.container(chunk))
    }

    /// Rows of a chunk that have one of the numbers.
    ///
    /// - Parameters:
    ///   - numbers: rising.
    ///   - chunk: which.
    /// - Returns: members of the chunk.
    func rows(among numbers: [Int64], chunk: Int) -> RowContainer {
        guard chunk < chunks.count else { return .empty }
        return chunks[chunk].rows(among: numbers, of: presence.container(chunk))
    }

    /// Rows that have one of the numbers, which rise.
    func rows(among numbers: [Int64]) -> RowSet {
        var rows = RowSet()
        for chunk in chunks.indices {
            rows.append(self.rows(among: numbers, chunk: chunk), chunk: chunk)
        }
        return rows
    }

    /// Bytes of memory.
    var byteCount: Int { chunks.reduce(presence.byteCount) { $0 + $1.byteCount } }
}

/// 65,536 rows of an `OrderedRows`.
private struct OrderedChunk: Sendable {
    /// Bins of like size; a number that fills more than one has a bin of its own.
    private static let bins = 64
    /// Below, all rows are compared one by one.
    private static let binnedMin = 1_024

    /// Shape [highest row + 1].
    private var numbers: [Int64] = []
    /// The greatest number of each bin, rising; the last is the greatest there is.
    private var edges: [Int64] = []
    /// Shape [edges, RowContainer.wordCount]: the rows of all bins up to each.
    private var cumulative: [UInt64] = []
    /// No number is below it.
    private var lowest = Int64.max
    /// Rows set or cleared since the bins were cut.
    private var changes = 0
    /// Rows there were when the bins were cut.
    private var binned = 0

    func number(of row: UInt16) -> Int64 { numbers[Int(row)] }

    mutating func set(_ number: Int64, at row: UInt16, isNew: Bool) {
        if Int(row) >= numbers.count {
            numbers.append(contentsOf: repeatElement(0, count: Int(row) + 1 - numbers.count))
        }
        if !isNew { mark(row, numbers[Int(row)], false) }
        numbers[Int(row)] = number
        lowest = min(lowest, number)
        mark(row, number, true)
        changes += 1
    }

    mutating func clear(_ row: UInt16) {
        mark(row, numbers[Int(row)], false)
        changes += 1
    }

    /// Adds a row to the sets of its bin and all above, or takes it away.
    private mutating func mark(_ row: UInt16, _ number: Int64, _ isMember: Bool) {
        guard !edges.isEmpty else { return }
        let bit = UInt64(1) << UInt64(row & 63)
        for bin in self.bin(of: number)..<edges.count {
            let place = bin * RowContainer.wordCount + Int(row >> 6)
            if isMember { cumulative[place] |= bit } else { cumulative[place] &= ~bit }
        }
    }

    /// Whether as many rows have changed as the bins were cut for.
    var isUnsettled: Bool { changes > max(binned, Self.binnedMin) }

    mutating func settle(_ presence: RowContainer) {
        changes = 0
        binned = presence.count
        edges = []
        cumulative = []
        guard binned >= Self.binnedMin else { return }
        edges = Self.edges(of: presence.members.map { numbers[Int($0)] }.sorted())
        cumulative = [UInt64](repeating: 0, count: edges.count * RowContainer.wordCount)
        presence.forEach { row in
            let place = bin(of: numbers[Int(row)]) * RowContainer.wordCount + Int(row >> 6)
            cumulative[place] |= 1 << UInt64(row & 63)
        }
        for place in RowContainer.wordCount..<cumulative.count {
            cumulative[place] |= cumulative[place - RowContainer.wordCount]
        }
    }

    private static func edges(of sorted: [Int64]) -> [Int64] {
        var edges: [Int64] = []
        for bin in 1..<bins {
            let edge = sorted[bin * sorted.count / bins]
            if edge == edges.last {
                // More than a bin of one number: what is below it gets a bin of its own.
                let below = edge == .min ? edge : edge - 1
                if edges.dropLast().last ?? .min < below {
                    edges.insert(below, at: edges.count - 1)
                }
            } else {
                edges.append(edge)
            }
        }
        if edges.last != .max { edges.append(.max) }
        return edges
    }

    /// The bin that a number belongs to.
    private func bin(of number: Int64) -> Int {
        // Every number is at most the last edge.
        edges.lowerBound(of: number)
    }

    /// The rows of one bin.
    private func rows(ofBin bin: Int) -> RowContainer {
        var words = [UInt64](repeating: 0, count: RowContainer.wordCount)
        add(bins: bin..<bin + 1, to: &words)
        return RowContainer(words: words)
    }

    func rows(in range: ClosedRange<Int64>, of presence: RowContainer) -> RowContainer {
        guard !edges.isEmpty else {
            return RowContainer(presence) { range.contains(numbers[Int($0)]) }
        }
        let first = bin(of: range.lowerBound)
        let last = bin(of: range.upperBound)
        let isFirstCut = range.lowerBound > (first > 0 ? edges[first - 1] + 1 : lowest)
        let isLastCut = edges[last] > range.upperBound
        var words = [UInt64](repeating: 0, count: RowContainer.wordCount)
        if isFirstCut || (first == last && isLastCut) { add(bin: first, range, to: &words) }
        if isLastCut, last > first { add(bin: last, range, to: &words) }
        let firstWhole = isFirstCut ? first + 1 : first
        let endWhole = isLastCut ? last : last + 1
        if firstWhole < endWhole { add(bins: firstWhole..<endWhole, to: &words) }
        return RowContainer(words: words)
    }

    /// Adds the rows of whole bins.
    private func add(bins: Range<Int>, to words: inout [UInt64]) {
        let count = RowContainer.wordCount
        let upper = cumulative.span.extracting(
            (bins.upperBound - 1) * count..<bins.upperBound * count
        )
        var target = words.mutableSpan
        guard bins.lowerBound > 0 else {
            for index in 0..<count { target[index] |= upper[index] }
            return
        }
        let lower = cumulative.span.extracting(
            (bins.lowerBound - 1) * count..<bins.lowerBound * count
        )
        for index in 0..<count { target[index] |= upper[index] & ~lower[index] }
    }

    /// Adds the rows of a bin that the range cuts, each compared.
    private func add(bin: Int, _ range: ClosedRange<Int64>, to words: inout [UInt64]) {
        var rows = [UInt64](repeating: 0, count: RowContainer.wordCount)
        add(bins: bin..<bin + 1, to: &rows)
        let values = numbers.span
        for index in rows.indices {
            var left = rows[index]
            var kept: UInt64 = 0
            while left != 0 {
                let bit = left & (0 &- left)
                let number = values[index << 6 | left.trailingZeroBitCount]
                if range.contains(number) { kept |= bit }
                left ^= bit
            }
            words[index] |= kept
        }
    }

    func rows(among wanted: [Int64], of presence: RowContainer) -> RowContainer {
        func isWanted(_ row: UInt16) -> Bool {
            wanted.containsSorted(numbers[Int(row)])
        }
        guard !edges.isEmpty else { return RowContainer(presence, where: isWanted) }
        var found: [RowContainer] = []
        var next = 0
        while next < wanted.count {
            let bin = self.bin(of: wanted[next])
            let rows = rows(ofBin: bin)
            let isOneNumber = bin > 0 && edges[bin - 1] + 1 == edges[bin]
            found.append(isOneNumber ? rows : RowContainer(rows, where: isWanted))
            while next < wanted.count, wanted[next] <= edges[bin] { next += 1 }
        }
        return RowContainer(union: found)
    }

    var byteCount: Int { 8 * (numbers.capacity + edges.capacity + cumulative.capacity) }
}
