import PalateStorage

/// A damaged object: where it is, what it is, and what it should be.
package struct Finding: Hashable, Sendable, CustomStringConvertible {
    /// The collection's name; empty = the directory's own.
    package var collection: String
    /// The table.
    package var table: String
    /// The key, as `Sealed.place` writes it, or a page; empty = the table as a whole.
    package var key: String
    /// What is there.
    package var got: String
    /// What should be; empty where nothing more is known than that `got` is wrong.
    package var expected: String

    /// A finding.
    init(_ collection: String, _ table: String, _ key: String, got: String, expected: String) {
        self.collection = collection
        self.table = table
        self.key = key
        self.got = got
        self.expected = expected
    }

    /// Takes an error apart: `table[key]` and `got, expected wanted`.
    init(_ collection: String, _ error: IndexError) {
        self.init(collection, "", "", got: "", expected: "")
        switch error {
        case .corrupt(let place, let reason):
            split(place: place)
            split(reason: reason)
        case .missing(let place):
            split(place: place)
            (got, expected) = ("missing", "an entry")
        case .storage(.corrupt(let place)):
            split(place: place)
            if let colon = place.lastIndex(of: ":") {
                split(place: String(place[..<colon]))
                split(reason: String(place[place.index(after: colon)...].drop { $0 == " " }))
            }
        case .graph(let error):
            (table, got) = ("links", "\(error)")
        case .quantization(let error):
            (table, key, got) = ("meta", "graph", "\(error)")
        default: got = "\(error)"
        }
    }

    /// One line: `pins: rows[0000002a]: checksum 1, expected 2`.
    package var description: String {
        let owner = collection.isEmpty ? "" : "\(collection): "
        let place = key.isEmpty ? table : "\(table)[\(key)]"
        let wanted = expected.isEmpty ? "" : ", expected \(expected)"
        return owner + (place.isEmpty ? "" : "\(place): ") + got + wanted
    }

    private mutating func split(place: String) {
        guard place.last == "]", let bracket = place.firstIndex(of: "[") else {
            (table, key) = (place, "")
            return
        }
        table = String(place[..<bracket])
        key = String(place[place.index(after: bracket)...].dropLast())
    }

    private mutating func split(reason: String) {
        (got, expected) = (reason, "")
        let mark = ", expected "
        var start = reason.startIndex
        while start < reason.endIndex {
            if reason[start...].hasPrefix(mark) {
                got = String(reason[..<start])
                expected = String(reason[start...].dropFirst(mark.count))
                return
            }
            start = reason.index(after: start)
        }
    }
}
