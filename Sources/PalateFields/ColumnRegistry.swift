package import PalateModel

/// Every field type there is, once.
package enum ColumnRegistry {
    /// In the order of their numbers.
    package static let all: [any Column.Type] = [
        KeywordColumn.self, KeywordSetColumn.self, IntegerColumn.self, FloatColumn.self,
        BoolColumn.self, TimeColumn.self, GeoColumn.self,
    ]

    /// The column of a type.
    package static func column(_ type: FieldType) -> any Column.Type {
        guard let column = all.first(where: { $0.type == type }) else {
            preconditionFailure("no column for \(type.name)")
        }
        return column
    }
}
