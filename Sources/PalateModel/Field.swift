/// Names a field for as long as its collection exists; never given twice.
public typealias FieldID = UInt16

/// What the values of a field are.
///
/// Raw values are the wire's and the format's.
public enum FieldType: UInt8, CaseIterable, Sendable {
    /// A text that is compared as a whole, such as a brand.
    case keyword = 1
    /// Any number of such texts, such as the countries an item ships to.
    case keywordSet = 2
    /// A whole number of 64 bits.
    case integer = 3
    /// A number.
    case float = 4
    /// True or false.
    case bool = 5
    /// Milliseconds since 1970 UTC; in payloads also text as RFC 3339 has it.
    case time = 6
    /// A place on Earth, in degrees.
    case geo = 7

    /// As declarations and messages spell it.
    public var name: String {
        switch self {
        case .keyword: "keyword"
        case .keywordSet: "keywords"
        case .integer: "int"
        case .float: "float"
        case .bool: "bool"
        case .time: "time"
        case .geo: "geo"
        }
    }

    /// The type of this name.
    public static func named(_ name: String) -> FieldType? { allCases.first { $0.name == name } }
}

/// A field of a collection: typed, and filtered by without opening a payload.
public struct FieldDeclaration: Equatable, Sendable {
    /// Given by the server when the field is declared; 0 until then.
    public var id: FieldID
    /// 1 to 64 bytes: a letter or `_`, then also digits, `.` and `-`.
    public var name: String
    /// What its values are.
    public var type: FieldType
    /// Where a row's value is in its payload, as a JSON pointer (RFC 6901); empty: writes bring a
    /// column of values instead.
    public var path: String

    /// A field whose values are in the payload, at the top level unless a pointer says otherwise.
    public init(_ name: String, _ type: FieldType, path: String? = nil, id: FieldID = 0) {
        self.id = id
        self.name = name
        self.type = type
        self.path = path ?? "/" + name
    }
}

/// One value of a field.
public enum FieldValue: Equatable, Sendable {
    /// Of a keyword field.
    case keyword(String)
    /// Of a field of keywords.
    case keywords([String])
    /// Of an integer or time field.
    case integer(Int64)
    /// Of a float field.
    case float(Double)
    /// Of a bool field.
    case bool(Bool)
    /// Of a geo field.
    case geo(GeoPoint)
}

/// A place on Earth.
public struct GeoPoint: Hashable, Sendable {
    /// Degrees north, -90 to 90.
    public var latitude: Double
    /// Degrees east, -180 to 180.
    public var longitude: Double

    /// A place.
    public init(latitude: Double, longitude: Double) {
        self.latitude = latitude
        self.longitude = longitude
    }

    /// Whether both are on the globe.
    public var isValid: Bool { abs(latitude) <= 90 && abs(longitude) <= 180 }
}

/// One value per row of a write, for a field that has no path.
public struct FieldColumn: Equatable, Sendable {
    /// Whose values.
    public var field: FieldID
    /// Shape [n]; nil: the row has no value.
    public var values: [FieldValue?]

    /// A column.
    public init(field: FieldID, values: [FieldValue?]) {
        self.field = field
        self.values = values
    }
}

/// What is known of a field: its declaration, and what rows have in it.
public struct FieldFigures: Equatable, Sendable {
    /// The field.
    public var declaration: FieldDeclaration
    /// Whether every row has been read for it: a filter may name it.
    public var isReady: Bool
    /// Live rows with a value.
    public var valued: UInt64
    /// Live rows without one.
    public var missing: UInt64
    /// Live rows whose payload has something else at the path; they count as without a value.
    public var mistyped: UInt64
    /// Different values, for keywords; else 0.
    public var distinct: UInt64
    /// Bytes of memory.
    public var bytes: UInt64

    /// Figures of a field.
    public init(
        declaration: FieldDeclaration,
        isReady: Bool,
        valued: UInt64 = 0,
        missing: UInt64 = 0,
        mistyped: UInt64 = 0,
        distinct: UInt64 = 0,
        bytes: UInt64 = 0
    ) {
        self.declaration = declaration
        self.isReady = isReady
        self.valued = valued
        self.missing = missing
        self.mistyped = mistyped
        self.distinct = distinct
        self.bytes = bytes
    }
}
