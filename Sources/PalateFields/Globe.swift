import Glibc
package import PalateModel

/// Distances on a sphere of the Earth's mean radius.
package enum Globe {
    /// Mean radius of the Earth (IUGG), meters.
    private static let radius = 6_371_008.8

    /// The great-circle distance, by the haversine formula.
    package static func meters(from one: GeoPoint, to other: GeoPoint) -> Double {
        let radians = Double.pi / 180
        let latitudes = sin((other.latitude - one.latitude) * radians / 2)
        let longitudes = sin((other.longitude - one.longitude) * radians / 2)
        let cosines = cos(one.latitude * radians) * cos(other.latitude * radians)
        let chord = latitudes * latitudes + cosines * longitudes * longitudes
        return 2 * radius * asin(min(1, chord.squareRoot()))
    }

    /// A box that holds every place at most so far away: all meridians where a pole is among them.
    static func box(around centre: GeoPoint, meters: Double) -> GeoBox {
        // A hair wider than the circle: the box may not lose a place by rounding.
        let angle = meters / radius * 180 / .pi * (1 + 1e-9) + 1e-9
        let south = centre.latitude - angle
        let north = centre.latitude + angle
        guard south > -90, north < 90 else {
            return GeoBox(south: max(south, -90), north: min(north, 90), west: -180, east: 180)
        }
        let radians = Double.pi / 180
        let sine = sin(min(angle, 90) * radians) / cos(centre.latitude * radians)
        guard sine < 1 else { return GeoBox(south: south, north: north, west: -180, east: 180) }
        let spread = asin(sine) / radians + 1e-9
        let west = centre.longitude - spread
        let east = centre.longitude + spread
        return GeoBox(
            south: south,
            north: north,
            west: west < -180 ? west + 360 : west,
            east: east > 180 ? east - 360 : east
        )
    }
}
