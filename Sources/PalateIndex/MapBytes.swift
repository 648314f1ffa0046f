/// How large a store's map is.
package struct MapBytes: Sendable {
    /// To begin with.
    package var start: Int
    /// At most.
    package var most: Int

    /// A map that grows from `start`, or from `most` where that is less.
    package init(start: Int, most: Int) {
        self.start = min(start, most)
        self.most = most
    }
}
