import PalateKernels
import PalateModel

/// Ridge regression of every item on all others, in closed form (EASE; Steck, WWW 2019,
/// doi:10.1145/3308558.3313710).
///
///     P = (X^T X + lambda I)^-1,  B(i, j) = -P(i, j) / P(j, j)
///
/// X holds who likes what. Deviations: edges of a weight of 0 or less are left out, with all but
/// the heaviest of each item; and lambda is chosen by likes held out. Takes 4 bytes a pair of items
/// and O(items^3): pinterest37k's 9,761 items took 113 s beside other work.
package enum RidgeEdges: ItemEdgeBuilder {
    /// In requests.
    package static let name = "ridge"
    /// 576 MiB.
    package static let itemsMax = 12_288

    /// Lambdas that are tried.
    private static let penalties: [Float] = [20, 100, 500, 2_000]

    /// As `ItemEdgeBuilder.build`.
    package static func build(
        _ likes: Interactions,
        isCancelled: () -> Bool
    ) -> [ItemEdgeList]? {
        let trial = HeldOutLikes(likes)
        var best: (penalty: Float, recall: Double) = (penalties[0], -1)
        for penalty in penalties where !trial.isEmpty {
            guard let lists = lists(trial.known, penalty: penalty, isCancelled: isCancelled) else {
                return nil
            }
            let recall = trial.recall(of: ItemEdges(lists, summary: EdgeSummary()))
            if recall > best.recall { best = (penalty, recall) }
        }
        return lists(likes, penalty: best.penalty, isCancelled: isCancelled)
    }

    /// The edges of one lambda.
    package static func lists(
        _ likes: Interactions,
        penalty: Float,
        isCancelled: () -> Bool
    ) -> [ItemEdgeList]? {
        let count = likes.itemCount
        guard count > 0 else { return [] }
        guard !isCancelled() else { return nil }
        var matrix = moments(likes)
        var span = matrix.mutableSpan
        for item in 0..<count { span[item * count + item] += penalty }
        // Positive definite by lambda: only what is not finite could fail.
        guard Matrix.invert(&span, dimensions: count) else { return [] }
        let inverse = span.span
        let diagonal = (0..<count).map { inverse[$0 * count + $0] }
        return EdgeSelection.lists(of: likes, isCancelled: isCancelled) { item, add in
            for other in 0..<count where other != item {
                // Right of the diagonal stands the only copy.
                let (row, column) = item < other ? (item, other) : (other, item)
                add(other, -inverse[row * count + column] / diagonal[other])
            }
        }
    }

    /// X^T X, right of the diagonal and on it: in how many people's likes two items stand together.
    private static func moments(_ likes: Interactions) -> [Float] {
        let count = likes.itemCount
        var matrix = [Float](repeating: 0, count: count * count)
        var sums = matrix.mutableSpan
        for person in 0..<likes.peopleCount {
            let liked = likes.row(person).map { Int(likes.items[$0]) }.sorted()
            for (place, item) in liked.enumerated() {
                for other in liked[place...] { sums[item * count + other] += 1 }
            }
        }
        return matrix
    }
}
