import Glibc
import PalateGraph
import PalateIndex
import PalateModel
import PalateQuantization
import TestKit
import Testing

/// A data directory with one collection of clustered vectors, whose ids are 1,000 + row.
struct IndexFixture {
    let temporary = TemporaryDirectory()
    let vectors: ClusteredVectors
    let schema: CollectionSchema

    init(count: Int, dimensions: Int = 16, metric: String = "l2", quantizer: String = "sq8") {
        var generator = SeededGenerator(seed: 7)
        vectors = ClusteredVectors(count: count, dimensions: dimensions, using: &generator)
        schema = CollectionSchema(
            name: "pins",
            dimensions: dimensions,
            metric: metric,
            quantizer: quantizer
        )
    }

    var path: String { temporary.path + "/data" }

    /// Opens the directory with maps small enough for a test machine.
    ///
    /// Without chores in quiet moments: nothing is written while files are copied.
    func open(
        path: String? = nil,
        generationMapBytes: Int = 1 << 28,
        tasteMapBytes: Int = 1 << 26,
        quietSeconds: Double = 3_600,
        _ configure: (inout DataDirectoryOptions) -> Void = { _ in }
    ) throws -> DataDirectory {
        var options = DataDirectoryOptions()
        options.generationMapBytes = generationMapBytes
        options.tasteMapBytes = tasteMapBytes
        options.buildThreads = 2
        options.quietSeconds = quietSeconds
        // However slow the machine is: tests say when a checkpoint is taken.
        options.tailSeconds = 3_600
        configure(&options)
        return try DataDirectory(path: path ?? self.path, options: options)
    }

    /// Opens the directory and makes the collection in it.
    func create(generationMapBytes: Int = 1 << 28) throws -> (DataDirectory, Collection) {
        let directory = try open(generationMapBytes: generationMapBytes)
        return (directory, try directory.create(schema))
    }

    /// A closed directory with something in every table: rows of a load behind `deleted` rows that
    /// are gone, and 30 events of five people.
    static func closed(rows: Int, behind deleted: Int) throws -> IndexFixture {
        let fixture = IndexFixture(count: rows + deleted)
        let (directory, collection) = try fixture.create()
        let filler = rows..<rows + deleted
        try write(.upsert(fixture.batch(filler)), to: collection)
        try write(.delete(filler.map(item)), to: collection)
        let begin = LoadBegin(handle: 1, loaderID: 3, epoch: 1)
        _ = try collection.writer.perform(
            .load(LoadData(begin: begin, sequence: 1, rows: fixture.batch(0..<rows)))
        )
        try tell(
            (0..<30).map {
                Event(
                    user: UserID($0 % 5),
                    item: IndexFixture.item($0 * 3),
                    type: .save,
                    timeMilliseconds: 1_000 + Int64($0)
                )
            },
            to: collection
        )
        try directory.close()
        return fixture
    }

    /// Opens the directory with its collection, closes it after `body`, and lets go of it.
    func use(path: String? = nil, _ body: (Collection) throws -> Void) throws {
        let directory = try open(path: path)
        try body(directory.create(schema))
        try directory.close()
    }

    /// What is damaged in the directory, once nobody has it open any more.
    func findings(path: String? = nil) throws -> [String] {
        try eventually { try Verification.run(path: path ?? self.path) }
            .findings.map(\.description)
    }

    static func item(_ row: Int) -> ItemID { ItemID(1_000 + row) }

    func batch(_ rows: Range<Int>) -> RowBatch {
        RowBatch(
            ids: rows.map(Self.item),
            vectors: rows.flatMap { Array(vectors[$0]) },
            payloads: rows.map { Self.payload($0) }
        )
    }

    static func payload(_ row: Int) -> [UInt8] {
        Array(#"{"title":"picture \#(row)","keywords":["garden","sea","cat"]}"#.utf8)
    }
}

/// Runs one operation and returns its receipt.
@discardableResult
func write(_ operation: WriteOperation, to collection: Collection) throws -> WriteReceipt {
    guard case .receipt(let receipt) = try collection.writer.perform(operation) else {
        throw RequestError.internalFailure(reason: "no receipt")
    }
    return receipt
}

/// Submits events and waits for their receipt.
@discardableResult
func tell(_ events: [Event], to collection: Collection) throws -> WriteReceipt {
    try waited { collection.taste.submit(events, completion: $0) }
}

/// Changes one setting of taste.
func set(_ name: String, _ value: Double, in collection: Collection) throws {
    let request = TasteNumbersRequest(
        handle: 1,
        scope: .settings,
        operation: .put,
        numbers: [NamedNumber(name, value)]
    )
    _ = try waited { collection.taste.numbers(request, now: 0, completion: $0) }
}

/// Items found by a beam that covers the graph, nearest first, by their codes.
func nearest(_ vector: [Float], in collection: Collection) -> [ItemID] {
    guard let codes = collection.codes, collection.graph.count > 0 else { return [] }
    var prepared = PreparedQuery()
    codes.stack.codes.prepare(vector.span, into: &prepared)
    var scratch = SearchScratch()
    collection.graph.search(
        codes.stack.makeScorer(prepared, over: codes.rows),
        beamWidth: min(collection.graph.count, Limits.beamWidth.upperBound),
        scratch: &scratch
    )
    return (0..<scratch.count).map { collection.items[scratch.hit($0).ordinal] }
}

/// Copies a tree of files, as a crash would leave them.
func copyTree(_ source: String, to target: String) throws {
    var status = stat()
    #expect(stat(source, &status) == 0)
    if status.st_mode & S_IFMT == S_IFDIR {
        mkdir(target, 0o755)
        for name in try listTree(source) {
            try copyTree("\(source)/\(name)", to: "\(target)/\(name)")
        }
    } else {
        try writeFile(target, try readFile(source))
    }
}

/// Names in a directory, sorted.
func listTree(_ path: String) throws -> [String] {
    let stream = try #require(opendir(path))
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
        let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
}

/// All bytes of a file.
func readFile(_ path: String) throws -> [UInt8] {
    let file = try #require(fopen(path, "r"))
    defer { fclose(file) }
    fseek(file, 0, SEEK_END)
    let count = ftell(file)
    rewind(file)
    return [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
        initialized = fread(buffer.baseAddress, 1, count, file)
    }
}

/// Replaces a file's bytes.
func writeFile(_ path: String, _ bytes: [UInt8]) throws {
    let file = try #require(fopen(path, "w"))
    defer { fclose(file) }
    #expect(fwrite(bytes, 1, bytes.count, file) == bytes.count)
}

/// Removes a tree of files.
func removeTree(_ path: String) throws {
    if unlink(path) == 0 { return }
    for name in try listTree(path) { try removeTree("\(path)/\(name)") }
    rmdir(path)
}
