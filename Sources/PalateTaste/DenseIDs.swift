/// Dense numbers 0 ..< count for 64-bit ids; the number of a removed id is given out again.
///
/// Open addressing with linear probing at a load of at most one half: four bytes a slot, the ids
/// stay in the list by number. A query looks up some 1,500 ids; `Dictionary` took four times as
/// long for each.
package struct DenseIDs: Sendable {
    /// By slot: a number, or `empty`.
    private var slots = [UInt32](repeating: empty, count: 64)
    /// By number.
    private var ids: [UInt64] = []
    private var free: [UInt32] = []

    private static let empty = UInt32.max

    /// None.
    package init() {}

    /// Numbers ever given out: the length of arrays indexed by them.
    package var capacity: Int { ids.count }
    /// Ids that have a number.
    package var count: Int { ids.count - free.count }

    /// Ids that have a number, ascending.
    package var everyID: [UInt64] {
        slots.lazy.filter { $0 != Self.empty }.map { ids[Int($0)] }.sorted()
    }

    /// The number of `id`, where it has one.
    package func number(of id: UInt64) -> Int? {
        let number = slots[slot(of: id)]
        return number == Self.empty ? nil : Int(number)
    }

    /// The id behind a number in use.
    package func id(of number: Int) -> UInt64 { ids[number] }

    /// The number of `id`, a new one where needed.
    package mutating func numberAdding(_ id: UInt64) -> Int {
        if let number = number(of: id) { return number }
        if 2 * (count + 1) > slots.count { grow() }
        let number = free.popLast() ?? UInt32(ids.count)
        if Int(number) == ids.count { ids.append(id) } else { ids[Int(number)] = id }
        slots[slot(of: id)] = number
        return Int(number)
    }

    /// Takes the number of `id` back.
    package mutating func remove(_ id: UInt64) {
        var hole = slot(of: id)
        guard slots[hole] != Self.empty else { return }
        free.append(slots[hole])
        // Whatever was pushed past the hole moves back, so that no probe ends before it.
        var next = hole
        while true {
            next = (next + 1) & (slots.count - 1)
            guard slots[next] != Self.empty else { break }
            let start = start(ids[Int(slots[next])])
            let distance = (next - start) & (slots.count - 1)
            guard distance >= (next - hole) & (slots.count - 1) else { continue }
            slots[hole] = slots[next]
            hole = next
        }
        slots[hole] = Self.empty
    }

    private mutating func grow() {
        let numbers = slots.filter { $0 != Self.empty }
        slots = [UInt32](repeating: Self.empty, count: 2 * slots.count)
        for number in numbers { slots[slot(of: ids[Int(number)])] = number }
    }

    /// Where the number of `id` is, or would be.
    private func slot(of id: UInt64) -> Int {
        var slot = start(id)
        while slots[slot] != Self.empty, ids[Int(slots[slot])] != id {
            slot = (slot + 1) & (slots.count - 1)
        }
        return slot
    }

    private func start(_ id: UInt64) -> Int {
        // Fibonacci hashing: the top bits of the product are well mixed, the count a power of two.
        let mixed = (id ^ (id >> 32)) &* 0x9e37_79b9_7f4a_7c15
        return Int(mixed >> 32) & (slots.count - 1)
    }
}
