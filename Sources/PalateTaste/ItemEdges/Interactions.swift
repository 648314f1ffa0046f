package import PalateModel

/// Who likes what, as edge builders read it: people in rows, items in columns, both numbered.
///
/// 8 bytes a like: its place in the rows and its place in the columns.
package struct Interactions: Sendable {
    /// By item number.
    package private(set) var ids: [ItemID] = []
    /// Item numbers of all people, one person after the other.
    private(set) var items: [UInt32] = []
    /// Where each person's items begin, shape [people + 1].
    private(set) var rowStarts: [Int] = [0]
    private var numbers: [ItemID: UInt32] = [:]

    /// Nobody.
    package init() {}

    /// Adds one person's liked items, each once.
    package mutating func append(_ liked: some Sequence<ItemID>) {
        for item in liked {
            let number = numbers[item] ?? UInt32(ids.count)
            if Int(number) == ids.count {
                ids.append(item)
                numbers[item] = number
            }
            items.append(number)
        }
        rowStarts.append(items.count)
    }

    /// People, with those who like nothing.
    package var peopleCount: Int { rowStarts.count - 1 }
    /// Likes of all people together.
    package var likeCount: Int { items.count }
    /// Items that somebody likes.
    package var itemCount: Int { ids.count }

    /// The places of one person's likes in `items`.
    func row(_ person: Int) -> Range<Int> { rowStarts[person]..<rowStarts[person + 1] }

    /// The same by item: people who like each, in order.
    func columns() -> (starts: [Int], people: [UInt32]) {
        var starts = [Int](repeating: 0, count: itemCount + 1)
        for item in items { starts[Int(item) + 1] += 1 }
        for index in 1..<max(starts.count, 1) { starts[index] += starts[index - 1] }
        var next = starts
        var people = [UInt32](repeating: 0, count: items.count)
        for person in 0..<peopleCount {
            for place in row(person) {
                let item = Int(items[place])
                people[next[item]] = UInt32(person)
                next[item] += 1
            }
        }
        return (starts, people)
    }
}
