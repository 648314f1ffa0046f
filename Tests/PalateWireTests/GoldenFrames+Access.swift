import PalateModel
import PalateWire

// Who the client is, and what it gives up.
extension GoldenFrames {
    /// AUTH of both kinds, and CANCEL.
    static let accessRequests: [RequestFrame] = [
        frame(
            "authenticate-key",
            60,
            .authenticate(Authentication(kind: .apiKey, secret: "plt_abcd2345_not-a-secret"))
        ),
        frame(
            "authenticate-token",
            61,
            .authenticate(Authentication(kind: .token, secret: "eyJh.eyJz.c2ln"))
        ),
        frame("cancel", 62, .cancel(requestID: 8)),
    ]

    /// What they are answered with.
    static let accessResponses: [ResponseFrame] = [
        frame(
            "authenticated",
            60,
            .authenticated(
                AuthenticationReceipt(
                    scopes: 5,
                    subject: "feed-ranker",
                    expiryMilliseconds: 1_800_000_000_000
                )
            )
        ),
        frame(
            "not-authenticated",
            61,
            .failure(
                opcode: Opcode.authenticate.rawValue,
                ErrorReport(RequestError.notAuthenticated(reason: "unknown credential"))
            )
        ),
        frame("cancel-answered", 62, .cancelled),
        frame(
            "cancelled",
            8,
            .failure(opcode: Opcode.query.rawValue, ErrorReport(RequestError.cancelled))
        ),
    ]
}
