/// How far candidates lie from what a person is known to like, in 0...1.
package enum Novelty {
    /// 1 - the largest cosine to the person's medoids.
    ///
    /// - Parameters:
    ///   - similarities: cosine of every medoid to every candidate, row-major [m, n].
    ///   - count: n.
    /// - Returns: shape [n], each in 0...1; all 1 without medoids.
    package static func fromMedoids(_ similarities: Span<Float>, count: Int) -> [Float] {
        guard count > 0 else { return [] }
        precondition(similarities.count.isMultiple(of: count), "medoid similarities are [m, n]")
        var novelty = [Float](repeating: 1, count: count)
        for medoid in 0..<similarities.count / count {
            let row = similarities.extracting(medoid * count..<(medoid + 1) * count)
            for candidate in 0..<count where row[candidate] > 0 {
                novelty[candidate] = min(novelty[candidate], max(0, 1 - row[candidate]))
            }
        }
        return novelty
    }

    /// 1 - what the person gave the candidate's cluster, beside the cluster that got the most.
    ///
    /// So the frontier is novel: clusters barely touched, and what belongs to none.
    /// - Parameters:
    ///   - clusters: shape [n]: below the count of `engagements`, -1 = none.
    ///   - engagements: shape [c], any unit.
    /// - Returns: shape [n], each in 0...1.
    package static func fromEngagement(
        clusters: Span<Int32>,
        engagements: Span<Float>
    ) -> [Float] {
        var most: Float = 0
        for cluster in engagements.indices { most = max(most, engagements[cluster]) }
        return clusters.indices.map { candidate in
            let cluster = Int(clusters[candidate])
            precondition(cluster < engagements.count, "a cluster without engagement")
            guard cluster >= 0, most > 0, engagements[cluster] > 0 else { return 1 }
            return 1 - min(engagements[cluster] / most, 1)
        }
    }
}
