import PalateIndex
import PalateModel
import PalateTaste

/// How like the candidates are to what a person wants, to what they do not, and to pairs of items.
enum CandidateCosines {
    /// Fills the columns that are made of cosines; a candidate's vector is read once for all.
    ///
    /// `rows` are the candidates', in the order of the columns.
    static func add(
        _ person: PersonSnapshot,
        _ centres: TasteCentres,
        _ rows: [Ordinal],
        _ codes: CodeSet,
        in collection: Collection,
        to columns: inout CandidateColumns
    ) {
        // Row-major: centres, then what is unwanted, then the better and the worse of each pair.
        var units = centres.units
        columns.medoidImportances = centres.importances
        for unwanted in person.unwanted {
            guard let ordinal = collection.directory.ordinal(of: unwanted.item) else { continue }
            columns.negativeWeights.append(unwanted.weight)
            columns.negativeThresholds.append(unwanted.threshold)
            units += codes.unitVector(of: ordinal)
        }
        var pairCount = 0
        for pair in person.pairs {
            guard let better = collection.directory.ordinal(of: pair.better),
                let worse = collection.directory.ordinal(of: pair.worse)
            else { continue }
            units += codes.unitVector(of: better) + codes.unitVector(of: worse)
            pairCount += 1
        }
        let (wanted, unwanted) = (centres.count, columns.negativeWeights.count)
        var cosines = [Float](
            repeating: 0,
            count: (wanted + unwanted + 2 * pairCount) * rows.count
        )
        var all = cosines.mutableSpan
        codes.cosines(of: units.span, to: rows.span, into: &all)
        let contextStart = (wanted + unwanted) * rows.count
        columns.medoidSimilarities = Array(cosines[..<(wanted * rows.count)])
        columns.negativeSimilarities = Array(cosines[(wanted * rows.count)..<contextStart])
        if !person.pairs.isEmpty {
            columns.contexts = contexts(cosines[contextStart...], rows.count)
        }
    }

    /// Sum over pairs of min(0, cosine to the better - cosine to the worse).
    ///
    /// 0 for a candidate on the right side of every pair (the loss of Qdrant's context search). Of
    /// cosines row-major [2 * pairs, count].
    private static func contexts(_ cosines: ArraySlice<Float>, _ count: Int) -> [Float] {
        var contexts = [Float](repeating: 0, count: count)
        for better in stride(from: cosines.startIndex, to: cosines.endIndex, by: 2 * max(count, 1))
        {
            for index in 0..<count {
                contexts[index] += min(
                    0,
                    cosines[better + index] - cosines[better + count + index]
                )
            }
        }
        return contexts
    }
}
