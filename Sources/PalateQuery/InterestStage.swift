import PalateFields
import PalateIndex
import PalateModel
import PalateTaste

/// The interest term: how much a person cares for the values of a field that candidates have.
enum InterestStage {
    /// Liked items whose values count, the heaviest.
    private static let likedItems = 128

    /// The mean affinity to each candidate's values, 0 without any; shape [n].
    ///
    /// - Returns: nothing where the collection names no field.
    /// - Throws: `unknownField`, `wrongFieldType` where it names one that cannot be.
    static func values(
        _ state: PersonState,
        of candidates: [Hit],
        in collection: Collection
    ) throws(RequestError) -> [Float] {
        let field = FieldID(state.settings.interestField)
        guard field != 0 else { return [] }
        let liked = state.record.likedItems(
            now: state.now,
            limit: likedItems,
            settings: state.settings
        )
        return try collection.fields.read { table throws(RequestError) in
            let column = try table.column(field)
            let type = Swift.type(of: column).type
            guard type == .keyword || type == .keywordSet else {
                let name = table.declarations.first { $0.id == field }?.name ?? ""
                throw .wrongFieldType(name: name, got: "interests", expected: type.name)
            }
            var interests = ValueInterests(spread: state.settings.interestSpread)
            var numbers: [UInt32] = []
            for item in liked {
                guard let row = collection.directory.ordinal(of: item.item) else { continue }
                numbers.removeAll(keepingCapacity: true)
                column.appendKeywordNumbers(of: row, to: &numbers)
                for number in numbers {
                    interests.add(
                        column.keyword(number),
                        mass: item.score / Float(numbers.count)
                    )
                }
            }
            guard !interests.isEmpty else { return [] }
            var known: [UInt32: Float] = [:]
            return candidates.map { hit in
                numbers.removeAll(keepingCapacity: true)
                column.appendKeywordNumbers(of: hit.ordinal, to: &numbers)
                guard !numbers.isEmpty else { return 0 }
                var sum: Float = 0
                for number in numbers {
                    let affinity =
                        known[number] ?? interests.affinity(to: column.keyword(number))
                    known[number] = affinity
                    sum += affinity
                }
                return sum / Float(numbers.count)
            }
        }
    }
}
