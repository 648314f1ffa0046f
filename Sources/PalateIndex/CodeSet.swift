package import PalateKernels
import PalateModel
package import PalateQuantization

/// A trained quantizer and the codes it made; a query keeps the one it started with.
package final class CodeSet: Sendable {
    /// Rows the first training may use at most; more change little.
    static let sampleRows = 20_000

    /// How vectors became codes.
    package let quantizer: any Quantizer
    /// The codes, row by ordinal.
    package let rows: CodeRows
    /// Float kernels of the level in use.
    package let kernels: KernelTable
    /// Rows that existed when the quantizer was trained.
    let trainedRows: Int

    /// - Throws: `outOfAddressSpace`, or a kernel level that is not there.
    init(quantizer: any Quantizer, trainedRows: Int, capacity: Int) throws(IndexError) {
        guard let rows = CodeRows(codeBytes: quantizer.codeBytes, capacity: capacity) else {
            throw .outOfAddressSpace(bytes: quantizer.codeBytes * capacity)
        }
        do {
            kernels = try KernelTable.selected()
        } catch {
            throw .quantization(.kernels(error))
        }
        self.quantizer = quantizer
        self.rows = rows
        self.trainedRows = trainedRows
    }

    /// Encodes row-major `vectors` into the rows from `first` on.
    func store(_ vectors: Span<Float>, from first: Ordinal) {
        quantizer.store(vectors, from: first, into: rows)
    }

    /// Whether a collection of `rowCount` rows should train again: at eight times the rows of the
    /// last time, while the sample was smaller than it may be.
    func isOutgrown(by rowCount: Int) -> Bool {
        trainedRows < Self.sampleRows && rowCount >= 8 * trainedRows
    }
}
