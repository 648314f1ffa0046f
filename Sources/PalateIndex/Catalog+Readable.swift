import PalateStorage

extension Catalog {
    /// The entries that can be read, by name.
    ///
    /// - Parameter note: hears of each of the others.
    /// - Returns: what is known of every collection whose entry is whole.
    /// - Throws: where the table cannot be read.
    func readable(note: (IndexError) -> Void) throws(IndexError) -> [CatalogEntry] {
        var entries: [CatalogEntry] = []
        try environment.forEachEntry("collections") { key, value, _ in
            do throws(IndexError) {
                let body = try Sealed.open(value, table: "collections", key: key)
                let place = Sealed.place("collections", key)
                entries.append(try CatalogEntry(body: body, place: place))
            } catch {
                note(error)
            }
        }
        return entries
    }
}
