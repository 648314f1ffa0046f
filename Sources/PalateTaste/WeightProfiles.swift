package import PalateModel

/// Weight profiles that every collection has until it stores its own under their names.
package enum WeightProfiles {
    /// By name: the default, and one for each part of the way from inspiration to purchase.
    ///
    /// `discover` leans on what goes together and tires soon, `consider` on likeness, `convert` on
    /// the query. They are a start, not measured: a team puts its own in their place.
    package static let builtIn: [String: TermValues] = [
        defaultName: .defaultWeights,
        "discover": with([.taste: 0.2, .fatigue: 0.5]),
        "consider": with([.taste: 1]),
        "convert": with([.query: 2, .taste: 1, .association: 0.5, .fatigue: 0]),
    ]

    /// The profile of requests that name none.
    package static let defaultName = "default"

    private static func with(_ weights: [ScoreTerm: Float]) -> TermValues {
        var values = TermValues.defaultWeights
        for (term, weight) in weights { values[term] = weight }
        return values
    }
}
