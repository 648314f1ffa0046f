import PalateFields
import PalateModel
import TestKit
import Testing

@Suite struct GlobeTests {
    @Test func `distances are those between cities`() {
        let cities: [String: GeoPoint] = [
            "Berlin": GeoPoint(latitude: 52.52, longitude: 13.405),
            "Paris": GeoPoint(latitude: 48.8566, longitude: 2.3522),
            "London": GeoPoint(latitude: 51.5074, longitude: -0.1278),
            "New York": GeoPoint(latitude: 40.7128, longitude: -74.006),
            "Tokyo": GeoPoint(latitude: 35.6762, longitude: 139.6503),
            "San Francisco": GeoPoint(latitude: 37.7749, longitude: -122.4194),
            "Sydney": GeoPoint(latitude: -33.8688, longitude: 151.2093),
            "Suva": GeoPoint(latitude: -18.1416, longitude: 178.4419),
            "Apia": GeoPoint(latitude: -13.8333, longitude: -171.7667),
        ]
        // Kilometers on a sphere of the mean radius, by the cross product of vectors.
        let known = [
            ("Berlin", "Paris", 877.465), ("London", "New York", 5_570.23),
            ("Tokyo", "San Francisco", 8_274.626), ("Sydney", "London", 16_993.957),
            ("Suva", "Apia", 1_150.704), ("Paris", "Paris", 0),
        ]
        for (one, other, kilometers) in known {
            guard let one = cities[one], let other = cities[other] else { continue }
            let meters = Globe.meters(from: one, to: other)
            #expect(abs(meters / 1_000 - kilometers) < 0.01, "\(meters)")
            #expect(abs(meters - Globe.meters(from: other, to: one)) < 1e-6)
        }
        let radius = 6_371_008.8
        let pole = GeoPoint(latitude: 90, longitude: 17)
        let equator = GeoPoint(latitude: 0, longitude: -100)
        #expect(abs(Globe.meters(from: pole, to: equator) - radius * .pi / 2) < 0.01)
        let antipode = GeoPoint(latitude: 0, longitude: 80)
        #expect(abs(Globe.meters(from: equator, to: antipode) - radius * .pi) < 0.2)
        #expect(Globe.meters(from: pole, to: GeoPoint(latitude: 90, longitude: -90)) < 1e-6)
    }

    /// Centres at which boxes are delicate, and any.
    private static let latitudes = [-90, -89.999_999_9, -60, 0, 33.3, 89.5, 89.999_999_999, 90]
    private static let longitudes = [-180, -179.999_99, -90, 0, 12.5, 179.999_999_9, 180]

    @Test(arguments: latitudes)
    func `no place within a radius is lost, over the date line and at poles`(
        latitude: Double
    ) async {
        var generator = SeededGenerator(seed: testSeed())
        for longitude in Self.longitudes {
            let centre = GeoPoint(latitude: latitude, longitude: longitude)
            for exponent in 0..<9 {
                // From a tenth of a meter to around the globe.
                let meters =
                    (0..<exponent).reduce(0.1) { product, _ in product * 10 }
                    * Double.random(in: 1...3, using: &generator)
                let rows = places(around: centre, meters, &generator)
                let table = table(of: rows)
                let filter = Filter.field(1, .within(meters: meters, of: centre))
                var found: [Ordinal] = []
                table.matches(filter) { _ in RowSet() }.forEach { found.append($0) }
                let expected = rows.indices.filter {
                    Globe.meters(from: centre, to: rows[$0]) <= meters
                }
                #expect(found == expected.map { Ordinal($0) }, "\(meters) around \(centre)")
                #expect(!expected.isEmpty)
            }
            await Task.yield()
        }
    }

    /// Places whose degrees are at most a little more than a circle's away, the date line and the
    /// poles among them.
    private func places(
        around centre: GeoPoint,
        _ meters: Double,
        _ generator: inout SeededGenerator
    ) -> [GeoPoint] {
        let degrees = min(meters / 111_000 * 1.2, 180)
        var places = [centre]
        for _ in 0..<150 {
            let latitude = centre.latitude + .random(in: -degrees...degrees, using: &generator)
            // Meridians are close where parallels are short.
            let isAnywhere = Bool.random(using: &generator) && abs(centre.latitude) > 80
            let spread = isAnywhere ? 180 : degrees
            let longitude = centre.longitude + .random(in: -spread...spread, using: &generator)
            places.append(
                GeoPoint(
                    latitude: min(max(latitude, -90), 90),
                    longitude: longitude > 180
                        ? longitude - 360 : longitude < -180 ? longitude + 360 : longitude
                )
            )
        }
        for edge in [-180.0, 180] {
            places.append(GeoPoint(latitude: centre.latitude, longitude: edge))
        }
        for pole in [-90.0, 90] { places.append(GeoPoint(latitude: pole, longitude: 1)) }
        return places
    }

    private func table(of places: [GeoPoint]) -> FieldTable {
        var table = FieldTable()
        table.declare(FieldDeclaration("place", .geo, id: 1), isReady: true)
        for (row, place) in places.enumerated() {
            var fields = RowFields()
            fields.entries[1] = .value(.geo(place))
            table.put(Ordinal(row), fields)
        }
        return table
    }

    @Test func `boxes whose west is east of their east span the date line`() {
        let longitudes = [-180.0, -179, -170, -10, 0, 10, 170, 179, 180]
        let table = table(of: longitudes.map { GeoPoint(latitude: 0, longitude: $0) })
        func found(west: Double, east: Double) -> [Double] {
            var found: [Double] = []
            let box = GeoBox(south: -1, north: 1, west: west, east: east)
            table.matches(.field(1, .box(box))) { _ in RowSet() }
                .forEach { found.append(longitudes[Int($0)]) }
            return found
        }
        #expect(found(west: 170, east: -170) == [-180, -179, -170, 170, 179, 180])
        #expect(found(west: -10, east: 10) == [-10, 0, 10])
        #expect(found(west: 10, east: -10) == longitudes.filter { $0 != 0 })
        #expect(found(west: -180, east: 180) == longitudes)
        #expect(found(west: 180, east: -180) == [-180, 180])
        #expect(found(west: 5, east: 5) == [])
    }
}
