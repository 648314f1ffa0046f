package import PalateModel

/// Any number of texts per row: four bytes each and eight a row, and a set of rows for each text.
package struct KeywordSetColumn: Column {
    package static let type = FieldType.keywordSet

    package private(set) var presence = RowSet()
    private var postings = KeywordPostings()
    /// Where each row's numbers are among all, shape [highest row + 1].
    private var places: [Place] = []
    /// The numbers of the texts, row after row; with gaps where rows were cleared.
    private var numbers: [UInt32] = []
    /// Numbers in gaps.
    private var unused = 0

    private struct Place: Sendable {
        var first: UInt32 = 0
        var count: UInt32 = 0
    }

    package init() {}

    package static func value(of json: JSONValue) -> FieldValue? {
        let texts: [String]
        switch json {
        case .text(let text): texts = [text]
        case .array(let values):
            texts = values.compactMap { if case .text(let text) = $0 { text } else { nil } }
            guard texts.count == values.count else { return nil }
        default: return nil
        }
        return holds(.keywords(texts)) ? .keywords(texts) : nil
    }

    package static func holds(_ value: FieldValue) -> Bool {
        guard case .keywords(let texts) = value else { return false }
        return Limits.keywordsPerValue.contains(texts.count)
            && texts.allSatisfy(KeywordPostings.isKeyword)
    }

    package mutating func set(_ value: FieldValue, at row: Ordinal) {
        guard case .keywords(let texts) = value else { return }
        clear(row)
        if Int(row) >= places.count {
            places.append(contentsOf: repeatElement(Place(), count: Int(row) + 1 - places.count))
        }
        let first = numbers.count
        for text in texts { numbers.append(postings.insert(row, text)) }
        places[Int(row)] = Place(first: UInt32(first), count: UInt32(texts.count))
        presence.insert(row)
    }

    package mutating func clear(_ row: Ordinal) {
        guard presence.remove(row) else { return }
        let place = places[Int(row)]
        for index in 0..<Int(place.count) {
            postings.remove(row, numbers[Int(place.first) + index])
        }
        places[Int(row)] = Place()
        unused += Int(place.count)
    }

    /// Closes the gaps once they are half of everything.
    package mutating func settle() {
        guard unused > max(1_024, numbers.count / 2) else { return }
        var packed: [UInt32] = []
        packed.reserveCapacity(numbers.count - unused)
        for row in places.indices {
            let place = places[row]
            let first = packed.count
            packed += numbers[Int(place.first)..<Int(place.first + place.count)]
            places[row].first = UInt32(first)
        }
        numbers = packed
        unused = 0
    }

    package func rows(passing test: FieldTest, chunk: Int) -> RowContainer {
        switch test {
        case .exists: presence.container(chunk)
        case .keywords(let texts): postings.rows(texts, chunk: chunk)
        default: .empty
        }
    }

    package func value(of row: Ordinal) -> FieldValue? {
        guard presence.contains(row) else { return nil }
        let place = places[Int(row)]
        return .keywords(
            numbers[Int(place.first)..<Int(place.first + place.count)]
                .map { postings.texts[Int($0)] }
        )
    }

    package func facet(_ rows: RowSet) -> [(value: FieldValue, count: Int)]? {
        postings.counts(rows)
    }

    package func appendKeywordNumbers(of row: Ordinal, to numbers: inout [UInt32]) {
        guard Int(row) < places.count else { return }
        let place = places[Int(row)]
        numbers += self.numbers[Int(place.first)..<Int(place.first + place.count)]
    }

    package func keyword(_ number: UInt32) -> String { postings.texts[Int(number)] }

    package var distinctCount: Int { postings.usedCount }

    package var byteCount: Int {
        presence.byteCount + postings.byteCount + 4 * numbers.capacity + 8 * places.capacity
    }
}
