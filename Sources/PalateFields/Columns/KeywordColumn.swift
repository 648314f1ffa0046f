package import PalateModel

/// A text per row: four bytes, and a set of rows for each text.
package struct KeywordColumn: Column {
    package static let type = FieldType.keyword

    package private(set) var presence = RowSet()
    private var postings = KeywordPostings()
    /// One more than the number of each row's text, 0 = none; shape [highest row + 1].
    private var numbers: [UInt32] = []

    package init() {}

    package static func value(of json: JSONValue) -> FieldValue? {
        guard case .text(let text) = json, KeywordPostings.isKeyword(text) else { return nil }
        return .keyword(text)
    }

    package static func holds(_ value: FieldValue) -> Bool {
        guard case .keyword(let text) = value else { return false }
        return KeywordPostings.isKeyword(text)
    }

    package mutating func set(_ value: FieldValue, at row: Ordinal) {
        guard case .keyword(let text) = value else { return }
        clear(row)
        if Int(row) >= numbers.count {
            numbers.append(contentsOf: repeatElement(0, count: Int(row) + 1 - numbers.count))
        }
        numbers[Int(row)] = postings.insert(row, text) + 1
        presence.insert(row)
    }

    package mutating func clear(_ row: Ordinal) {
        guard presence.remove(row) else { return }
        postings.remove(row, numbers[Int(row)] - 1)
        numbers[Int(row)] = 0
    }

    package func rows(passing test: FieldTest, chunk: Int) -> RowContainer {
        switch test {
        case .exists: presence.container(chunk)
        case .keywords(let texts): postings.rows(texts, chunk: chunk)
        default: .empty
        }
    }

    package func value(of row: Ordinal) -> FieldValue? {
        orderKey(of: row).map { .keyword(postings.texts[Int($0)]) }
    }

    /// The text's number: equal texts are together, in the order in which they came.
    package func orderKey(of row: Ordinal) -> Int64? {
        guard Int(row) < numbers.count, numbers[Int(row)] > 0 else { return nil }
        return Int64(numbers[Int(row)]) - 1
    }

    package func rows(orderKeys: [Int64]) -> RowSet {
        postings.rows(orderKeys.map { Int($0) }, chunks: presence.chunkCount)
    }

    package func facet(_ rows: RowSet) -> [(value: FieldValue, count: Int)]? {
        postings.counts(rows)
    }

    package func appendKeywordNumbers(of row: Ordinal, to numbers: inout [UInt32]) {
        guard Int(row) < self.numbers.count, self.numbers[Int(row)] > 0 else { return }
        numbers.append(self.numbers[Int(row)] - 1)
    }

    package func keyword(_ number: UInt32) -> String { postings.texts[Int(number)] }

    package var distinctCount: Int { postings.usedCount }

    package var byteCount: Int {
        presence.byteCount + postings.byteCount + 4 * numbers.capacity
    }
}
