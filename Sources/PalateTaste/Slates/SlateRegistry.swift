/// Every slate builder there is: one line each.
package enum SlateRegistry {
    /// The default first.
    package static let all: [any SlateBuilder.Type] = [
        SlidingSpectrum.self,
        MaximalMarginalRelevance.self,
        DeterminantalPointProcess.self,
        Calibration.self,
    ]

    /// The names, for error messages and help.
    package static var names: [String] { all.map { $0.name } }

    /// The builder of this name.
    package static func named(_ name: String) -> (any SlateBuilder.Type)? {
        all.first { $0.name == name }
    }
}
