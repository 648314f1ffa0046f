import Glibc

/// Writes NumPy .npy files.
enum NumpyWriter {
    /// Writes int32 values, row-major, shape [values.count / columns, columns].
    static func write(_ values: [Int32], columns: Int, to path: String) throws(FileError) {
        let rows = values.count / columns
        let dictionary =
            "{'descr': '<i4', 'fortran_order': False, 'shape': (\(rows), \(columns)), }"
        // The format wants the data to start at a multiple of 64, and a newline before it.
        let unpadded = 10 + dictionary.utf8.count + 1
        let padding = (64 - unpadded % 64) % 64
        let text = dictionary + String(repeating: " ", count: padding) + "\n"
        let length = UInt16(text.utf8.count)
        var bytes: [UInt8] = [0x93] + Array("NUMPY".utf8) + [1, 0]
        bytes += [UInt8(truncatingIfNeeded: length), UInt8(truncatingIfNeeded: length >> 8)]
        bytes += Array(text.utf8)
        values.withUnsafeBytes { bytes.append(contentsOf: $0) }
        guard let file = fopen(path, "w") else {
            throw .unwritable(path: path, reason: lastFailure())
        }
        let written = fwrite(bytes, 1, bytes.count, file)
        guard fclose(file) == 0, written == bytes.count else {
            throw .unwritable(path: path, reason: lastFailure())
        }
    }
}
