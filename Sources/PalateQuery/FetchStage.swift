import PalateIndex
import PalateModel
import PalateStorage

/// Step 6: the slate to columns of the response.
enum FetchStage {
    /// Appends the first k of the scratch's slate.
    ///
    /// - Parameters:
    ///   - plan: k, and what to fetch.
    ///   - reasons: why results are there, where that was asked for.
    ///   - isSteady: no write was under way from before the search until `transaction` began; else
    ///     a result's payload may have moved to a newer row of its item, or be gone with it.
    ///   - collection: where the slate is from.
    ///   - transaction: begun after the search.
    ///   - scratch: holds the slate.
    ///   - response: gets one list more.
    /// - Throws: damage met while payloads were read; `answerTooLarge` before they fill memory.
    static func append(
        _ plan: QueryPlan,
        reasons: ReasonStage?,
        isSteady: Bool,
        in collection: Collection,
        _ transaction: borrowing ReadTransaction,
        _ scratch: inout QueryScratch,
        to response: inout SearchResponse
    ) throws(IndexError) {
        var count = 0
        var rows: [Ordinal] = []
        for hit in scratch.slate where count < plan.k {
            let item = collection.items[hit.ordinal]
            if plan.parts.contains(.payload) {
                var row: Ordinal? = hit.ordinal
                if !isSteady { row = try collection.store.ordinal(of: item, transaction) }
                guard let row else { continue }
                let payload = try collection.payload(of: row, transaction) ?? []
                scratch.payloadBytes += payload.count
                guard scratch.payloadBytes <= Limits.frameBytesMax else {
                    throw .request(
                        .answerTooLarge(
                            got: scratch.payloadBytes,
                            expected: Limits.frameBytesMax
                        )
                    )
                }
                response.payloads.append(payload)
            }
            response.ids.append(item)
            if !plan.fields.isEmpty { rows.append(hit.ordinal) }
            response.scores.append(hit.parts.total)
            if plan.parts.contains(.scoreParts) { response.scoreParts.append(hit.parts) }
            if let reasons { response.reasons.append(reasons.reason(of: hit, item: item)) }
            count += 1
        }
        response.offsets.append(UInt32(response.ids.count))
        do throws(RequestError) {
            let values = try FieldQueries.values(plan.fields, of: rows, in: collection)
            for (field, column) in values.enumerated() {
                if response.fields.count <= field { response.fields.append([]) }
                response.fields[field] += column
            }
        } catch {
            throw .request(error)
        }
        response.visitedCount += UInt64(scratch.visitedCount)
        scratch.visitedCount = 0
    }
}
