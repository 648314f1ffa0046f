/// Which rungs are worth having, and which one to take.
package enum RungChoice {
    /// Whether each rung is on the Pareto front: it reaches the recall, and no other is both as
    /// small and as fast there, and better in one of the two.
    ///
    /// - Returns: shape [rungs].
    package static func front(of rungs: [RungFigures], atRecall recall: Double) -> [Bool] {
        let rates = rungs.map { $0.points.rate(atRecall: recall)?.rate }
        return rungs.indices.map { index in
            guard let rate = rates[index] else { return false }
            return !rungs.indices.contains { other in
                guard let otherRate = rates[other] else { return false }
                let (bytes, otherBytes) = (rungs[index].indexBytes, rungs[other].indexBytes)
                return otherBytes <= bytes && otherRate >= rate
                    && (otherBytes < bytes || otherRate > rate)
            }
        }
    }

    /// The fastest at the recall; where none reaches it, the one with the highest recall.
    ///
    /// - Returns: an index of `rungs`, nil where none was built.
    package static func best(of rungs: [RungFigures], atRecall recall: Double) -> Int? {
        let built = rungs.indices.filter { !rungs[$0].points.isEmpty }
        return built.max { left, right in
            let leftRate = rungs[left].points.rate(atRecall: recall)?.rate ?? 0
            let rightRate = rungs[right].points.rate(atRecall: recall)?.rate ?? 0
            return (leftRate, rungs[left].highestRecall, rungs[right].indexBytes)
                < (rightRate, rungs[right].highestRecall, rungs[left].indexBytes)
        }
    }
}
