import PalateFields
package import PalateModel

// Fields belong to a collection's name, so every generation has the same under the same numbers.
extension DataDirectory {
    /// Adds fields to the collection of a handle, and to its candidate; rows that are there are
    /// read for them in quiet moments.
    ///
    /// - Returns: what is known of all fields.
    /// - Throws: `fieldExists` where one is there and declared otherwise, `badField`.
    @available(*, noasync, message: "waits for the writer")
    package func declareFields(
        _ fields: [FieldDeclaration],
        of handle: UInt32
    ) throws(RequestError) -> [FieldFigures] {
        let name = try collection(handle: handle).info.schema.name
        return try changes.withWriteLock { _ throws(RequestError) in
            let current = try collection(named: name)
            let unnumbered = fields.map { FieldDeclaration($0.name, $0.type, path: $0.path) }
            _ = try current.writer.perform(.declareFields(unnumbered))
            if let candidate = live.withReadLock({ $0.candidates[name] }) {
                try candidate.adoptFields(of: current)
            }
            return try collection(handle: handle).fields.figures
        }
    }
}

extension Collection {
    /// Declares what another generation of the collection has, under the same numbers.
    func adoptFields(of other: Collection) throws(RequestError) {
        let fields = other.fields.declarations
        guard !fields.isEmpty else { return }
        _ = try writer.perform(.declareFields(fields))
    }
}
