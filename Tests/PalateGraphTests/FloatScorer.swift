import PalateModel

/// Squared Euclidean distance to a query.
struct FloatScorer: Scorer {
    let rows: FloatRows
    let query: [Float]

    init(_ rows: FloatRows, _ query: some Collection<Float>) {
        self.rows = rows
        self.query = Array(query)
    }

    func score(_ ordinals: Span<Ordinal>, into distances: inout MutableSpan<Float>) {
        query.withUnsafeBufferPointer { query in
            for index in ordinals.indices {
                distances[index] = rows.distance(query, rows[ordinals[index]])
            }
        }
    }
}

/// Squared Euclidean distance between rows.
struct FloatPairScorer: PairScorer {
    let rows: FloatRows
    private var selected: Ordinal = 0

    init(_ rows: FloatRows) { self.rows = rows }

    mutating func select(_ ordinal: Ordinal) { selected = ordinal }

    func score(_ ordinals: Span<Ordinal>, into distances: inout MutableSpan<Float>) {
        score(from: selected, to: ordinals, into: &distances)
    }

    func score(
        from: Ordinal,
        to ordinals: Span<Ordinal>,
        into distances: inout MutableSpan<Float>
    ) {
        for index in ordinals.indices {
            distances[index] = rows.distance(rows[from], rows[ordinals[index]])
        }
    }
}
