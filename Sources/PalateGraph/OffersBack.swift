import PalateModel

/// The links back of a chunk: who is offered to which list, list by list.
///
/// A list's links are then scored once for all that are offered to it, and lists come in the order
/// of their rows.
struct OffersBack: Sendable {
    /// Shape [>= count]; a key is an `Offer`.
    private var keys: [UInt64] = []
    private var count = 0
    private var order = KeySort()

    /// An offer, in the order in which they are made.
    ///
    /// From the top: 32 bits of the list's row, 4 of its level, 20 of the newcomer's position in
    /// the chunk, 8 of the place among its links of that level.
    struct Offer {
        /// All of it.
        let key: UInt64

        init(key: UInt64) { self.key = key }

        init(to owner: Ordinal, level: Int, position: Int, place: Int) {
            let rest = UInt64(level) << 28 | UInt64(position) << 8 | UInt64(place)
            key = UInt64(owner) << 32 | rest
        }

        /// Whose list.
        var owner: Ordinal { Ordinal(truncatingIfNeeded: key >> 32) }
        /// Of which level.
        var level: Int { Int(key >> 28 & 0xf) }
        /// The newcomer's position in the chunk.
        var position: Int { Int(key >> 8 & 0xf_ffff) }
        /// The place among the newcomer's links of the level.
        var place: Int { Int(key & 0xff) }
        /// Equal for offers to one list.
        var list: UInt64 { key >> 28 }
    }

    /// Collects the offers of a chunk whose links are chosen.
    mutating func collect(_ chunk: RowChunk) {
        count = 0
        for position in chunk.rows.indices {
            let links = chunk.links(at: position).links
            for level in 0...links.level {
                let range = links.range(level: level)
                for place in range {
                    let offer = Offer(
                        to: links.rows[place],
                        level: level,
                        position: position,
                        place: place - range.lowerBound
                    )
                    if count < keys.count {
                        keys[count] = offer.key
                    } else {
                        keys.append(offer.key)
                    }
                    count += 1
                }
            }
        }
        order.sort(&keys, count: count)
    }

    /// The offer at `position`; nil behind the last.
    func offer(_ position: Int) -> Offer? { position < count ? Offer(key: keys[position]) : nil }

    /// Where the part of one of so many workers starts: the same lists are never in two parts.
    func start(of part: Int, of parts: Int) -> Int {
        var start = part * count / parts
        while start > 0, start < count, keys[start] >> 28 == keys[start - 1] >> 28 { start += 1 }
        return start
    }
}
