import Glibc
package import PalateModel

/// A place per row: its latitude and its longitude, each in order.
package struct GeoColumn: Column {
    package static let type = FieldType.geo
    private var latitudes = OrderedRows()
    private var longitudes = OrderedRows()

    package init() {}

    /// An object with `lat` and `lon`, in degrees.
    package static func value(of json: JSONValue) -> FieldValue? {
        guard case .object(let members) = json,
            let latitude = members["lat"]?.number,
            let longitude = members["lon"]?.number
        else { return nil }
        let point = GeoPoint(latitude: latitude, longitude: longitude)
        return point.isValid ? .geo(point) : nil
    }

    package static func holds(_ value: FieldValue) -> Bool {
        if case .geo(let point) = value { point.isValid } else { false }
    }

    package mutating func set(_ value: FieldValue, at row: Ordinal) {
        guard case .geo(let point) = value else { return }
        latitudes.set(point.latitude.orderKey, at: row)
        longitudes.set(point.longitude.orderKey, at: row)
    }

    package mutating func clear(_ row: Ordinal) {
        latitudes.clear(row)
        longitudes.clear(row)
    }

    package mutating func settle() {
        latitudes.settle()
        longitudes.settle()
    }

    package var presence: RowSet { latitudes.presence }

    package func rows(passing test: FieldTest, chunk: Int) -> RowContainer {
        switch test {
        case .exists: presence.container(chunk)
        case .box(let box): rows(in: box, chunk: chunk)
        case .within(let meters, let centre): rows(within: meters, of: centre, chunk: chunk)
        default: .empty
        }
    }

    private func rows(in box: GeoBox, chunk: Int) -> RowContainer {
        let parallels = latitudes.rows(in: (box.south...box.north).orderKeys, chunk: chunk)
        guard box.west > box.east else {
            return longitudes.rows(in: (box.west...box.east).orderKeys, chunk: chunk)
                .intersection(parallels)
        }
        let halves = [box.west...180, -180...box.east]
        return RowContainer(
            union: halves.map { longitudes.rows(in: $0.orderKeys, chunk: chunk) }
        )
        .intersection(parallels)
    }

    /// The rows of the box around the circle, each measured.
    private func rows(within meters: Double, of centre: GeoPoint, chunk: Int) -> RowContainer {
        RowContainer(rows(in: Globe.box(around: centre, meters: meters), chunk: chunk)) { low in
            guard let point = point(of: Ordinal(chunk) << 16 | Ordinal(low)) else { return false }
            return Globe.meters(from: centre, to: point) <= meters
        }
    }

    private func point(of row: Ordinal) -> GeoPoint? {
        guard let latitude = latitudes.number(of: row), let longitude = longitudes.number(of: row)
        else { return nil }
        return GeoPoint(
            latitude: Double(orderKey: latitude),
            longitude: Double(orderKey: longitude)
        )
    }

    package func value(of row: Ordinal) -> FieldValue? { point(of: row).map { .geo($0) } }

    package var byteCount: Int { latitudes.byteCount + longitudes.byteCount }
}
