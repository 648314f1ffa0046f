/// A number as expressions spell it, `-1_000`, `2.5` or `1e3`.
///
/// Kept digit by digit: whole numbers of 64 bits do not fit a Double. JSON's numbers are some of
/// these.
struct DecimalLiteral {
    private let isNegative: Bool
    /// Before and behind the point, without zeros in front.
    private let digits: Substring
    /// Powers of ten that `digits` are to be multiplied by.
    private let exponent: Int
    /// For the standard library to read.
    private let plain: String

    /// A sign, digits with single `_` between them, a point and digits, an exponent; nil of else.
    ///
    /// Of the digits before and behind the point one kind has to be there.
    init?(_ text: some StringProtocol) {
        var rest = Substring(text).utf8
        isNegative = rest.first == UInt8(ascii: "-")
        if isNegative || rest.first == UInt8(ascii: "+") { rest.removeFirst() }
        guard let whole = Self.digits(&rest) else { return nil }
        var fraction = ""
        if rest.first == UInt8(ascii: ".") {
            rest.removeFirst()
            guard let digits = Self.digits(&rest), !digits.isEmpty else { return nil }
            fraction = digits
        }
        guard !(whole + fraction).isEmpty else { return nil }
        var power = 0
        if let mark = rest.first, mark == UInt8(ascii: "e") || mark == UInt8(ascii: "E") {
            rest.removeFirst()
            let isSmall = rest.first == UInt8(ascii: "-")
            if isSmall || rest.first == UInt8(ascii: "+") { rest.removeFirst() }
            guard let digits = Self.digits(&rest), !digits.isEmpty else { return nil }
            // Beyond any number either way; halved, so that digits can be added.
            power = (Int(digits) ?? .max / 2) * (isSmall ? -1 : 1)
            power = min(max(power, -.max / 2), .max / 2)
        }
        guard rest.isEmpty else { return nil }
        digits = (whole + fraction).drop { $0 == "0" }
        exponent = power - fraction.utf8.count
        plain = "\(isNegative ? "-" : "")0\(whole).\(fraction)0e\(power)"
    }

    /// Takes digits, leaving `_` out; empty where there are none, nil where `_` is not between two.
    private static func digits(_ rest: inout Substring.UTF8View) -> String? {
        var digits = ""
        var isGap = false
        while let byte = rest.first {
            if byte == UInt8(ascii: "_") {
                guard !isGap, !digits.isEmpty else { return nil }
                isGap = true
            } else if (48...57).contains(byte) {
                digits.unicodeScalars.append(Unicode.Scalar(byte))
                isGap = false
            } else {
                break
            }
            rest.removeFirst()
        }
        return isGap ? nil : digits
    }

    /// The nearest number; nil beyond the greatest.
    var float: Double? { Double(plain).flatMap { $0.isFinite ? $0 : nil } }

    /// The number, where it is whole and `Whole` has it.
    func whole<Whole: FixedWidthInteger>(as type: Whole.Type) -> Whole? {
        guard !digits.isEmpty else { return 0 }
        var kept = String(digits)
        if exponent < 0 {
            guard -exponent < kept.utf8.count, kept.suffix(-exponent).allSatisfy({ $0 == "0" })
            else { return nil }
            kept.removeLast(-exponent)
        } else {
            // 20 digits are the most that 64 bits have.
            guard kept.utf8.count + exponent <= 20 else { return nil }
            kept += String(repeating: "0", count: exponent)
        }
        return Whole((isNegative ? "-" : "") + kept)
    }
}
