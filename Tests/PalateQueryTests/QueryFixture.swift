import PalateIndex
import PalateModel
import PalateQuery
import TestKit
import Testing

/// A collection of clustered vectors with ids 0 ..< count, and short ways to ask it.
final class QueryFixture {
    static let now: Int64 = 1_800_000_000_000

    let vectors: ClusteredVectors
    let metric: String
    let directory: DataDirectory
    let collection: Collection
    private let temporary = TemporaryDirectory()
    private var scratch = QueryScratch()

    // `stored` rows are written at once; nil = all.
    init(
        count: Int,
        dimensions: Int = 12,
        metric: String = "cosine",
        quantizer: String = "sq8",
        hasPayloads: Bool = false,
        stored: Int? = nil,
        _ configure: (inout DataDirectoryOptions) -> Void = { _ in }
    ) throws {
        var generator = SeededGenerator(seed: 11)
        vectors = ClusteredVectors(count: count, dimensions: dimensions, using: &generator)
        self.metric = metric
        var options = DataDirectoryOptions()
        options.generationMapBytes = 1 << 28
        options.tasteMapBytes = 1 << 26
        configure(&options)
        directory = try DataDirectory(path: temporary.path + "/data", options: options)
        collection = try directory.create(
            CollectionSchema(
                name: "pins",
                dimensions: dimensions,
                metric: metric,
                quantizer: quantizer
            )
        )
        let first = stored ?? count
        if first > 0 { try upsert(0..<first, hasPayloads: hasPayloads) }
    }

    /// Writes rows of the fixture.
    func upsert(_ rows: Range<Int>, hasPayloads: Bool = false) throws {
        _ = try collection.writer.perform(
            .upsert(
                RowBatch(
                    ids: rows.map(ItemID.init),
                    vectors: rows.flatMap { Array(vectors[$0]) },
                    payloads: hasPayloads ? rows.map { Self.payload(ItemID($0)) } : []
                )
            )
        )
    }

    deinit { try? directory.close() }

    static func payload(_ item: ItemID) -> [UInt8] { Array("payload of \(item)".utf8) }

    /// A request that starts from rows of the fixture.
    func request(_ rows: [Int], k: Int) -> SearchRequest {
        SearchRequest(
            handle: collection.info.handle,
            source: .vectors(rows.flatMap { Array(vectors[$0]) }, count: rows.count),
            k: k
        )
    }

    func request(_ source: QuerySource, k: Int) -> SearchRequest {
        SearchRequest(handle: collection.info.handle, source: source, k: k)
    }

    // `isScan` nil leaves it to the planner, which would scan fixtures this small.
    func answer(
        _ request: SearchRequest,
        isScan: Bool? = false,
        deadline: Deadline? = nil
    ) throws -> SearchResponse {
        var plan = try Planner.plan(request, for: collection)
        if let isScan { plan.isScan = isScan }
        return try Pipeline.answer(
            request,
            plan: plan,
            in: collection,
            now: Self.now,
            deadline: deadline,
            scratch: &scratch
        )
    }

    /// Stores events and waits for them; `ago` in hours.
    func tell(_ user: UserID, _ type: EventType, _ items: [ItemID], ago: Int64 = 1) throws {
        let events = items.map {
            Event(
                user: user,
                item: $0,
                type: type,
                timeMilliseconds: Self.now - ago * 3_600_000
            )
        }
        _ = try waited { collection.taste.submit(events, completion: $0) }
    }

    /// Mean distance 1 - cosine over all pairs.
    func spread(of items: [ItemID]) -> Double {
        var sum = 0.0
        var pairs = 0
        for (position, item) in items.enumerated() {
            for other in items[..<position] {
                sum += BruteForce.distance("cosine", vectors[Int(item)], vectors[Int(other)])
                pairs += 1
            }
        }
        return pairs > 0 ? sum / Double(pairs) : 0
    }
}

extension SearchResponse {
    /// The ids of one list.
    func list(_ index: Int) -> [ItemID] {
        Array(ids[Int(offsets[index])..<Int(offsets[index + 1])])
    }
}
