/// Families of metrics to the text that Prometheus reads, version 0.0.4 of its exposition format.
struct PrometheusText {
    /// What a family is.
    enum Kind: String {
        case counter, gauge, histogram
    }

    /// Content-Type of a page.
    static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    private(set) var text = ""

    /// Begins a family; its samples follow.
    mutating func family(_ name: String, _ kind: Kind, _ help: String) {
        text += "# HELP \(name) \(Self.escaped(help, quotes: false))\n"
        text += "# TYPE \(name) \(kind.rawValue)\n"
    }

    /// A sample of a counter or gauge.
    mutating func sample(
        _ name: String,
        _ labels: [(name: String, value: String)] = [],
        _ value: Double
    ) {
        text += "\(name)\(Self.braces(labels)) \(Self.number(value))\n"
    }

    /// A family of one sample.
    mutating func single(_ name: String, _ kind: Kind, _ help: String, _ value: Double) {
        family(name, kind, help)
        sample(name, [], value)
    }

    /// The samples of one histogram.
    ///
    /// - Parameters:
    ///   - name: of the family.
    ///   - labels: of this one.
    ///   - bounds: upper bounds in seconds, rising.
    ///   - counts: by bucket, one more than bounds.
    ///   - sum: of all, in seconds.
    mutating func histogram(
        _ name: String,
        _ labels: [(name: String, value: String)],
        bounds: [Double],
        counts: [UInt64],
        sum: Double
    ) {
        var total: UInt64 = 0
        for (bucket, count) in counts.enumerated() {
            total += count
            let bound = bucket < bounds.count ? Self.number(bounds[bucket]) : "+Inf"
            sample("\(name)_bucket", labels + [("le", bound)], Double(total))
        }
        sample("\(name)_sum", labels, sum)
        sample("\(name)_count", labels, Double(total))
    }

    private static func braces(_ labels: [(name: String, value: String)]) -> String {
        guard !labels.isEmpty else { return "" }
        let pairs = labels.map { "\($0.name)=\"\(escaped($0.value, quotes: true))\"" }
        return "{\(pairs.joined(separator: ","))}"
    }

    private static func escaped(_ text: String, quotes: Bool) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": escaped += "\\\\"
            case "\n": escaped += "\\n"
            case "\"" where quotes: escaped += "\\\""
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }

    /// Whole numbers without a point.
    private static func number(_ value: Double) -> String {
        value == value.rounded() && abs(value) < 1e15 ? "\(Int64(value))" : "\(value)"
    }
}
