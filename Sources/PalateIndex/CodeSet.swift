package import PalateGraph
package import PalateKernels
import PalateModel
package import PalateQuantization

/// A trained quantizer and the codes it made; a query keeps the one it started with.
package final class CodeSet: Sendable {
    /// Rows the first training may use at most; more change little.
    static let sampleRows = 20_000

    /// How vectors became codes, and finer ones.
    package let stack: CodeStack
    /// The codes, row by ordinal.
    package let rows: StackRows
    /// Float kernels of the level in use.
    package let kernels: KernelTable
    /// Of links, for searches that know them; nil = none are kept.
    package let sketches: LinkSketches?
    /// What sets of the same codes have in common.
    private let training: Training
    /// Rows that existed when the quantizer was trained.
    let trainedRows: Int

    /// One object a training.
    private final class Training: Sendable {}

    /// - Throws: `outOfAddressSpace`, or a kernel level that is not there.
    init(stack: CodeStack, trainedRows: Int, capacity: Int) throws(IndexError) {
        guard let rows = stack.makeRows(capacity: capacity) else {
            throw .outOfAddressSpace(bytes: stack.codeBytes * capacity)
        }
        do {
            kernels = try KernelTable.selected()
        } catch {
            throw .quantization(.kernels(error))
        }
        self.stack = stack
        self.rows = rows
        self.trainedRows = trainedRows
        sketches = nil
        training = Training()
    }

    /// The same codes with sketches.
    init(_ other: CodeSet, sketches: LinkSketches) {
        stack = other.stack
        rows = other.rows
        kernels = other.kernels
        trainedRows = other.trainedRows
        self.sketches = sketches
        training = other.training
    }

    /// Whether the two are the same codes, with sketches or without.
    func isSameCodes(as other: CodeSet?) -> Bool { training === other?.training }

    /// Bytes of a row: codes, and the sketches of its links.
    var rowBytes: Int { stack.codeBytes + (sketches?.bytesPerNode ?? 0) }

    /// Walks a graph of these rows, with sketches where there are any.
    ///
    /// - Parameters:
    ///   - graph: whose rows these are.
    ///   - vector: shape [dimensions].
    ///   - prepared: the same vector, prepared by the codes.
    ///   - links: scratch.
    ///   - beamWidth: ef.
    ///   - count: of candidates that are kept; 0 = the beam.
    ///   - scratch: receives the results.
    package func walk(
        _ graph: LiveGraph,
        for vector: Span<Float>,
        _ prepared: PreparedQuery,
        _ links: inout LinkQuery,
        beamWidth: Int,
        keeping count: Int,
        scratch: inout SearchScratch
    ) {
        let scorer = stack.makeScorer(prepared, over: rows)
        guard let sketches else {
            graph.search(scorer, beamWidth: beamWidth, keeping: count, scratch: &scratch)
            return
        }
        sketches.prepare(vector, as: prepared, into: &links)
        graph.search(
            sketches.makeScorer(scorer, links),
            beamWidth: beamWidth,
            keeping: count,
            scratch: &scratch
        )
    }

    /// Encodes row-major `vectors` into the rows from `first` on.
    func store(_ vectors: Span<Float>, from first: Ordinal) {
        stack.store(vectors, from: first, into: rows)
    }

    /// Encodes row-major `vectors` into the rows of `slots`.
    func store(_ vectors: Span<Float>, at slots: [Ordinal]) {
        let dimensions = stack.dimensions
        slots.forEachRun { start, length in
            let run = vectors.extracting((start * dimensions)..<((start + length) * dimensions))
            store(run, from: slots[start])
        }
    }

    /// Whether a collection of `rowCount` rows should train again: at eight times the rows of the
    /// last time, while the sample was smaller than it may be.
    func isOutgrown(by rowCount: Int) -> Bool {
        trainedRows < Self.sampleRows && rowCount >= 8 * trainedRows
    }
}
