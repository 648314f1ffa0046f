import Glibc
import PalateModel

/// Degree-damped co-occurrence, item by item over the inverted lists.
///
///     C(i, j) = sum over people v with i and j of items(v)^-2a * likes(i)^-b * likes(j)^-b
///
/// Memory: a float and a number an item, whatever the catalogue.
struct CoOccurrence {
    let likes: Interactions
    /// Weight of a person's row: (items)^-a.
    let rowWeights: [Float]
    /// Weight of an item's column: (likes + pseudo-count)^-b.
    let columnWeights: [Float]
    private let starts: [Int]
    private let people: [UInt32]
    private var mass: [Float]
    private(set) var touched: [UInt32] = []

    init(_ likes: Interactions, rowExponent: Float, columnExponent: Float, pseudoCount: Float) {
        self.likes = likes
        (starts, people) = likes.columns()
        rowWeights = (0..<likes.peopleCount).map {
            pow(Float(max(likes.row($0).count, 1)), -rowExponent)
        }
        let starts = starts
        columnWeights = (0..<likes.itemCount).map {
            pow(Float(starts[$0 + 1] - starts[$0]) + pseudoCount, -columnExponent)
        }
        mass = [Float](repeating: 0, count: likes.itemCount)
    }

    /// People who like an item.
    func likeCount(_ item: Int) -> Int { starts[item + 1] - starts[item] }

    /// Adds up one item's row; calls `body` with every other item and its value.
    mutating func forEachNeighbour(of item: Int, _ body: (Int, Float) -> Void) {
        let (items, mass) = (likes.items, WalkScratch.take(&self.mass))
        self.mass = accumulate(item, mass, items.span)
        for number in touched {
            let value = self.mass[Int(number)]
            self.mass[Int(number)] = 0
            if Int(number) != item { body(Int(number), value) }
        }
        touched.removeAll(keepingCapacity: true)
    }

    /// Adds one item's row to `mass`, and what it reaches to `touched`.
    private mutating func accumulate(
        _ item: Int,
        _ mass: consuming [Float],
        _ items: Span<UInt32>
    ) -> [Float] {
        let span = starts[item]..<starts[item + 1]
        // An item that very many like: an even sample of them, weighted up.
        let stride = max(1, span.count / TasteLimits.edgePeoplePerItem)
        let own = columnWeights[item] * Float(stride)
        for place in Swift.stride(from: span.lowerBound, to: span.upperBound, by: stride) {
            let person = Int(people[place])
            let weight = rowWeights[person] * rowWeights[person] * own
            for other in likes.row(person) {
                let number = Int(items[other])
                if mass[number] == 0 { touched.append(items[other]) }
                mass[number] += weight * columnWeights[number]
            }
        }
        return mass
    }
}
