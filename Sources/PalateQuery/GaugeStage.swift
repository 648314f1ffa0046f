import PalateIndex
import PalateKernels
import PalateModel
import PalateTaste

/// What a list tells the collection's gauges.
enum GaugeStage {
    /// Notes that a list was made for somebody as they are; looks at one in `SlateGauges.sample`.
    ///
    /// Sandboxes, the past and what-ifs leave no trace.
    static func note(
        _ plan: QueryPlan,
        _ request: SearchRequest,
        in collection: Collection,
        _ slate: [RankedHit]
    ) {
        guard let taste = plan.taste, request.person?.derivesRecord != true else { return }
        let isSampled = collection.taste.noteServed(taste.user, by: taste.profile, now: plan.now)
        guard isSampled, let codes = collection.codes, slate.count > 1 else { return }
        let shown = slate.prefix(min(plan.k, SlateGauges.resultsMax))
        let units = shown.map { codes.unitVector(of: $0.ordinal) }
        var distance: Float = 0
        for (place, unit) in units.enumerated() {
            for other in units[..<place] {
                distance += 1 - codes.kernels.innerProduct(unit.span, other.span)
            }
        }
        let pairs = Float(units.count * (units.count - 1) / 2)
        let popularities = collection.taste.read { graph in
            shown.map { graph.popularity(of: collection.items[$0.ordinal]) }
        }
        collection.taste.noteSlate(
            distance: distance / pairs,
            popularities: popularities,
            now: plan.now
        )
    }
}
