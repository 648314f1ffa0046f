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
            nearest = Self.insert(&list, n, into: &keys, &count, width, kernel, &remembered)
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
        _ kernel: BeamKernel,
        _ remembered: inout RememberedKeys
    ) -> Int {
        guard width > 0 else { return 0 }
        var beam = keys.mutableSpan
        return remembered.withRoom(n + BeamKernel.padding) { passed, passedCount in
            kernel.insert(
                list.rows.span.extracting(0..<n),
                list.distances.span.extracting(0..<n),
                into: &beam,
                held: &count,
                width: width,
                passing: &passed,
                count: &passedCount
            )
        }
    }

    /// Sorts so much of what is remembered that the nearest `limit` candidates are in order.
    mutating func sortRemembered(upTo limit: Int) { remembered.sort(nearest: limit - count) }

    /// Candidates held, and those remembered.
    var rememberedCount: Int { count + remembered.count }

    /// The candidate at `position`; what is remembered, once sorted, goes on where the beam ends.
    func candidate(_ position: Int) -> CandidateKey {
        position < count ? self[position] : CandidateKey(bits: remembered[position - count])
    }
}
