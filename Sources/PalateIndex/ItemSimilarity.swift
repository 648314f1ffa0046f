package import PalateModel

/// Cosines between items, for clustering what a person likes.
package protocol ItemSimilarity: Sendable {
    /// Writes the cosine of `item` to each of `others`, -1 to 1; 0 where one has no vector.
    ///
    /// - Returns: false when `item` has no vector (yet).
    func cosines(of item: ItemID, to others: [ItemID], into similarities: inout [Float]) -> Bool

    /// Cosines of all pairs of those items that have a vector.
    ///
    /// - Returns: those items, in their order, and row-major [n, n] cosines.
    func pairs(of items: [ItemID]) -> (items: [ItemID], cosines: [Float])
}
