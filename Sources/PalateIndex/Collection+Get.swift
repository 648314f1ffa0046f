package import PalateModel
import PalateStorage

extension Collection {
    /// Items by id, in the order asked, from one snapshot.
    package func get(_ ids: [ItemID], wantsVectors: Bool) throws(IndexError) -> GetResponse {
        let dimensions = info.schema.dimensions
        return try store.environment.read(failingWith: IndexError.self) {
            transaction throws(IndexError) in
            var response = GetResponse()
            if wantsVectors {
                response.vectors = [Float](repeating: 0, count: ids.count * dimensions)
            }
            for (index, item) in ids.enumerated() {
                guard let ordinal = try store.ordinal(of: item, transaction) else {
                    response.found.append(false)
                    response.versions.append(0)
                    response.payloads.append([])
                    continue
                }
                let record = try store.row(ordinal, transaction)
                guard record.item == item, !record.isDeleted else {
                    throw IndexError.corrupt(
                        place: Sealed.place("ids", Format.key(item)),
                        reason: "row \(ordinal) is of item \(record.item) or deleted"
                    )
                }
                response.found.append(true)
                response.versions.append(record.version)
                response.payloads.append(
                    try payloads.payload(of: record, at: ordinal, store, transaction) ?? []
                )
                guard wantsVectors else { continue }
                var all = response.vectors.mutableSpan
                var row = all._mutatingExtracting(
                    (index * dimensions)..<((index + 1) * dimensions)
                )
                try store.readVector(ordinal, transaction, into: &row)
                try record.check(row.span, at: ordinal)
            }
            return response
        }
    }
}
