import Glibc
import PalateModel
import PalateWire

/// Sends the next token before the one in use expires, for as long as a connection stands.
///
/// A server keeps a connection whose token has expired and refuses what it asks. A source that has
/// nothing newer is asked again; the server is not troubled with the same token twice.
package enum Renewal {
    /// How much of a token's remaining life is given away, so that the next one is there in time.
    private static let (share, most) = (10, Duration.seconds(60))
    /// The least wait, and how often a source is asked once its token has expired.
    private static let (least, expired) = (Duration.seconds(1), Duration.seconds(5))

    /// How long to wait before a source is asked for the next token.
    ///
    /// - Parameters:
    ///   - expiry: of the token in use, milliseconds since 1970.
    ///   - now: the same clock.
    /// - Returns: a second at least.
    package static func wait(until expiry: Int64, now: Int64) -> Duration {
        let left = Duration.milliseconds(expiry - now)
        return left > .zero ? max(least, left - min(left / share, most)) : expired
    }

    /// Milliseconds since 1970 UTC.
    static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
    }

    /// Begins, for a token that was just accepted.
    static func start(
        on connection: Connection,
        _ credential: ClientCredential,
        _ options: ClientOptions,
        secret: String,
        expiry: Int64
    ) -> Task<Void, Never> {
        Task { [weak connection] in
            var (secret, expiry) = (secret, expiry)
            while expiry != 0 {
                do {
                    try await Task.sleep(for: wait(until: expiry, now: now()))
                } catch {
                    return
                }
                guard let connection, connection.isOpen else { return }
                guard let next = try? await credential.secret(), next != secret else { continue }
                do throws(PalateClientError) {
                    let said = Authentication(kind: .token, secret: next)
                    expiry = try await connection.say(said, options).expiryMilliseconds
                    secret = next
                } catch .refused {
                    // The one in use holds as long as it did; this one need not be tried again.
                    secret = next
                } catch {
                    continue
                }
            }
        }
    }
}
