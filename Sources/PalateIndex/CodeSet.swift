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
    /// Rows that existed when the quantizer was trained.
    let trainedRows: Int

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
