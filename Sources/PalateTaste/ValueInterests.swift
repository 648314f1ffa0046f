/// A person's interest in the values of a field: what the values of liked items add up to, and a
/// share of it for what stands beside them.
///
/// A value is a path, "home/garden/roses": home/garden is its parent, home/garden/tulips a sibling.
/// With m(v) the mass of the liked items that have v and s the share that goes one step along a
/// path,
///
///     A(v) = m(v) + s * (m(parent of v) + sum over children c of m(c))
///            + s^2 * sum over siblings w of m(w)
///
/// after the interest taxonomy of Pinterest's Pin2Interest, whose parents and siblings get a share.
/// Values without a slash have neither.
package struct ValueInterests: Sendable {
    private let spread: Float
    private var masses: [String: Float] = [:]
    /// By parent: the masses of its children.
    private var below: [String: Float] = [:]

    /// Nothing liked.
    ///
    /// - Parameter spread: s, in 0...1.
    package init(spread: Float) { self.spread = spread }

    /// Whether nothing was added.
    package var isEmpty: Bool { masses.isEmpty }

    /// Adds what a liked item gives one of its values.
    package mutating func add(_ value: String, mass: Float) {
        masses[value, default: 0] += mass
        if let parent = Self.parent(of: value) { below[parent, default: 0] += mass }
    }

    /// A(v).
    package func affinity(to value: String) -> Float {
        let own = masses[value, default: 0]
        guard spread > 0 else { return own }
        var beside = below[value, default: 0]
        var siblings: Float = 0
        if let parent = Self.parent(of: value) {
            beside += masses[parent, default: 0]
            siblings = below[parent, default: 0] - own
        }
        return own + spread * (beside + spread * siblings)
    }

    /// The path without its last step; nil where it has one step.
    static func parent(of value: String) -> String? {
        guard let slash = value.utf8.lastIndex(of: UInt8(ascii: "/")),
            slash > value.startIndex
        else { return nil }
        return String(value[..<slash])
    }
}
