/// One result whose place is fixed.
package struct SlatePin: Equatable, Sendable {
    /// Place in the slate, from 0.
    package var position: Int
    /// Which candidate.
    package var candidate: Int

    /// Fixes `candidate` at `position`.
    package init(position: Int, candidate: Int) {
        self.position = position
        self.candidate = candidate
    }
}
