import Glibc
import PalateModel
import Synchronization

/// A bar on a terminal's standard error for what takes over two seconds; silent elsewhere.
final class Progress: Sendable {
    private struct State {
        var done = 0
        var lastDrawn = ContinuousClock.now
        var isDrawn = false
    }

    private static let width = 30
    private static let quietTime = Duration.seconds(2)
    private static let redrawInterval = Duration.milliseconds(200)

    private let label: String
    private let unit: String
    private let total: Int
    private let started = ContinuousClock.now
    private let isTerminal = isatty(STDERR_FILENO) == 1
    private let state = Mutex(State())

    /// Counts up to `total`.
    init(_ label: String, total: Int, unit: String) {
        self.label = label
        self.total = total
        self.unit = unit
    }

    /// Says how far the work has come.
    func update(_ done: Int) {
        guard isTerminal else { return }
        let now = ContinuousClock.now
        state.withLock { state in
            state.done = max(state.done, done)
            guard now - started > Self.quietTime, now - state.lastDrawn > Self.redrawInterval
            else { return }
            state.lastDrawn = now
            state.isDrawn = true
            draw(state.done, elapsed: (now - started).seconds)
        }
    }

    /// Ends the line, if one was begun.
    func finish() {
        state.withLock { state in
            guard state.isDrawn else { return }
            draw(state.done, elapsed: (ContinuousClock.now - started).seconds)
            Self.write("\n")
            state.isDrawn = false
        }
    }

    private func draw(_ done: Int, elapsed: Double) {
        let share = total > 0 ? min(1, Double(done) / Double(total)) : 1
        let filled = Int(share * Double(Self.width))
        let bar =
            String(repeating: "#", count: filled)
            + String(repeating: ".", count: Self.width - filled)
        let rate = elapsed > 0 ? Double(done) / elapsed : 0
        let left = rate > 0 ? Int(Double(total - done) / rate) : 0
        let text = "\(label) [\(bar)] \(Int(share * 100)) %, \(Int(rate)) \(unit)/s, \(left) s left"
        Self.write("\r\(text)\u{1b}[K")
    }

    private static func write(_ text: String) {
        _ = Array(text.utf8).withUnsafeBytes { bytes in
            Glibc.write(STDERR_FILENO, bytes.baseAddress, bytes.count)
        }
    }
}
