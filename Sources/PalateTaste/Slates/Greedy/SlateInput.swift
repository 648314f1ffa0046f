package import PalateKernels

/// What a slate is chosen from: n candidates, and what is known of them; nothing is copied.
///
/// Made once per request that wants a slate, by the reranking step. Empty columns are absent.
package struct SlateInput: ~Escapable {
    /// Shape [n], in any unit; larger is better; what is not a number comes last.
    package let relevance: Span<Float>
    /// Unit vectors, row-major [n, dimensions]; empty for builders that read none.
    package let vectors: Span<Float>
    /// Row-major [s, dimensions], unit length: what the person has just seen, the oldest first.
    package let seeds: Span<Float>
    /// Of one vector, above 0.
    package let dimensions: Int
    /// Shape [n] or empty: the cluster of the person's taste, below `clusterTargets.count` where
    /// there are targets; -1 = none.
    package let clusters: Span<Int32>
    /// Shape [c] or empty: the share of the slate each cluster should have, in any unit.
    package let clusterTargets: Span<Float>
    /// Shape [n] or empty: number of the group (of an owner, of any field), below n; -1 = none.
    package let groups: Span<Int32>
    /// As `groups`, for spacing by something else; empty = by the same.
    package let spacingGroups: Span<Int32>
    /// The inner products of this processor.
    package let kernels: KernelTable

    /// Gathers the columns; their shapes are those of the properties.
    @_lifetime(
        copy relevance,
        copy vectors,
        copy seeds,
        copy clusters,
        copy targets,
        copy groups,
        copy spacingGroups
    )
    package init(
        relevance: Span<Float>,
        vectors: Span<Float>,
        dimensions: Int,
        seeds: Span<Float> = Span(),
        clusters: Span<Int32> = Span(),
        clusterTargets targets: Span<Float> = Span(),
        groups: Span<Int32> = Span(),
        spacingGroups: Span<Int32> = Span(),
        kernels: KernelTable
    ) {
        let count = relevance.count
        precondition(dimensions > 0, "vectors have components")
        precondition(
            vectors.isEmpty || vectors.count == count * dimensions,
            "vectors are [n, dimensions]"
        )
        precondition(seeds.count.isMultiple(of: dimensions), "seeds are [s, dimensions]")
        precondition(clusters.isEmpty || clusters.count == count, "clusters are [n]")
        precondition(groups.isEmpty || groups.count == count, "groups are [n]")
        precondition(
            spacingGroups.isEmpty || spacingGroups.count == count,
            "groups of spacing are [n]"
        )
        self.relevance = relevance
        self.vectors = vectors
        self.dimensions = dimensions
        self.seeds = seeds
        self.clusters = clusters
        clusterTargets = targets
        self.groups = groups
        self.spacingGroups = spacingGroups
        self.kernels = kernels
    }

    /// n.
    package var count: Int { relevance.count }

    /// s.
    package var seedCount: Int { seeds.count / dimensions }

    /// The vector of one candidate.
    @_lifetime(copy self)
    func vector(_ candidate: Int) -> Span<Float> {
        vectors.extracting(candidate * dimensions..<(candidate + 1) * dimensions)
    }

    /// The vector of one seed.
    @_lifetime(copy self)
    func seed(_ index: Int) -> Span<Float> {
        seeds.extracting(index * dimensions..<(index + 1) * dimensions)
    }

    /// The cluster of one candidate; -1 = none.
    func cluster(_ candidate: Int) -> Int { clusters.isEmpty ? -1 : Int(clusters[candidate]) }

    /// The group of one candidate; -1 = none.
    func group(_ candidate: Int) -> Int { groups.isEmpty ? -1 : Int(groups[candidate]) }

    /// The group of one candidate that is spaced; -1 = none.
    func spacingGroup(_ candidate: Int) -> Int {
        spacingGroups.isEmpty ? group(candidate) : Int(spacingGroups[candidate])
    }

    /// The inner product of two unit vectors, in -1...1.
    ///
    /// What is not a number counts as 1: a broken vector is like everything, so it comes last.
    func cosine(_ left: Span<Float>, _ right: Span<Float>) -> Float {
        max(-1, min(1, kernels.innerProduct(left, right)))
    }
}
