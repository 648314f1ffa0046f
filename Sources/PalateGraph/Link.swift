package import PalateModel

/// One entry of a list: a row, and whether the link belongs to the spanning tree of level 0.
///
/// Rows stay below 2^27 (`Limits.itemsPerCollection`), so the top bit is free.
package struct Link: Equatable, Sendable {
    /// As stored.
    let word: UInt32

    /// The bit of tree links.
    static let treeBit: UInt32 = 1 << 31

    init(word: UInt32) { self.word = word }

    /// A link to `ordinal`.
    package init(_ ordinal: Ordinal, isTree: Bool) { word = ordinal | (isTree ? Self.treeBit : 0) }

    /// Where it leads.
    package var ordinal: Ordinal { word & ~Self.treeBit }

    /// Whether it must stay, so that every row can be reached.
    package var isTree: Bool { word & Self.treeBit != 0 }
}
