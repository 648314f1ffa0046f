import PalateIndex
import PalateModel
import PalateQuantization
import PalateStorage

/// The exact neighbours of some rows of a generation, found by reading the stored vectors of all.
struct ExactScan {
    /// Rows read in one transaction.
    private static let rowsPerRead = 1_024

    /// The rows whose neighbours were sought; those with a damaged vector are left out.
    private(set) var queries: [Ordinal] = []
    /// Per query, nearest first, without itself.
    private(set) var nearest: [[Hit]] = []
    /// Rows whose stored vector cannot be read.
    private(set) var damagedRows = 0
    private var scorers: [ExactQuery] = []
    private let collection: Collection

    /// Reads every row of `ordinals`.
    init(
        of queries: [Ordinal],
        among ordinals: [Ordinal],
        k: Int,
        in collection: Collection
    ) throws(RequestError) {
        self.collection = collection
        do throws(QuantizationError) {
            let scorer = try ExactQuery(metric: collection.metric)
            for query in queries {
                guard let vector = Self.vector(of: query, in: collection) else { continue }
                var prepared = scorer
                prepared.prepare(vector.span)
                self.queries.append(query)
                scorers.append(prepared)
            }
        } catch {
            throw RequestError(.quantization(error))
        }
        nearest = Array(repeating: [], count: self.queries.count)
        for first in stride(from: 0, to: ordinals.count, by: Self.rowsPerRead) {
            let part = ordinals[first..<min(first + Self.rowsPerRead, ordinals.count)]
            do throws(IndexError) {
                try read(part, k: k)
            } catch {
                throw RequestError(error)
            }
        }
    }

    /// The distance from a query to a row; infinite where the row cannot be read.
    func distance(from query: Int, to ordinal: Ordinal) -> Float {
        guard ordinal != Ordinal.max, let row = Self.vector(of: ordinal, in: collection) else {
            return .infinity
        }
        return scorers[query].distance(to: row.span)
    }

    /// One of the queries, drawn by a number; now and then `query` itself.
    func drawnQuery(for query: Int, draw: Int) -> Ordinal {
        let drawn = SplitMix64.number(UInt64(draw), seed: UInt64(query))
        return queries[Int(drawn % UInt64(queries.count))]
    }

    private mutating func read(_ ordinals: ArraySlice<Ordinal>, k: Int) throws(IndexError) {
        var row = [Float](repeating: 0, count: collection.info.schema.dimensions)
        let store = collection.store
        try store.environment.read(failingWith: IndexError.self) {
            transaction throws(IndexError) in
            for ordinal in ordinals {
                do throws(IndexError) {
                    var span = row.mutableSpan
                    try store.readVector(ordinal, transaction, into: &span)
                } catch {
                    damagedRows += 1
                    continue
                }
                for query in queries.indices where queries[query] != ordinal {
                    let distance = scorers[query].distance(to: row.span)
                    offer(Hit(ordinal: ordinal, distance: distance), to: query, k: k)
                }
            }
        }
    }

    private mutating func offer(_ hit: Hit, to query: Int, k: Int) {
        let count = nearest[query].count
        if count == k {
            guard hit.distance < nearest[query][count - 1].distance else { return }
            nearest[query].removeLast()
        }
        let position =
            nearest[query].firstIndex { $0.distance > hit.distance } ?? nearest[query].count
        nearest[query].insert(hit, at: position)
    }

    private static func vector(of ordinal: Ordinal, in collection: Collection) -> [Float]? {
        var vector = [Float](repeating: 0, count: collection.info.schema.dimensions)
        do throws(IndexError) {
            try collection.store.environment.read(failingWith: IndexError.self) {
                transaction throws(IndexError) in
                var span = vector.mutableSpan
                try collection.store.readVector(ordinal, transaction, into: &span)
            }
            return vector
        } catch {
            return nil
        }
    }
}
