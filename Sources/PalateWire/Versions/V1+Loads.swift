import PalateModel

// LOAD_BEGIN, LOAD_DATA, LOAD_COMMIT and EVENT.
extension V1 {
    func encodeLoadBegin(_ begin: LoadBegin, _ writer: inout FrameWriter) {
        writer.write(begin.handle)
        writer.write(begin.start.rawValue)
        writer.write(begin.loaderID)
        writer.write(begin.epoch)
    }

    func decodeLoadBegin(_ reader: inout BodyReader) throws(RequestError) -> LoadBegin {
        let handle = try reader.read(UInt32.self, "handle")
        let number = try reader.read(UInt32.self, "start")
        guard let start = LoadStart(rawValue: number) else {
            throw .unsupported(what: "start of a load", got: Int(number))
        }
        let loaderID = try reader.read(UInt64.self, "loader id")
        let epoch = try reader.read(UInt64.self, "epoch")
        guard start == .given || epoch == 0 else {
            throw .malformed(reason: "an epoch where the server is to choose it", offset: 16)
        }
        return LoadBegin(handle: handle, loaderID: loaderID, epoch: epoch, start: start)
    }

    func encodeGrant(_ grant: LoadGrant, _ writer: inout FrameWriter) {
        writer.write(grant.durableSequence)
        writer.write(grant.creditBytes)
        writer.write(grant.suggestedRows)
        writer.write(UInt32(grant.epoch == nil ? 0 : 1))
        if let epoch = grant.epoch { writer.write(epoch) }
    }

    func decodeGrant(_ reader: inout BodyReader) throws(RequestError) -> LoadGrant {
        var grant = LoadGrant(
            durableSequence: try reader.read(UInt64.self, "durable sequence"),
            creditBytes: try reader.read(UInt64.self, "credit bytes"),
            suggestedRows: try reader.read(UInt32.self, "suggested rows")
        )
        let flags = try reader.read(UInt32.self, "flags")
        guard flags <= 1 else { throw .unsupported(what: "flags of a grant", got: Int(flags)) }
        if flags == 1 { grant.epoch = try reader.read(UInt64.self, "epoch") }
        return grant
    }

    func encodeLoadData(_ data: LoadData, _ writer: inout FrameWriter) {
        writer.write(data.begin.loaderID)
        writer.write(data.begin.epoch)
        writer.write(data.sequence)
        writer.write(UInt64(0))
        encodeRows(data.begin.handle, data.rows, &writer)
    }

    func decodeLoadData(
        _ header: FrameHeader,
        _ reader: inout BodyReader,
        _ dimensionsOf: (UInt32) -> Int?
    ) throws(RequestError) -> LoadData {
        guard header.flags.contains(.bodyChecksum) else {
            throw .malformed(reason: "LOAD_DATA needs a body checksum", offset: 0)
        }
        let loaderID = try reader.read(UInt64.self, "loader id")
        let epoch = try reader.read(UInt64.self, "epoch")
        let sequence = try reader.read(UInt64.self, "sequence")
        guard sequence > 0 else {
            throw .malformed(reason: "load sequences start at 1", offset: 16)
        }
        try reader.readReserved(UInt64.self, "reserved field at byte 24")
        let (handle, rows) = try decodeRows(&reader, dimensionsOf)
        return LoadData(
            begin: LoadBegin(handle: handle, loaderID: loaderID, epoch: epoch),
            sequence: sequence,
            rows: rows
        )
    }

    func encodeAcknowledgement(
        _ acknowledgement: LoadAcknowledgement,
        _ writer: inout FrameWriter
    ) {
        writer.write(acknowledgement.receivedSequence)
        writer.write(acknowledgement.durableSequence)
    }

    func decodeAcknowledgement(
        _ reader: inout BodyReader
    ) throws(RequestError) -> LoadAcknowledgement {
        LoadAcknowledgement(
            receivedSequence: try reader.read(UInt64.self, "received sequence"),
            durableSequence: try reader.read(UInt64.self, "durable sequence")
        )
    }

    func encodeLoadCommit(_ commit: LoadCommit, _ writer: inout FrameWriter) {
        writer.write(commit.begin.handle)
        writer.write(commit.idChecksum)
        writer.write(commit.begin.loaderID)
        writer.write(commit.begin.epoch)
        writer.write(commit.expectedRows)
    }

    func decodeLoadCommit(_ reader: inout BodyReader) throws(RequestError) -> LoadCommit {
        let handle = try reader.read(UInt32.self, "handle")
        let checksum = try reader.read(UInt32.self, "checksum of the ids")
        let begin = LoadBegin(
            handle: handle,
            loaderID: try reader.read(UInt64.self, "loader id"),
            epoch: try reader.read(UInt64.self, "epoch")
        )
        return LoadCommit(
            begin: begin,
            expectedRows: try reader.read(UInt64.self, "expected rows"),
            idChecksum: checksum
        )
    }
}
