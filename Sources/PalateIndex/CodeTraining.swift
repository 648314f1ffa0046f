import PalateModel
import PalateQuantization
import PalateStorage

/// Trains a quantizer on the stored vectors and encodes them all.
enum CodeTraining {
    /// Rows read in one transaction: it must not outlive milliseconds.
    static let rowsPerRead = 1_024

    /// A code set for rows 0 ..< `rowCount`, trained on rows spread evenly over them.
    static func train(
        store: GenerationStore,
        metric: any Metric,
        rowCount: Int,
        capacity: Int
    ) throws(IndexError) -> CodeSet {
        let count = min(rowCount, CodeSet.sampleRows)
        let sample = try vectors(
            (0..<count).map { Ordinal($0 * rowCount / count) },
            from: store
        )
        let stack: CodeStack
        do {
            stack = try CodeStack.train(
                named: store.schema.quantizer,
                sample.span,
                count: count,
                dimensions: store.schema.dimensions,
                metric: metric
            )
        } catch {
            throw .quantization(error)
        }
        let codes = try CodeSet(
            stack: stack,
            trainedRows: rowCount,
            capacity: capacity
        )
        try encode(Array(0..<Ordinal(rowCount)), from: store, into: codes)
        return codes
    }

    /// Encodes stored rows.
    static func encode(
        _ rows: [Ordinal],
        from store: GenerationStore,
        into codes: CodeSet
    ) throws(IndexError) {
        var next = 0
        while next < rows.count {
            let part = Array(rows[next..<min(rows.count, next + rowsPerRead)])
            let read = try vectors(part, from: store)
            codes.store(read.span, at: part)
            next += part.count
        }
    }

    /// The stored vectors of `ordinals`, row-major.
    private static func vectors(
        _ ordinals: [Ordinal],
        from store: GenerationStore
    ) throws(IndexError) -> [Float] {
        let dimensions = store.schema.dimensions
        var vectors = [Float](repeating: 0, count: ordinals.count * dimensions)
        var next = 0
        while next < ordinals.count {
            let end = min(ordinals.count, next + rowsPerRead)
            try store.environment.read(failingWith: IndexError.self) {
                transaction throws(IndexError) in
                for index in next..<end {
                    var all = vectors.mutableSpan
                    var row = all._mutatingExtracting(
                        (index * dimensions)..<((index + 1) * dimensions)
                    )
                    try store.readVector(ordinals[index], transaction, into: &row)
                }
            }
            next = end
        }
        return vectors
    }
}
