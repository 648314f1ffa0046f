/// Agglomerative clustering by Ward's criterion: PinnerSage's offline side (Pal et al., KDD 2020,
/// arXiv:2007.03634, section 4.1).
///
/// By the nearest-neighbour chain with Lance-Williams updates (Murtagh, Computer Journal 1983,
/// doi:10.1093/comjnl/26.4.354): O(n^2) time, one n x n table. Two clusters A and B are
/// 2 |A| |B| / (|A| + |B|) * (distance of their means)^2 apart; two items their squared distance.
package enum WardClustering {
    /// Labels of n unit vectors, the clusters numbered by their first member.
    ///
    /// - Parameters:
    ///   - cosines: symmetric, row-major [n, n]; what is not a number counts as 0.
    ///   - count: n.
    ///   - threshold: cosine of two items that are just near enough to be one cluster.
    ///   - limit: clusters at most, at least 1; farther ones are merged until they are no more.
    /// - Returns: shape [n].
    package static func labels(
        cosines: Span<Float>,
        count: Int,
        threshold: Float,
        limit: Int
    ) -> [Int] {
        precondition(cosines.count == count * count, "cosines are [n, n]")
        precondition(limit > 0, "no clusters at all")
        var merges = merges(cosines, count)
        // The chain finds merges out of order; cut by height they are those of a dendrogram.
        merges.sort { $0.height < $1.height }
        let near = 2 * (1 - threshold)
        var roots = Array(0..<count)
        func root(_ item: Int) -> Int {
            var item = item
            while roots[item] != item {
                roots[item] = roots[roots[item]]
                item = roots[item]
            }
            return item
        }
        for (done, merge) in merges.enumerated() {
            guard merge.height <= near || count - done > limit else { break }
            roots[root(merge.gone)] = root(merge.kept)
        }
        var numbers: [Int: Int] = [:]
        return (0..<count).map { item in
            let own = root(item)
            let number = numbers[own] ?? numbers.count
            numbers[own] = number
            return number
        }
    }

    /// Two clusters that became one: named by a member each.
    private struct Merge {
        var gone: Int
        var kept: Int
        var height: Float
    }

    private static func merges(_ cosines: Span<Float>, _ count: Int) -> [Merge] {
        var distances = [Float](repeating: 0, count: count * count)
        var table = distances.mutableSpan
        for row in 0..<count {
            // Symmetric to the last bit, or the chain could turn in a circle.
            for column in row..<count {
                let cosine = cosines[row * count + column]
                let distance = 2 * (1 - (cosine.isFinite ? cosine : 0))
                table[row * count + column] = distance
                table[column * count + row] = distance
            }
        }
        var sizes = [Float](repeating: 1, count: count)
        var alive = Array(0..<count)
        var chain: [Int] = []
        var merges: [Merge] = []
        merges.reserveCapacity(max(count - 1, 0))
        while alive.count > 1 {
            if chain.isEmpty { chain.append(alive[0]) }
            while true {
                let top = chain[chain.count - 1]
                let former = chain.count > 1 ? chain[chain.count - 2] : -1
                // Ties go to the former link: it ends the chain.
                var nearest = former
                var distance = former < 0 ? Float.infinity : table[top * count + former]
                for other in alive where other != top && table[top * count + other] < distance {
                    (nearest, distance) = (other, table[top * count + other])
                }
                guard nearest == former else {
                    chain.append(nearest)
                    continue
                }
                chain.removeLast(2)
                merge(top, into: former, distance, alive, sizes.span, &table, count)
                sizes[former] += sizes[top]
                alive.removeAll { $0 == top }
                merges.append(Merge(gone: top, kept: former, height: distance))
                break
            }
        }
        return merges
    }

    /// Lance and Williams: distances of everybody else to the two as one.
    private static func merge(
        _ gone: Int,
        into kept: Int,
        _ distance: Float,
        _ alive: [Int],
        _ sizes: Span<Float>,
        _ table: inout MutableSpan<Float>,
        _ count: Int
    ) {
        for other in alive where other != gone && other != kept {
            let all = sizes[gone] + sizes[kept] + sizes[other]
            let joined =
                ((sizes[gone] + sizes[other]) * table[other * count + gone]
                    + (sizes[kept] + sizes[other]) * table[other * count + kept]
                    - sizes[other] * distance) / all
            table[other * count + kept] = joined
            table[kept * count + other] = joined
        }
    }
}
