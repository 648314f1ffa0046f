internal import PalateModel

/// A way to fewer dimensions, as it is named: `pca128` or `prefix256`.
package enum ProjectionForm: Equatable, Sendable {
    /// The first so many components, for embeddings trained to allow it (Matryoshka).
    case prefix(Int)
    /// The so many directions in which the sample varies most.
    case principal(Int)

    private static let prefixWord = "prefix"
    private static let principalWord = "pca"

    /// Components that are left.
    package var count: Int {
        switch self {
        case .prefix(let count), .principal(let count): count
        }
    }

    /// As `init(name:)` reads it.
    package var name: String {
        switch self {
        case .prefix(let count): "\(Self.prefixWord)\(count)"
        case .principal(let count): "\(Self.principalWord)\(count)"
        }
    }

    /// The form of a name; nil when it is none.
    package init?(name: some StringProtocol) {
        let word = name.prefix { $0.isLetter }
        let digits = name.dropFirst(word.count)
        // No sign, no leading zero: a form has one name.
        guard let count = Int(digits), String(count) == digits, Limits.dimensions.contains(count)
        else { return nil }
        switch String(word) {
        case Self.prefixWord: self = .prefix(count)
        case Self.principalWord: self = .principal(count)
        default: return nil
        }
    }
}
