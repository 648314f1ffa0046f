import PalateAccess
import PalateModel

/// How fast requests come: a bucket that fills by time and holds a second's worth.
struct RequestRate {
    private var tokens = 0.0
    private var filled: ContinuousClock.Instant?

    /// Takes one request out.
    ///
    /// - Parameters:
    ///   - perSecond: requests a second, above 0.
    ///   - now: of the same clock each time.
    /// - Returns: nil when it may go on, else milliseconds until the next one may.
    mutating func wait(atMost perSecond: Int, now: ContinuousClock.Instant) -> UInt32? {
        let rate = Double(perSecond)
        tokens = filled.map { min(rate, tokens + (now - $0).seconds * rate) } ?? rate
        filled = now
        guard tokens < 1 else {
            tokens -= 1
            return nil
        }
        return UInt32(clamping: Int(((1 - tokens) / rate * 1_000).rounded(.up)))
    }
}

/// The rates of all subjects that have connections.
final class SubjectRates: Sendable {
    /// Subjects remembered; beyond, all start with a full bucket again.
    private static let subjectsMax = 65_536

    private let rates = ReadWriteLock<[String: RequestRate]>([:])

    /// As `RequestRate.wait`, over all connections of the subject.
    func wait(
        _ subject: String,
        atMost perSecond: Int,
        now: ContinuousClock.Instant
    ) -> UInt32? {
        rates.withWriteLock { rates in
            if rates.count >= Self.subjectsMax, rates[subject] == nil { rates.removeAll() }
            return rates[subject, default: RequestRate()].wait(atMost: perSecond, now: now)
        }
    }
}

extension RequestService {
    /// Refuses a request that comes faster than its connection or its key may ask.
    ///
    /// - Throws: `overloaded`, with the time after which it may come again.
    func checkRates(of grant: Grant, _ connection: inout RequestRate) throws(RequestError) {
        let (perSecond, perKey) = (limits.requestsPerSecond, limits.requestsPerSecondPerKey)
        guard perSecond > 0 || perKey > 0 else { return }
        let now = ContinuousClock.now
        if perSecond > 0, let wait = connection.wait(atMost: perSecond, now: now) {
            throw .overloaded(
                by: .requestsPerSecond,
                expected: perSecond,
                retryMilliseconds: wait
            )
        }
        if perKey > 0, !grant.isAnonymous,
            let wait = subjectRates.wait(grant.subject, atMost: perKey, now: now)
        {
            throw .overloaded(
                by: .requestsPerSecondPerKey,
                expected: perKey,
                retryMilliseconds: wait
            )
        }
    }
}
