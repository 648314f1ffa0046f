import PalateFields
package import PalateIndex
package import PalateModel
import PalateStorage

/// Questions about fields that no vector is needed for.
package enum FieldQueries {
    /// Payloads read between looks at how large the answer has become: each may have a MiB.
    private static let payloadsPerRead = 64

    /// Counts the items that pass a filter, and how often each value is among them.
    ///
    /// - Parameters:
    ///   - request: its limits checked.
    ///   - collection: where to look.
    ///   - goOn: asked between pieces of work; throws what ends it early.
    /// - Returns: the counts.
    /// - Throws: `unknownField`, `fieldNotReady`, `wrongFieldType`.
    package static func count(
        _ request: CountRequest,
        in collection: Collection,
        goOn: () throws(RequestError) -> Void = {}
    ) throws(RequestError) -> CountResponse {
        var response = CountResponse()
        response.appliedVersion = collection.appliedVersion
        let matches = try collection.fields.matches(request.filter).rows
        response.count = UInt64(matches.count)
        try goOn()
        response.facets = try collection.fields.read { table throws(RequestError) in
            try request.facets.map { id throws(RequestError) in
                try goOn()
                let column = try table.column(id)
                guard let values = column.facet(matches) else {
                    let name = table.declarations.first { $0.id == id }?.name ?? ""
                    throw .wrongFieldType(
                        name: name,
                        got: "a facet",
                        expected: Swift.type(of: column).type.name
                    )
                }
                return values.prefix(request.facetLimit).map {
                    CountResponse.FacetValue(value: $0.value, count: UInt64($0.count))
                }
            }
        }
        return response
    }

    /// One page of the items that pass a filter.
    ///
    /// Every match is looked at for each page: some 10 ns a match without an order, which keeps a
    /// cursor a place among values rather than something the server has to remember.
    /// - Parameters:
    ///   - request: its limits checked.
    ///   - collection: where to look.
    ///   - bytesMax: of payloads.
    ///   - goOn: asked between pieces of work; throws what ends it early.
    /// - Returns: the page, and where the next one begins.
    /// - Throws: `unknownField`, `fieldNotReady`, `wrongFieldType`, `answerTooLarge`, and damage by
    ///   name.
    package static func scroll(
        _ request: ScrollRequest,
        in collection: Collection,
        bytesMax: Int,
        goOn: () throws(RequestError) -> Void = {}
    ) throws(RequestError) -> ScrollResponse {
        let reader = ReadEpochs.shared.makeReader()
        reader.enter()
        defer { reader.leave() }
        let matches = try collection.fields.matches(request.filter).rows
        try goOn()
        var page = try page(request, matches, in: collection)
        var response = ScrollResponse()
        if page.count > request.limit {
            page.removeLast()
            response.next = page.last.map { ScrollRequest.Cursor(item: $0.item, key: $0.key) }
        }
        response.ids = page.map(\.item)
        response.fields = try values(request.fields, of: page.map(\.row), in: collection)
        if request.wantsPayloads {
            response.payloads = try payloads(
                response.ids,
                in: collection,
                bytesMax: bytesMax,
                goOn: goOn
            )
        }
        return response
    }

    private struct Entry {
        var item: ItemID
        var key: Int64?
        var row: Ordinal
    }

    /// The first items behind the cursor, one more than the page has.
    private static func page(
        _ request: ScrollRequest,
        _ matches: RowSet,
        in collection: Collection
    ) throws(RequestError) -> [Entry] {
        var page = BoundedHeap<Entry>(limit: request.limit + 1) {
            comes($0, before: $1, descending: request.isDescending)
        }
        let cursor = request.after.map { Entry(item: $0.item, key: $0.key, row: 0) }
        try collection.fields.read { table throws(RequestError) in
            var column: (any Column)?
            if let order = request.order {
                let ordering = try table.column(order)
                guard Swift.type(of: ordering).type.hasOrder else {
                    let name = table.declarations.first { $0.id == order }?.name ?? ""
                    throw .wrongFieldType(
                        name: name,
                        got: "an order",
                        expected: Swift.type(of: ordering).type.name
                    )
                }
                column = ordering
            }
            matches.forEach { row in
                let entry = Entry(
                    item: collection.items[row],
                    key: column?.orderKey(of: row),
                    row: row
                )
                if let cursor {
                    guard comes(cursor, before: entry, descending: request.isDescending) else {
                        return
                    }
                }
                page.insert(entry)
            }
        }
        return page.sorted()
    }

    /// By key, items without one last; then by id.
    private static func comes(
        _ left: Entry,
        before right: Entry,
        descending isDescending: Bool
    ) -> Bool {
        switch (left.key, right.key) {
        case (let one?, let other?) where one != other: isDescending ? one > other : one < other
        case (.some, nil): true
        case (nil, .some): false
        case (nil, nil) where isDescending: left.item > right.item
        default: left.item < right.item
        }
    }

    /// The values of fields, shape [fields, rows].
    static func values(
        _ fields: [FieldID],
        of rows: [Ordinal],
        in collection: Collection
    ) throws(RequestError) -> [[FieldValue?]] {
        guard !fields.isEmpty else { return [] }
        return try collection.fields.read { table throws(RequestError) in
            try fields.map { id throws(RequestError) in
                let column = try table.column(id)
                return rows.map { column.value(of: $0) }
            }
        }
    }

    /// Reads payloads until all are there, or until they are more than an answer holds.
    private static func payloads(
        _ ids: [ItemID],
        in collection: Collection,
        bytesMax: Int,
        goOn: () throws(RequestError) -> Void
    ) throws(RequestError) -> [[UInt8]] {
        var payloads: [[UInt8]] = []
        var byteCount = 0
        for begin in stride(from: 0, to: ids.count, by: payloadsPerRead) {
            try goOn()
            let part = Array(ids[begin..<min(ids.count, begin + payloadsPerRead)])
            do throws(IndexError) {
                payloads += try collection.get(part, wantsVectors: false).payloads
            } catch {
                throw RequestError(error)
            }
            byteCount += payloads[begin...].reduce(0) { $0 + $1.count }
            guard byteCount <= bytesMax else {
                throw .answerTooLarge(got: byteCount, expected: bytesMax)
            }
        }
        return payloads
    }
}

extension FieldType {
    /// Whether values come in an order that means something.
    var hasOrder: Bool {
        switch self {
        case .integer, .float, .time, .bool: true
        case .keyword, .keywordSet, .geo: false
        }
    }
}
