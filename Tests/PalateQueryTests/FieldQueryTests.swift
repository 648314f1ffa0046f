import PalateFields
import PalateIndex
import PalateModel
import PalateQuery
import TestKit
import Testing

@Suite struct FieldQueryTests {
    @Test func `counts and facets are those of the matches`() throws {
        let filtered = try FilterFixture(count: 400)
        let brand = filtered.field("brand").id
        let request = CountRequest(
            handle: 1,
            filter: try filtered.filter("share < 0.5"),
            facets: [brand],
            facetLimit: 5
        )
        let counted = try FieldQueries.count(request, in: filtered.fixture.collection)
        let matches = (0..<400).filter { filtered.shares[$0] < 0.5 }
        #expect(counted.count == UInt64(matches.count))
        var counts: [String: UInt64] = [:]
        for row in matches { counts[filtered.brand(row), default: 0] += 1 }
        let facet = try #require(counted.facets.first)
        #expect(facet.count == min(5, counts.count))
        #expect(facet.map(\.count) == counts.values.sorted(by: >).prefix(5).map { $0 })
        for entry in facet {
            guard case .keyword(let text) = entry.value else { continue }
            #expect(counts[text] == entry.count)
        }
        #expect(throws: RequestError.self) {
            let share = filtered.field("share").id
            _ = try FieldQueries.count(
                CountRequest(handle: 1, filter: .all, facets: [share]),
                in: filtered.fixture.collection
            )
        }
    }

    @Test(arguments: [nil, "share", "cluster"] as [String?], [false, true])
    func `pages hold every match once, in order, while others are written and deleted`(
        order: String?,
        isDescending: Bool
    ) throws {
        let filtered = try FilterFixture(count: 300)
        let collection = filtered.fixture.collection
        var request = ScrollRequest(
            handle: 1,
            filter: try filtered.filter("share < 0.8"),
            order: order.map { filtered.field($0).id },
            isDescending: isDescending,
            limit: 17,
            fields: [filtered.field("brand").id],
            wantsPayloads: true
        )
        var seen: [Int] = []
        let gone = try #require((0..<300).last { filtered.shares[$0] < 0.8 })
        repeat {
            let page = try FieldQueries.scroll(
                request,
                in: collection,
                bytesMax: Limits.frameBytesMax
            )
            #expect(page.ids.count == 17 || page.next == nil)
            #expect(page.fields[0].count == page.ids.count)
            #expect(page.payloads.count == page.ids.count)
            seen += page.ids.map { Int($0) }
            request.after = page.next
            if seen.count == 17 {
                _ = try collection.writer.perform(.delete([ItemID(gone)]))
                let vector = [Float](repeating: 0, count: 12)
                let payload = Array("{\"share\": 0.9, \"cluster\": 1}".utf8)
                _ = try collection.writer.perform(
                    .upsert(RowBatch(ids: [7_000], vectors: vector, payloads: [payload]))
                )
            }
        } while request.after != nil
        let key: (Int) -> Double = { row in
            switch order {
            case "share": filtered.shares[row]
            case "cluster": Double(filtered.clusters[row])
            default: 0
            }
        }
        let expected = (0..<300)
            .filter { filtered.shares[$0] < 0.8 && ($0 != gone || seen.prefix(17).contains($0)) }
            .sorted { left, right in
                isDescending
                    ? (key(left), left) > (key(right), right)
                    : (key(left), left) < (key(right), right)
            }
        // Of equal keys ids rise, also where keys fall.
        let isStable = order == nil || !isDescending
        #expect(isStable ? seen == expected : Set(seen) == Set(expected))
        #expect(seen.count == expected.count)
    }
}
