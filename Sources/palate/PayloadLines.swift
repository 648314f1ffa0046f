/// A file of payloads, one line per row.
struct PayloadLines {
    private let file: MappedFile
    private var starts: [Int] = [0]

    /// Maps the file and finds its lines.
    init(path: String, count: Int) throws(FileError) {
        file = try MappedFile(path: path)
        for (offset, byte) in file.bytes.enumerated() where byte == UInt8(ascii: "\n") {
            starts.append(offset + 1)
        }
        if starts.last != file.bytes.count { starts.append(file.bytes.count + 1) }
        guard starts.count - 1 == count else {
            throw .badFormat(path: path, reason: "\(starts.count - 1) lines, expected \(count)")
        }
    }

    /// The bytes of some lines, without their newlines.
    func lines(_ rows: Range<Int>) -> [[UInt8]] {
        rows.map { row in Array(file.bytes[starts[row]..<starts[row + 1] - 1]) }
    }
}
