import PalateModel

// HELLO, ERROR and GOAWAY: the bodies that are about the connection.
extension V1 {
    func encodeHello(_ hello: Hello, _ writer: inout FrameWriter) {
        let name = bounded(hello.clientName, to: Hello.nameBytes.upperBound)
        writer.write(hello.versions.lowerBound)
        writer.write(hello.versions.upperBound)
        writer.write(hello.features)
        writer.write(UInt32(clamping: hello.bodyBytesMax))
        writer.write(UInt16(name.utf8.count))
        writer.write(UInt16(0))
        writer.write(hello.expectedServer.low)
        writer.write(hello.expectedServer.high)
        writer.write(text: name)
    }

    func decodeHello(_ reader: inout BodyReader) throws(RequestError) -> Hello {
        let oldest = try reader.read(UInt16.self, "oldest version")
        let newest = try reader.read(UInt16.self, "newest version")
        guard oldest <= newest else {
            throw .malformed(reason: "version \(oldest) is above version \(newest)", offset: 0)
        }
        let features = try reader.read(UInt32.self, "features")
        let bodyBytesMax = try reader.readCount("largest body", in: Hello.bodyBytes)
        let nameBytes = Int(try reader.read(UInt16.self, "name length"))
        _ = try reader.checked(nameBytes, "name length", in: Hello.nameBytes)
        try reader.readReserved(UInt16.self, "reserved field at byte 14")
        let server = ServerID(
            low: try reader.read(UInt64.self, "server id"),
            high: try reader.read(UInt64.self, "server id")
        )
        return Hello(
            clientName: try reader.readText(byteCount: nameBytes, "client name"),
            versions: oldest...newest,
            features: features,
            bodyBytesMax: bodyBytesMax,
            expectedServer: server
        )
    }

    func encodeWelcome(_ welcome: Welcome, _ writer: inout FrameWriter) {
        let name = bounded(welcome.serverName, to: Hello.nameBytes.upperBound)
        writer.write(welcome.version)
        writer.write(UInt16(name.utf8.count))
        writer.write(welcome.features)
        writer.write(UInt32(clamping: welcome.bodyBytesMax))
        writer.write(UInt32(clamping: welcome.requestsInFlight))
        writer.write(welcome.server.low)
        writer.write(welcome.server.high)
        writer.write(text: name)
    }

    func decodeWelcome(_ reader: inout BodyReader) throws(RequestError) -> Welcome {
        let version = try reader.read(UInt16.self, "version")
        let nameBytes = Int(try reader.read(UInt16.self, "name length"))
        _ = try reader.checked(nameBytes, "name length", in: Hello.nameBytes)
        let features = try reader.read(UInt32.self, "features")
        let bodyBytesMax = try reader.readCount("largest body", in: Hello.bodyBytes)
        let requestsInFlight = try reader.readCount(
            "requests in flight",
            in: 1...Int(UInt32.max)
        )
        let server = ServerID(
            low: try reader.read(UInt64.self, "server id"),
            high: try reader.read(UInt64.self, "server id")
        )
        return Welcome(
            version: version,
            features: features,
            bodyBytesMax: bodyBytesMax,
            requestsInFlight: requestsInFlight,
            server: server,
            serverName: try reader.readText(byteCount: nameBytes, "server name")
        )
    }

    func encodeReport(_ report: ErrorReport, _ writer: inout FrameWriter) {
        let message = bounded(report.message, to: ErrorReport.messageBytes.upperBound)
        writer.write(report.code)
        writer.write(report.failureClass)
        writer.write(UInt8(report.isRetryable ? 1 : 0))
        writer.write(report.retryAfterMilliseconds)
        writer.write(report.offset)
        writer.write(UInt16(message.utf8.count))
        writer.write(UInt16(0))
        writer.write(text: message)
    }

    func decodeReport(_ reader: inout BodyReader) throws(RequestError) -> ErrorReport {
        let code = try reader.read(UInt16.self, "code")
        let failureClass = try reader.read(UInt8.self, "class")
        let retryable = try reader.checked(
            Int(try reader.read(UInt8.self, "retryable")),
            "retryable",
            in: 0...1
        )
        let retryAfter = try reader.read(UInt32.self, "retry after")
        let offset = try reader.read(UInt32.self, "offset")
        let messageBytes = Int(try reader.read(UInt16.self, "message length"))
        _ = try reader.checked(messageBytes, "message length", in: ErrorReport.messageBytes)
        try reader.readReserved(UInt16.self, "reserved field at byte 14")
        return ErrorReport(
            code: code,
            failureClass: failureClass,
            isRetryable: retryable == 1,
            retryAfterMilliseconds: retryAfter,
            offset: offset,
            message: try reader.readText(byteCount: messageBytes, "message")
        )
    }

    func encodeGoAway(_ goAway: GoAway, _ writer: inout FrameWriter) {
        let reason = bounded(goAway.reason, to: ErrorReport.messageBytes.upperBound)
        writer.write(goAway.drainMilliseconds)
        writer.write(UInt16(reason.utf8.count))
        writer.write(UInt16(0))
        writer.write(text: reason)
    }

    func decodeGoAway(_ reader: inout BodyReader) throws(RequestError) -> GoAway {
        let drain = try reader.read(UInt32.self, "drain time")
        let reasonBytes = Int(try reader.read(UInt16.self, "reason length"))
        _ = try reader.checked(reasonBytes, "reason length", in: ErrorReport.messageBytes)
        try reader.readReserved(UInt16.self, "reserved field at byte 6")
        return GoAway(
            drainMilliseconds: drain,
            reason: try reader.readText(byteCount: reasonBytes, "reason")
        )
    }

    /// Cuts at a character so that a long text is shorter, never invalid.
    func bounded(_ text: String, to byteCount: Int) -> String {
        guard text.utf8.count > byteCount else { return text }
        var cut = ""
        for character in text {
            guard cut.utf8.count + character.utf8.count <= byteCount else { break }
            cut.append(character)
        }
        return cut
    }
}
