import PalateModel

/// The beam: the nearest `width` eligible candidates so far, sorted, each with a checked mark.
///
/// One sorted array instead of the paper's two heaps: with beams of 10 to 500 a binary search and a
/// move of the tail cost less than sifting, and the results come out sorted.
struct CandidatePool: Sendable {
    /// Shape [>= width + padding]; the first `count` are sorted, the rest is `none`.
    private var keys: [UInt64] = []
    /// Candidates held.
    private(set) var count = 0
    /// The most candidates held.
    private(set) var width = 0
    /// Only the links of this many nearest are followed; the rest is remembered.
    var followed = 0
    /// Everything before it is checked.
    private var cursor = 0
    /// What is not among them, where it is to be remembered.
    private var remembered = RememberedKeys()
    private var remembers = false
    private let kernel = BeamKernel.selected

    /// Empties the pool and sets its width.
    ///
    /// - Parameters:
    ///   - width: candidates held.
    ///   - limit: of these, how many of the nearest are followed; nil = all.
    ///   - remembers: whether candidates beyond the beam are remembered.
    mutating func reset(width: Int, following limit: Int? = nil, remembers: Bool = false) {
        self.remembers = remembers
        remembered.removeAll()
        followed = limit ?? width
        let size = width + BeamKernel.padding
        if keys.count < size { keys = [UInt64](repeating: BeamKernel.none, count: size) }
        for position in 0..<size { keys[position] = BeamKernel.none }
        self.width = width
        count = 0
        cursor = 0
    }

    /// The candidate at `position`, nearest first.
    subscript(position: Int) -> CandidateKey { CandidateKey(bits: keys[position]) }

    /// A newcomer must come before this to be held or remembered.
    var bound: CandidateKey {
        count < width || width == 0 || remembers ? .last : CandidateKey(bits: keys[width - 1])
    }

    /// Whether another candidate has to push one out.
    var isFull: Bool { count == width }

    /// What comes after this is not followed.
    var followedBound: CandidateKey {
        count < followed || followed == 0 ? .last : CandidateKey(bits: keys[followed - 1])
    }

    /// The nearest candidate whose links have not been followed.
    mutating func nearestUnchecked() -> CandidateKey? {
        let end = min(count, followed)
        while cursor < end {
            let key = CandidateKey(bits: keys[cursor])
            if !key.isChecked { return key }
            cursor += 1
        }
        return nil
    }

    /// Marks what `nearestUnchecked` returned, and returns the one that is nearest after it.
    mutating func checkNearest() -> CandidateKey? {
        keys[cursor] |= 1
        return nearestUnchecked()
    }

    /// Offers the first `n` rows of a scored list; those beyond the beam are passed over.
    ///
    /// - Returns: the nearest place taken; the width where none was.
    @discardableResult
    mutating func insert(_ list: inout ScoredList, count n: Int) -> Int {
        let nearest: Int
        if remembers {
            remembered.reserve(n)
            nearest = Self.insert(&list, n, into: &keys, &count, width, remembering: &remembered)
        } else {
            nearest = Self.insert(&list, n, into: &keys, &count, width, kernel)
        }
        cursor = min(cursor, nearest)
        return nearest
    }

    // Spans of two fields of one value are overlapping accesses; of two parameters they are not.
    private static func insert(
        _ list: inout ScoredList,
        _ n: Int,
        into keys: inout [UInt64],
        _ count: inout Int,
        _ width: Int,
        _ kernel: BeamKernel
    ) -> Int {
        guard width > 0 else { return 0 }
        var beam = keys.mutableSpan
        return kernel.insert(
            list.rows.span.extracting(0..<n),
            list.distances.span.extracting(0..<n),
            into: &beam,
            held: &count,
            width: width
        )
    }

    /// Offers the list, and remembers what is passed over and what is pushed out.
    private static func insert(
        _ list: inout ScoredList,
        _ n: Int,
        into keys: inout [UInt64],
        _ count: inout Int,
        _ width: Int,
        remembering remembered: inout RememberedKeys
    ) -> Int {
        var held = count
        var nearest = width
        var pool = keys.mutableSpan
        var bound = held < width ? UInt64.max : pool[width - 1]
        for index in 0..<n {
            let key = list.key(at: index).bits
            if held == width { remembered.append(max(key, bound)) }
            guard key < bound else { continue }
            let low = lowerBound(of: key, in: pool.span, count: held)
            held = min(held + 1, width)
            shift(key, into: &pool, low..<held)
            nearest = min(nearest, low)
            if held == width { bound = pool[width - 1] }
        }
        count = held
        return nearest
    }

    /// Sorts what is remembered.
    mutating func sortRemembered() { remembered.sort() }

    /// Candidates held, and those remembered.
    var rememberedCount: Int { count + remembered.count }

    /// The candidate at `position`; what is remembered, once sorted, goes on where the beam ends.
    func candidate(_ position: Int) -> CandidateKey {
        position < count ? self[position] : CandidateKey(bits: remembered[position - count])
    }

    /// Puts `key` first in `range` and moves the rest back by one; the last falls out.
    ///
    /// Carries one key forward instead of moving from the end: a loop without bounds checks.
    @inline(__always)
    private static func shift(
        _ key: UInt64,
        into pool: inout MutableSpan<UInt64>,
        _ range: Range<Int>
    ) {
        precondition(range.upperBound <= pool.count && range.lowerBound >= 0, "beyond the pool")
        var carried = key
        for position in range {
            let next = pool[position]
            pool[position] = carried
            carried = next
        }
    }

    /// The first position whose key is not below `key`.
    ///
    /// The compiler makes a branch of the condition; forcing arithmetic in its place was not faster
    /// (37,000 against 41,000 searches/s at beam 40 on 100,000 x 128 bytes).
    @inline(__always)
    private static func lowerBound(of key: UInt64, in pool: Span<UInt64>, count: Int) -> Int {
        var low = 0
        var length = count
        while length > 1 {
            let half = length >> 1
            if pool[low &+ half &- 1] < key { low &+= half }
            length &-= half
        }
        return length == 1 && pool[low] < key ? low + 1 : low
    }
}
