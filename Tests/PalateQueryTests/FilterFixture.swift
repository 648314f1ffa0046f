import PalateFields
import PalateIndex
import PalateModel
import PalateQuery
import TestKit
import Testing

/// Clustered vectors with fields: `share` spread evenly over 0 ..< 1, `cluster` the number of the
/// part of space, `brand` of 20, `added` in hours before now.
final class FilterFixture {
    let fixture: QueryFixture
    let count: Int
    private(set) var shares: [Double] = []
    private(set) var clusters: [Int] = []

    init(count: Int, dimensions: Int = 12, quantizer: String = "sq8") throws {
        self.count = count
        fixture = try QueryFixture(
            count: 0,
            dimensions: dimensions,
            metric: "l2",
            quantizer: quantizer
        )
        var generator = SeededGenerator(seed: 11)
        vectors = ClusteredVectors(count: count, dimensions: dimensions, using: &generator)
        shares = (0..<count).map { _ in Double.random(in: 0..<1, using: &generator) }
        let anchors = (0..<8).map { _ in Int.random(in: 0..<count, using: &generator) }
        clusters = (0..<count).map { row in
            anchors.indices.min { distance(row, anchors[$0]) < distance(row, anchors[$1]) } ?? 0
        }
        _ = try fixture.collection.writer.perform(
            .declareFields([
                FieldDeclaration("share", .float), FieldDeclaration("cluster", .integer),
                FieldDeclaration("brand", .keyword), FieldDeclaration("added", .time),
            ])
        )
        let payloads = (0..<count).map { row in
            let added = QueryFixture.now - Int64(row) * 3_600_000
            return Array(
                """
                {"share": \(shares[row]), "cluster": \(clusters[row]), \
                "brand": "b\(row * row % 20)", "added": \(added)}
                """.utf8
            )
        }
        _ = try fixture.collection.writer.perform(
            .upsert(
                RowBatch(
                    ids: (0..<count).map(ItemID.init),
                    vectors: vectors.values,
                    payloads: payloads
                )
            )
        )
    }

    let vectors: ClusteredVectors

    func brand(_ row: Int) -> String { "b\(row * row % 20)" }

    private func distance(_ left: Int, _ right: Int) -> Double {
        BruteForce.distance("l2", vectors[left], vectors[right])
    }

    func filter(_ text: String) throws -> Filter {
        try FilterExpression.parse(text, fields: fixture.collection.fields.declarations)
    }

    func field(_ name: String) -> FieldDeclaration {
        fixture.collection.fields.declarations.first { $0.name == name }
            ?? FieldDeclaration(name, .bool)
    }

    func request(_ row: Int, k: Int, _ filter: String? = nil) throws -> SearchRequest {
        var request = SearchRequest(
            handle: fixture.collection.info.handle,
            source: .vectors(Array(vectors[row]), count: 1),
            k: k
        )
        request.filter = try filter.map { try self.filter($0) }
        return request
    }

    /// The exact answer.
    func nearest(_ k: Int, to row: Int, where holds: (Int) -> Bool) -> [Int] {
        BruteForce.nearest(k, to: vectors[row], in: vectors, metric: "l2", where: holds)
    }
}
