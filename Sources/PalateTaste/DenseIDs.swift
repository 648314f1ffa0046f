/// Dense numbers 0 ..< count for 64-bit ids; the number of a removed id is given out again.
struct DenseIDs: Sendable {
    private var numbers: [UInt64: UInt32] = [:]
    private var ids: [UInt64] = []
    private var free: [UInt32] = []

    /// Numbers ever given out: the length of arrays indexed by them.
    var capacity: Int { ids.count }
    /// Ids that have a number.
    var count: Int { numbers.count }

    /// Ids that have a number, ascending.
    var everyID: [UInt64] { numbers.keys.sorted() }

    /// The number of `id`, where it has one.
    func number(of id: UInt64) -> Int? { numbers[id].map(Int.init) }

    /// The id behind a number in use.
    func id(of number: Int) -> UInt64 { ids[number] }

    /// The number of `id`, a new one where needed.
    mutating func numberAdding(_ id: UInt64) -> Int {
        if let number = numbers[id] { return Int(number) }
        let number = free.popLast() ?? UInt32(ids.count)
        if Int(number) == ids.count { ids.append(id) } else { ids[Int(number)] = id }
        numbers[id] = number
        return Int(number)
    }

    /// Takes the number of `id` back.
    mutating func remove(_ id: UInt64) {
        if let number = numbers.removeValue(forKey: id) { free.append(number) }
    }
}
