import PalateKernels
package import PalateModel
import PalateQuantization

/// Cosines between items from their codes: near enough to decide about clusters, and in memory.
struct CodeSimilarity: ItemSimilarity {
    let directory: ItemDirectory
    let state: CollectionState

    init(directory: ItemDirectory, state: CollectionState) {
        self.directory = directory
        self.state = state
    }

    func cosines(
        of item: ItemID,
        to others: [ItemID],
        into similarities: inout [Float]
    ) -> Bool {
        similarities.removeAll(keepingCapacity: true)
        // The rows that the directory names stay theirs until both are compared; a reader of this
        // call's own, for queries and the store's queue ask at the same time.
        let reader = ReadEpochs.shared.makeReader()
        reader.enter()
        defer { reader.leave() }
        guard let codes = state.codes, let ordinal = directory.ordinal(of: item) else {
            return false
        }
        let vector = codes.unitVector(of: ordinal)
        for other in directory.ordinals(of: others) {
            guard other != Ordinal.max else {
                similarities.append(0)
                continue
            }
            let compared = codes.unitVector(of: other)
            similarities.append(
                codes.kernels.innerProduct(vector.span, compared.span)
            )
        }
        return true
    }
}

extension CodeSimilarity {
    func pairs(of items: [ItemID]) -> (items: [ItemID], cosines: [Float]) {
        let reader = ReadEpochs.shared.makeReader()
        reader.enter()
        defer { reader.leave() }
        guard let codes = state.codes else { return ([], []) }
        var known: [ItemID] = []
        var vectors: [Float] = []
        for (item, ordinal) in zip(items, directory.ordinals(of: items)) where ordinal != .max {
            known.append(item)
            vectors += codes.unitVector(of: ordinal)
        }
        var cosines = [Float](repeating: 0, count: known.count * known.count)
        guard !known.isEmpty else { return (known, cosines) }
        var products = cosines.mutableSpan
        Matrix.innerProducts(
            left: vectors.span,
            leftCount: known.count,
            right: vectors.span,
            rightCount: known.count,
            dimensions: codes.stack.dimensions,
            into: &products
        )
        return (known, cosines)
    }
}

extension CodeSet {
    /// The decoded vector of a row, scaled to unit length; zero stays zero.
    package func unitVector(of ordinal: Ordinal) -> [Float] {
        var vector = [Float](repeating: 0, count: stack.dimensions)
        var span = vector.mutableSpan
        decodeUnit(ordinal, into: &span)
        return vector
    }

    /// Writes the decoded vector of a row, scaled to unit length; zero stays zero.
    ///
    /// - Parameters:
    ///   - ordinal: a stored row.
    ///   - vector: shape [dimensions].
    package func decodeUnit(_ ordinal: Ordinal, into vector: inout MutableSpan<Float>) {
        let scale = decode(ordinal, into: &vector)
        for index in vector.indices { vector[index] *= scale }
    }

    /// Writes the cosines of a few vectors to many rows.
    ///
    /// A row is decoded once and compared with all vectors while it is in the cache, the next ones
    /// on their way there; it is not kept.
    ///
    /// - Parameters:
    ///   - units: of unit length, row-major [m, dimensions].
    ///   - ordinals: shape [n], stored rows.
    ///   - cosines: row-major [m, n]; 0 to a row of zeros.
    package func cosines(
        of units: Span<Float>,
        to ordinals: Span<Ordinal>,
        into cosines: inout MutableSpan<Float>
    ) {
        let (dimensions, count) = (stack.dimensions, ordinals.count)
        let unitCount = units.count / dimensions
        var block = [Float](repeating: 0, count: Self.rowsCompared * dimensions)
        var scales = [Float](repeating: 1, count: Self.rowsCompared)
        var table = [Float](repeating: 0, count: Self.rowsCompared * unitCount)
        for first in stride(from: 0, to: count, by: Self.rowsCompared) {
            let rowCount = min(Self.rowsCompared, count - first)
            var rows = block.mutableSpan
            for row in 0..<rowCount {
                if first + rowCount + row < count {
                    stack.prefetch(ordinals[first + rowCount + row], of: self.rows)
                }
                var vector = rows._mutatingExtracting(row * dimensions..<(row + 1) * dimensions)
                scales[row] = decode(ordinals[first + row], into: &vector)
            }
            var products = table.mutableSpan
            kernels.innerProducts(
                left: block.span.extracting(0..<rowCount * dimensions),
                right: units,
                dimensions: dimensions,
                into: &products
            )
            for unit in 0..<unitCount {
                for row in 0..<rowCount {
                    cosines[unit * count + first + row] =
                        products[row * unitCount + unit] * scales[row]
                }
            }
        }
    }

    /// Rows compared side by side: a few stay in the innermost cache with the vectors.
    private static var rowsCompared: Int { 4 }

    /// Writes the decoded vector of a row as it is.
    ///
    /// - Returns: what brings it to unit length; 1 where it is zero.
    private func decode(_ ordinal: Ordinal, into vector: inout MutableSpan<Float>) -> Float {
        stack.decode(ordinal, of: rows, into: &vector)
        let squares = kernels.innerProduct(vector.span, vector.span)
        return squares > 0 ? 1 / squares.squareRoot() : 1
    }
}
