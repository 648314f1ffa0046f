import Glibc

/// Numbers as people read them.
package enum Numbers {
    /// At most so many digits behind the point, no trailing zeros.
    ///
    /// - Parameters:
    ///   - value: finite, of a magnitude below 1e15.
    ///   - digits: 0 to 6.
    /// - Returns: `57.8`, say.
    package static func plain(_ value: Double, digits: Int) -> String {
        precondition(value.isFinite && abs(value) < 1e15, "no such number")
        let scale = pow(10, Double(digits))
        let scaled = Int64((abs(value) * scale).rounded())
        let whole = scaled / Int64(scale)
        var fraction = String(scaled % Int64(scale))
        fraction = String(repeating: "0", count: max(0, digits - fraction.count)) + fraction
        while fraction.hasSuffix("0") { fraction.removeLast() }
        let sign = value < 0 && scaled > 0 ? "-" : ""
        return sign + String(whole) + (fraction.isEmpty ? "" : "." + fraction)
    }

    /// A whole number in groups of three digits: 57,800.
    ///
    /// - Parameter value: finite, of a magnitude below 1e15.
    /// - Returns: rounded to the nearest.
    package static func grouped(_ value: Double) -> String {
        let digits = plain(abs(value), digits: 0)
        var text = ""
        for (position, digit) in digits.enumerated() {
            if position > 0, (digits.count - position) % 3 == 0 { text.append(",") }
            text.append(digit)
        }
        return (value <= -0.5 ? "-" : "") + text
    }
}
