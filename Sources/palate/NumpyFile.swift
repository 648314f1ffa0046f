import PalateKernels

/// A NumPy .npy array of one or two dimensions, row-major, mapped and converted row by row.
struct NumpyFile: Sendable {
    /// Element types that are read.
    enum Element: String, CaseIterable {
        case float32 = "<f4"
        case float16 = "<f2"
        case uint8 = "|u1"
        case int8 = "|i1"
        case int32 = "<i4"
        case int64 = "<i8"
        case uint64 = "<u8"

        var byteCount: Int {
            switch self {
            case .uint8, .int8: 1
            case .float16: 2
            case .float32, .int32: 4
            case .int64, .uint64: 8
            }
        }
    }

    let path: String
    let element: Element
    /// Rows.
    let count: Int
    /// Elements per row; 1 for a one-dimensional array.
    let columns: Int
    private let file: MappedFile
    private let start: Int
    /// Rows in the file: more than `count` in a sample.
    private let storedCount: Int

    /// Maps the file and checks that its size is what its header says.
    init(path: String) throws(FileError) {
        self.path = path
        file = try MappedFile(path: path)
        let header = try Self.header(file.bytes, path: path)
        let type = try Self.field("descr", in: header.text, path: path)
        let quoted = type.drop { $0 != "'" }.dropFirst().prefix { $0 != "'" }
        guard let element = Element(rawValue: String(quoted)) else {
            let known = Element.allCases.map(\.rawValue).joined(separator: ", ")
            throw .badFormat(path: path, reason: "element type \(quoted), expected \(known)")
        }
        guard try Self.field("fortran_order", in: header.text, path: path).hasPrefix("False") else {
            throw .badFormat(path: path, reason: "Fortran order, expected C order")
        }
        let shape = try Self.shape(header.text, path: path)
        self.element = element
        count = shape[0]
        columns = shape.count == 2 ? shape[1] : 1
        start = header.end
        storedCount = count
        let expected = start + count * columns * element.byteCount
        guard file.bytes.count == expected else {
            throw .badFormat(
                path: path,
                reason: "\(file.bytes.count) bytes, expected \(expected)"
            )
        }
    }

    /// So many of the rows, spread evenly over the file; all where it has no more.
    func sample(_ rows: Int) -> NumpyFile { NumpyFile(self, count: min(rows, count)) }

    private init(_ whole: NumpyFile, count: Int) {
        path = whole.path
        element = whole.element
        columns = whole.columns
        file = whole.file
        start = whole.start
        storedCount = whole.storedCount
        self.count = count
    }

    /// Where a row of a sample is in the file.
    private func storedRow(_ row: Int) -> Int {
        count == storedCount ? row : row * storedCount / count
    }

    /// Rows as floats, row-major.
    func floats(_ rows: Range<Int>) -> [Float] {
        floats(count: rows.count) { rows.lowerBound + $0 }
    }

    /// So many rows as floats, row-major, each of the number that `row` gives for its position.
    func floats(count rows: Int, _ row: (Int) -> Int) -> [Float] {
        [Float](unsafeUninitializedCapacity: rows * columns) { target, initialised in
            for position in 0..<rows {
                let place = position * columns..<(position + 1) * columns
                fill(UnsafeMutableBufferPointer(rebasing: target[place]), from: row(position))
            }
            initialised = rows * columns
        }
    }

    /// Writes a row as floats, shape [columns].
    func read(_ row: Int, into vector: inout MutableSpan<Float>) {
        precondition(vector.count == columns, "no room for the row")
        vector.withUnsafeMutableBufferPointer { fill($0, from: row) }
    }

    private func fill(_ target: UnsafeMutableBufferPointer<Float>, from row: Int) {
        precondition(row >= 0 && row < count, "no such row")
        let first = storedRow(row) * columns
        switch element {
        case .float32: UnsafeMutableRawBufferPointer(target).copyMemory(from: bytes(first))
        case .float16:
            // The compiler's conversion calls a function for each number.
            var vector = target.mutableSpan
            let halves = bytes(first).bytes
            KernelTable.best.decodeHalves(halves, by: 1, .binary16, into: &vector)
        case .uint8: fill(target, from: first, UInt8.self) { Float($0) }
        case .int8: fill(target, from: first, Int8.self) { Float($0) }
        case .int32: fill(target, from: first, Int32.self) { Float($0) }
        case .int64: fill(target, from: first, Int64.self) { Float($0) }
        case .uint64: fill(target, from: first, UInt64.self) { Float($0) }
        }
    }

    /// A row's bytes, from its first element on.
    private func bytes(_ first: Int) -> UnsafeRawBufferPointer {
        let begin = start + first * element.byteCount
        return UnsafeRawBufferPointer(
            rebasing: file.bytes[begin..<begin + columns * element.byteCount]
        )
    }

    /// All rows as floats.
    var floats: [Float] { floats(0..<count) }

    /// All elements as integers.
    ///
    /// - Throws: where the file holds floating-point numbers.
    func integers() throws(FileError) -> [Int] {
        let places = (0..<count).lazy.flatMap { row in
            let first = storedRow(row) * columns
            return first..<first + columns
        }
        switch element {
        case .int32: return places.map { Int(load($0, Int32.self)) }
        case .int64: return places.map { Int(load($0, Int64.self)) }
        case .uint64: return places.map { Int(bitPattern: UInt(load($0, UInt64.self))) }
        case .uint8: return places.map { Int(load($0, UInt8.self)) }
        case .int8: return places.map { Int(load($0, Int8.self)) }
        case .float32, .float16:
            throw .badFormat(path: path, reason: "holds \(element.rawValue), expected integers")
        }
    }

    private func load<T: BitwiseCopyable>(_ index: Int, _ type: T.Type) -> T {
        file.bytes.loadUnaligned(fromByteOffset: start + index * element.byteCount, as: type)
    }

    private func fill<T: BitwiseCopyable>(
        _ target: UnsafeMutableBufferPointer<Float>,
        from first: Int,
        _ type: T.Type,
        _ convert: (T) -> Float
    ) {
        for index in 0..<columns { target[index] = convert(load(first + index, type)) }
    }

    private static func header(
        _ bytes: UnsafeRawBufferPointer,
        path: String
    ) throws(FileError) -> (text: String, end: Int) {
        guard bytes.count >= 12, bytes.prefix(6).elementsEqual([0x93] + Array("NUMPY".utf8)) else {
            throw .badFormat(path: path, reason: "not a NumPy .npy file")
        }
        let isShort = bytes[6] == 1
        let length =
            isShort
            ? Int(bytes.loadUnaligned(fromByteOffset: 8, as: UInt16.self))
            : Int(bytes.loadUnaligned(fromByteOffset: 8, as: UInt32.self))
        let begin = isShort ? 10 : 12
        guard begin + length <= bytes.count else {
            throw .badFormat(path: path, reason: "the header ends beyond the file")
        }
        return (String(decoding: bytes[begin..<begin + length], as: UTF8.self), begin + length)
    }

    /// The text behind `'name':`.
    private static func field(
        _ name: String,
        in text: String,
        path: String
    ) throws(FileError) -> Substring {
        guard let range = text.firstRange(of: "'\(name)':") else {
            throw .badFormat(path: path, reason: "the header has no \(name)")
        }
        return text[range.upperBound...].drop { $0 == " " }
    }

    private static func shape(_ text: String, path: String) throws(FileError) -> [Int] {
        let inside = try field("shape", in: text, path: path).dropFirst().prefix { $0 != ")" }
        let numbers = inside.split(separator: ",").compactMap { part in
            Int(part.filter { $0 != " " })
        }
        guard (1...2).contains(numbers.count) else {
            throw .badFormat(
                path: path,
                reason: "\(numbers.count) dimensions, expected 1 or 2"
            )
        }
        return numbers
    }
}
