import Glibc

/// Exponential decay by half-life, the clock of every weight in the taste graph.
package enum Decay {
    /// Milliseconds of one day.
    package static let millisecondsPerDay: Double = 86_400_000

    /// 2^(-age / halfLife): 1 for what has just happened or lies in the future.
    ///
    /// - Parameters:
    ///   - ageMilliseconds: now minus the time of the event.
    ///   - halfLifeDays: above 0; infinite for what never fades.
    /// - Returns: in 0...1.
    package static func factor(ageMilliseconds: Int64, halfLifeDays: Float) -> Float {
        guard ageMilliseconds > 0 else { return 1 }
        let halfLives = Double(ageMilliseconds) / (millisecondsPerDay * Double(halfLifeDays))
        return Float(exp2(-halfLives))
    }

    /// `later - earlier` without overflow, whatever the two clocks said.
    package static func elapsed(from earlier: Int64, to later: Int64) -> Int64 {
        let (difference, overflow) = later.subtractingReportingOverflow(earlier)
        if !overflow { return difference }
        return later > earlier ? .max : .min
    }
}

/// A sum of decaying ones, in the streaming form: one multiplication an event, no sweep.
///
/// S = sum over events of 2^((t - t0) / halfLife), kept with t0 = the newest event, so that every
/// exponent is at most 0 and nothing can overflow. Adding an event that arrives late decays the
/// event, adding a newer one decays the sum: the result does not depend on the order of arrival.
package struct DecayedSum: Equatable, Sendable {
    /// The sum as it stood at `timeMilliseconds`; above 0 once something was added.
    package var mass: Float
    /// The newest event, milliseconds since 1970 UTC.
    package var timeMilliseconds: Int64

    /// One event.
    package init(timeMilliseconds: Int64) {
        mass = 1
        self.timeMilliseconds = timeMilliseconds
    }

    /// A stored sum.
    package init(mass: Float, timeMilliseconds: Int64) {
        self.mass = mass
        self.timeMilliseconds = timeMilliseconds
    }

    /// Counts one more event.
    package mutating func add(timeMilliseconds time: Int64, halfLifeDays: Float) {
        let age = Decay.elapsed(from: timeMilliseconds, to: time)
        if age > 0 {
            mass = mass * Decay.factor(ageMilliseconds: age, halfLifeDays: halfLifeDays) + 1
            timeMilliseconds = time
        } else {
            let lateness = Decay.elapsed(from: time, to: timeMilliseconds)
            mass += Decay.factor(ageMilliseconds: lateness, halfLifeDays: halfLifeDays)
        }
    }

    /// The sum as it stands at `now`.
    package func value(at now: Int64, halfLifeDays: Float) -> Float {
        let age = Decay.elapsed(from: timeMilliseconds, to: now)
        return mass * Decay.factor(ageMilliseconds: age, halfLifeDays: halfLifeDays)
    }
}
