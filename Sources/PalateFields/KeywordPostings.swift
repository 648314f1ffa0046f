import PalateModel

/// Texts by number, and the rows that have each.
struct KeywordPostings: Sendable {
    /// Texts by number.
    private(set) var texts: [String] = []
    private var numbers: [Spelling: UInt32] = [:]
    private var rows: [RowSet] = []

    /// The number of a text that a row has or had.
    func number(of text: String) -> UInt32? { numbers[Spelling(text)] }

    /// Adds a row to a text's, and returns the text's number.
    mutating func insert(_ row: Ordinal, _ text: String) -> UInt32 {
        let number: UInt32
        if let known = numbers[Spelling(text)] {
            number = known
        } else {
            number = UInt32(texts.count)
            texts.append(text)
            numbers[Spelling(text)] = number
            rows.append(RowSet())
        }
        rows[Int(number)].insert(row)
        return number
    }

    /// Takes a row from the text of this number.
    mutating func remove(_ row: Ordinal, _ number: UInt32) { rows[Int(number)].remove(row) }

    /// The rows of a chunk that have one of the texts.
    func rows(_ texts: [String], chunk: Int) -> RowContainer {
        let found = texts.compactMap { numbers[Spelling($0)] }.map {
            rows[Int($0)].container(chunk)
        }
        return found.count == 1 ? found[0] : RowContainer(union: found)
    }

    /// The rows that have one of the texts of these numbers.
    func rows(_ numbers: [Int], chunks: Int) -> RowSet {
        var union = RowSet()
        for chunk in 0..<chunks {
            let parts = numbers.map { rows[$0].container(chunk) }
            union.append(RowContainer(union: parts), chunk: chunk)
        }
        return union
    }

    /// How many of `rows` have each text, the most frequent first.
    func counts(_ wanted: RowSet) -> [(value: FieldValue, count: Int)] {
        zip(texts, rows)
            .map { (text: $0, count: $1.intersectionCount(wanted)) }
            .filter { $0.count > 0 }
            .sorted { ($1.count, $0.text) < ($0.count, $1.text) }
            .map { (.keyword($0.text), $0.count) }
    }

    /// Texts that a row has.
    var usedCount: Int { rows.reduce(0) { $0 + ($1.count > 0 ? 1 : 0) } }

    /// Bytes of memory, the dictionary's own at an estimated 32 a text.
    var byteCount: Int {
        rows.reduce(0) { $0 + $1.byteCount }
            + texts.reduce(0) { $0 + MemoryLayout<String>.stride + $1.utf8.count + 32 }
    }

    /// Whether a text is short enough.
    static func isKeyword(_ text: String) -> Bool { Limits.keywordBytes.contains(text.utf8.count) }
}
