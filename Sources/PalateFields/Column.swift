package import PalateModel

/// The values of one field in memory, and the rows that pass a test.
///
/// A field type is a file in `Columns/` and a row in `ColumnRegistry`.
package protocol Column: Sendable {
    /// What the values are.
    static var type: FieldType { get }

    /// No row has a value.
    init()

    /// The value that a payload's JSON stands for; nil where it is none of this type.
    static func value(of json: JSONValue) -> FieldValue?

    /// Whether a value that a write brings is one of this type, within limits.
    static func holds(_ value: FieldValue) -> Bool

    /// Gives a row its value, one that `holds`.
    mutating func set(_ value: FieldValue, at row: Ordinal)

    /// Takes a row's value away, where it has one.
    mutating func clear(_ row: Ordinal)

    /// Looks after what many writes have brought out of order.
    mutating func settle()

    /// Rows that have a value.
    var presence: RowSet { get }

    /// The rows of a chunk whose value passes a test that suits the type.
    func rows(passing test: FieldTest, chunk: Int) -> RowContainer

    /// A row's value.
    func value(of row: Ordinal) -> FieldValue?

    /// A number that orders rows by their values, the same for equal values; nil without a value,
    /// and for values without an order.
    func orderKey(of row: Ordinal) -> Int64?

    /// The rows whose order key is one of these, rising.
    func rows(orderKeys: [Int64]) -> RowSet

    /// How many of `rows` have each value, where values are few enough to list.
    func facet(_ rows: RowSet) -> [(value: FieldValue, count: Int)]?

    /// Appends the numbers of the texts of a row's value; none for values that are no texts.
    func appendKeywordNumbers(of row: Ordinal, to numbers: inout [UInt32])

    /// The text of a number that a row has.
    func keyword(_ number: UInt32) -> String

    /// Different values, where they are kept as such.
    var distinctCount: Int { get }

    /// Bytes of memory.
    var byteCount: Int { get }
}

extension Column {
    package mutating func settle() {}
    package func orderKey(of row: Ordinal) -> Int64? { nil }
    package func rows(orderKeys: [Int64]) -> RowSet { RowSet() }
    package func facet(_ rows: RowSet) -> [(value: FieldValue, count: Int)]? { nil }
    package func appendKeywordNumbers(of row: Ordinal, to numbers: inout [UInt32]) {}
    package func keyword(_ number: UInt32) -> String { "" }
    package var distinctCount: Int { 0 }
}
