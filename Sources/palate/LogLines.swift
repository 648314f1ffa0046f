import Glibc
import Logging
import PalateConfiguration
import Synchronization

/// The least severe lines that are logged; may change while the server runs.
final class LogLevel: Sendable {
    private let number: Atomic<Int>

    init(_ configuration: Configuration) { number = Atomic(Self.number(configuration)) }

    func adopt(_ configuration: Configuration) {
        number.store(Self.number(configuration), ordering: .relaxed)
    }

    var level: Logger.Level { Logger.Level.allCases[number.load(ordering: .relaxed)] }

    private static func number(_ configuration: Configuration) -> Int {
        let name = configuration.text("log.level")
        return Logger.Level.allCases.firstIndex { $0.rawValue == name } ?? 2
    }
}

/// The log: lines for people, or a JSON object a line.
enum LogLines {
    static func bootstrap(_ configuration: Configuration, _ level: LogLevel) {
        let isJSON = configuration.text("log.format") == "json"
        LoggingSystem.bootstrap { label in
            let lines: any LogHandler =
                isJSON ? JSONLogHandler(label: label) : StreamLogHandler.standardError(label: label)
            return LevelledLogHandler(lines: lines, shared: level)
        }
    }
}

/// Asks the shared level before a line is made.
private struct LevelledLogHandler: LogHandler {
    var lines: any LogHandler
    let shared: LogLevel

    /// Setting it is setting nothing: the level is the configuration's.
    var logLevel: Logger.Level {
        get { shared.level }
        set {}
    }
    var metadata: Logger.Metadata {
        get { lines.metadata }
        set { lines.metadata = newValue }
    }
    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { lines[metadataKey: key] }
        set { lines[metadataKey: key] = newValue }
    }

    func log(event: LogEvent) { lines.log(event: event) }
}

/// A JSON object a line on standard error: whatever is in a message, it stays one line.
struct JSONLogHandler: LogHandler {
    let label: String
    var logLevel = Logger.Level.trace
    var metadata = Logger.Metadata()

    init(label: String) { self.label = label }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let all = metadata.merging(event.metadata ?? [:]) { _, new in new }
        let line = JSONLogLine.text(
            time: Self.time(),
            level: event.level.rawValue,
            label: label,
            message: "\(event.message)",
            error: event.error.map { "\($0)" },
            metadata: all.sorted { $0.key < $1.key }.map { ($0.key, "\($0.value)") }
        )
        let bytes = Array(line.utf8)
        _ = bytes.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }

    /// RFC 3339, UTC, with milliseconds.
    private static func time() -> String {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        var parts = tm()
        gmtime_r(&now.tv_sec, &parts)
        var text = [CChar](repeating: 0, count: 32)
        strftime(&text, text.count, "%Y-%m-%dT%H:%M:%S", &parts)
        let seconds = String(
            decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)),
            as: UTF8.self
        )
        let thousandths = "\(1_000 + now.tv_nsec / 1_000_000)".dropFirst()
        return "\(seconds).\(thousandths)Z"
    }
}
