import Logging
import NIOCore
import PalateAccess
import PalateIndex
import PalateModel
import PalateWire

// Who is on the other end of a connection, and what it may do.
extension ConnectionHandler {
    /// What the largest body is while nobody has said who they are.
    var bodyBytesGranted: Int {
        grant == nil ? FrameHeader.bodyBytesBeforeHello : outbox.bodyBytesMax
    }

    /// Refuses a request before its body is looked at: of nobody, or too many of somebody.
    func admit(_ header: FrameHeader) throws(RequestError) {
        let opcode = Opcode(rawValue: header.opcode)
        guard opcode != .ping, opcode != .authenticate else { return }
        guard let grant, service.access.stillHolds(grant, now: nowMilliseconds()) else {
            self.grant = nil
            throw .notAuthenticated(reason: "send AUTH with a key or token that holds")
        }
        try service.checkRates(of: grant, &rate)
    }

    /// Refuses what the peer may not do; notes what an administrator does.
    func authorize(
        _ request: Request,
        _ context: ChannelHandlerContext
    ) throws(RequestError) {
        guard let grant, request.opcode != .ping, request.opcode != .authenticate else { return }
        let isAudited = Authorization.scope(of: request.opcode) == .admin
        do throws(RequestError) {
            try Authorization.check(request, grant, service.directory)
        } catch {
            if isAudited { audit(request, "refused", context) }
            throw error
        }
        if isAudited { audit(request, "allowed", context) }
    }

    /// A line of the log about what an administrator does, or wanted to.
    private func audit(_ request: Request, _ outcome: String, _ context: ChannelHandlerContext) {
        let target =
            switch request.target {
            case .nothing: "nothing"
            case .everything: "everything"
            case .name(let name): String(reflecting: name)
            case .handle(let handle):
                (try? service.directory.collection(handle: handle).info.schema.name)
                    .map { String(reflecting: $0) } ?? "handle \(handle)"
            }
        logger.notice(
            "audit",
            metadata: [
                "action": "\(request.opcode)", "target": "\(target)", "outcome": "\(outcome)",
                "subject": "\(String(reflecting: grant?.subject ?? "nobody"))",
                "address": "\(context.remoteAddress?.description ?? "unix")",
            ]
        )
    }

    /// Looks at a credential; frames behind it wait, since what they may do depends on it.
    func authenticate(
        _ said: Authentication,
        _ header: FrameHeader,
        _ context: ChannelHandlerContext
    ) {
        isAuthenticating = true
        let serial = takeSerial()
        inFlight[header.requestID] = InFlight(header: header, serial: serial)
        let (access, address) = (service.access, context.remoteAddress)
        let (eventLoop, arrival) = (context.eventLoop, arrival)
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        let context = context.loopBound
        Task {
            let result: Result<Grant, RequestError>
            do throws(RequestError) {
                result = .success(try await access.authenticate(said, at: address))
            } catch {
                result = .failure(error)
            }
            eventLoop.execute {
                bound.value.adopt(result, header, serial, arrival: arrival, context.value)
            }
        }
    }

    /// A credential that fails takes nothing away: the connection keeps the grant it had.
    private func adopt(
        _ result: Result<Grant, RequestError>,
        _ header: FrameHeader,
        _ serial: UInt64,
        arrival: ContinuousClock.Instant,
        _ context: ChannelHandlerContext
    ) {
        isAuthenticating = false
        let isGood = (try? result.get()) != nil
        service.metrics.count(isGood ? .authenticationsGood : .authenticationsBad)
        let outcome: Logger.MetadataValue
        let answer: Result<Response, RequestError>
        switch result {
        case .success(let new):
            grant = new
            inbox.bodyBytesMax = bodyBytesGranted
            outcome = "allowed"
            answer = .success(.authenticated(new.receipt))
        case .failure(let error):
            outcome = "refused: \(error.message)"
            answer = .failure(error)
        }
        logger.log(
            level: grant == nil ? .notice : .debug,
            "authentication",
            metadata: [
                "outcome": outcome,
                "subject": "\(String(reflecting: grant?.subject ?? "nobody"))",
                "address": "\(context.remoteAddress?.description ?? "unix")",
            ]
        )
        complete(answer, header, serial, arrival: arrival, context)
    }

    /// Gives up a request that waits for its turn or is being worked on.
    ///
    /// Loads are not given up: they end by their own rules.
    func cancel(_ requestID: UInt32) {
        guard let request = inFlight[requestID],
            request.header.opcode != Opcode.loadData.rawValue,
            request.header.opcode != Opcode.authenticate.rawValue
        else { return }
        // What cannot be stopped counts as before: else CANCEL would be the way around the limit.
        if !service.cancel(requestID, lane) { abandoned.insert(request.serial) }
        inFlight.removeValue(forKey: requestID)
        say(failure(.cancelled, request.header), to: request.header, microseconds: 0)
    }
}

extension Grant {
    /// As the wire has it.
    var receipt: AuthenticationReceipt {
        AuthenticationReceipt(
            scopes: scopes.rawValue,
            subject: subject,
            expiryMilliseconds: expiry ?? 0
        )
    }
}
