/// Moments as RFC 3339 writes them.
package enum Timestamp {
    /// Milliseconds since 1970 UTC of `2026-11-26T14:03:25.5Z`, `2026-11-26T15:03:25+01:00` or
    /// `2026-11-26`, which is its midnight UTC; nil of anything else.
    package static func milliseconds(_ text: String) -> Int64? {
        var rest = text.utf8[...]
        guard let year = number(&rest, digits: 4), take("-", &rest),
            let month = number(&rest, digits: 2), (1...12).contains(month), take("-", &rest),
            let day = number(&rest, digits: 2), (1...days(in: month, of: year)).contains(day)
        else { return nil }
        let date = 86_400_000 * daysSinceEpoch(year, month, day)
        if rest.isEmpty { return date }
        guard take("T", &rest) || take("t", &rest) || take(" ", &rest),
            let time = time(&rest), let offset = offset(&rest), rest.isEmpty
        else { return nil }
        return date + time - offset
    }

    /// A moment as `milliseconds` reads it, UTC: `2026-11-26` at midnight, else
    /// `2026-11-26T14:03:25Z` or `2026-11-26T14:03:25.500Z`; nil outside of the years 0 to 9999.
    package static func text(_ milliseconds: Int64) -> String? {
        let (days, rest) = milliseconds.dividedByDay
        guard (-719_528...2_932_896).contains(days) else { return nil }
        // Days since the 1st of March of the year 0, in eras of 400 years.
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthOfYear = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * monthOfYear + 2) / 5 + 1
        let month = monthOfYear < 10 ? monthOfYear + 3 : monthOfYear - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        let date = "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))"
        guard rest > 0 else { return date }
        let seconds = rest / 1_000
        let clock = [seconds / 3_600, seconds / 60 % 60, seconds % 60].map { padded($0, 2) }
        let fraction = rest % 1_000 == 0 ? "" : ".\(padded(rest % 1_000, 3))"
        return "\(date)T\(clock.joined(separator: ":"))\(fraction)Z"
    }

    private static func padded(_ number: Int64, _ width: Int) -> String {
        let digits = "\(number)"
        return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }

    private static func time(_ rest: inout Substring.UTF8View) -> Int64? {
        guard let hour = number(&rest, digits: 2), hour < 24, take(":", &rest),
            let minute = number(&rest, digits: 2), minute < 60, take(":", &rest),
            let second = number(&rest, digits: 2), second < 61
        else { return nil }
        var milliseconds = 1_000 * (second + 60 * (minute + 60 * hour))
        guard take(".", &rest) else { return milliseconds }
        var digits = 0
        var unit: Int64 = 100
        while let digit = number(&rest, digits: 1) {
            milliseconds += digit * unit
            unit /= 10
            digits += 1
        }
        return digits > 0 ? milliseconds : nil
    }

    private static func offset(_ rest: inout Substring.UTF8View) -> Int64? {
        if take("Z", &rest) || take("z", &rest) { return 0 }
        let sign: Int64
        if take("+", &rest) { sign = 1 } else if take("-", &rest) { sign = -1 } else { return nil }
        guard let hours = number(&rest, digits: 2), hours < 24, take(":", &rest),
            let minutes = number(&rest, digits: 2), minutes < 60
        else { return nil }
        return sign * 60_000 * (60 * hours + minutes)
    }

    private static func number(_ rest: inout Substring.UTF8View, digits: Int) -> Int64? {
        var value: Int64 = 0
        var left = rest
        for _ in 0..<digits {
            guard let byte = left.popFirst(), (48...57).contains(byte) else { return nil }
            value = 10 * value + Int64(byte - 48)
        }
        rest = left
        return value
    }

    private static func take(_ character: Character, _ rest: inout Substring.UTF8View) -> Bool {
        guard let byte = rest.first, byte == character.asciiValue else { return false }
        rest.removeFirst()
        return true
    }

    private static func days(in month: Int64, of year: Int64) -> Int64 {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// Days of the Gregorian calendar, counted in eras of 400 years that begin in March.
    private static func daysSinceEpoch(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let year = month <= 2 ? year - 1 : year
        let era = (year >= 0 ? year : year - 399) / 400
        let yearOfEra = year - era * 400
        let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
        let dayOfEra = 365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }
}

extension Int64 {
    /// Whole days before a number of milliseconds, and what is left of the day.
    fileprivate var dividedByDay: (days: Int64, rest: Int64) {
        let (days, rest) = quotientAndRemainder(dividingBy: 86_400_000)
        return rest < 0 ? (days - 1, rest + 86_400_000) : (days, rest)
    }
}
