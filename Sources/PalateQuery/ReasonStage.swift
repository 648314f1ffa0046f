import PalateIndex
import PalateKernels
import PalateModel
import PalateQuantization
import PalateTaste

/// Why results are there: computed for those that go out, where they are asked for.
struct ReasonStage {
    /// Liked items that a result is compared with, the heaviest.
    private static let likedItems = 128

    private let columns: CandidateColumns
    private let centres: TasteCentres
    private let unwanted: [UnwantedItem]
    private let walked: Set<ItemID>
    private let associated: Set<ItemID>
    private let boosted: Set<ItemID>
    private let isByVector: Bool
    private let liked: [(item: ItemID, unit: [Float])]
    private let codes: CodeSet?

    init(
        _ person: PersonSnapshot,
        _ centres: TasteCentres,
        _ query: ListQuery,
        _ request: SearchRequest,
        in collection: Collection,
        _ scratch: borrowing QueryScratch
    ) {
        columns = scratch.columns
        self.centres = centres
        // As the columns have them: those with a vector.
        unwanted = person.unwanted.filter { collection.directory.ordinal(of: $0.item) != nil }
        walked = Set(person.walked.map(\.item))
        associated = Set(person.associated.map(\.item))
        boosted = Set(request.boosts.map(\.item))
        isByVector = query.hasVector
        let codes = collection.codes
        self.codes = codes
        let heaviest =
            person.state.map {
                $0.record.likedItems(
                    now: $0.now,
                    limit: Self.likedItems,
                    settings: $0.settings
                )
            } ?? []
        liked = heaviest.compactMap { item in
            guard let codes, let ordinal = collection.directory.ordinal(of: item.item) else {
                return nil
            }
            return (item.item, codes.unitVector(of: ordinal))
        }
    }

    /// The reason of one result.
    func reason(of hit: RankedHit, item: ItemID) -> Reason {
        var reason = Reason()
        reason.propensity = hit.propensity
        reason.rules = hit.rules
        if boosted.contains(item) || hit.parts[.boost] != 0 { reason.rules.insert(.boosted) }
        if walked.contains(item) { reason.rules.insert(.foundByWalk) }
        if associated.contains(item) { reason.rules.insert(.foundByAssociation) }
        if isByVector {
            reason.rules.insert(.foundByQuery)
        } else if !walked.contains(item), !associated.contains(item) {
            reason.rules.insert(.foundByMedoid)
        }
        addCentre(hit, &reason)
        addRejected(hit, &reason)
        guard let codes, !liked.isEmpty else { return reason }
        let unit = codes.unitVector(of: hit.ordinal)
        for (item, other) in liked {
            let cosine = codes.kernels.innerProduct(unit.span, other.span)
            guard reason.liked == nil || cosine > reason.likedSimilarity else { continue }
            (reason.liked, reason.likedSimilarity) = (item, cosine)
        }
        return reason
    }

    private func addCentre(_ hit: RankedHit, _ reason: inout Reason) {
        guard hit.candidate < columns.count else { return }
        for centre in 0..<centres.count {
            let cosine = columns.medoidSimilarities[centre * columns.count + hit.candidate]
            guard let item = centres.items[centre],
                reason.medoid == nil || cosine > reason.medoidSimilarity
            else { continue }
            (reason.medoid, reason.medoidSimilarity) = (item, cosine)
        }
    }

    private func addRejected(_ hit: RankedHit, _ reason: inout Reason) {
        guard hit.candidate < columns.count else { return }
        for (index, unwanted) in unwanted.enumerated() where index < columns.negativeWeights.count {
            let cosine = columns.negativeSimilarities[index * columns.count + hit.candidate]
            if unwanted.isPurchase, cosine > unwanted.threshold { reason.rules.insert(.heldBack) }
            guard reason.rejected == nil || cosine > reason.rejectedSimilarity else { continue }
            (reason.rejected, reason.rejectedSimilarity) = (unwanted.item, cosine)
        }
    }
}
