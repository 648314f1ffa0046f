import PalateModel

// What PROFILE_GET and HISTORY_GET answer.
extension V1 {
    private static let interests = 0...1_024
    private static let negatives = 0...4_096

    func encodeProfile(_ profile: PersonProfile, _ writer: inout FrameWriter) {
        writer.write(UInt32(clamping: profile.likedCount))
        writer.write(UInt32(clamping: profile.otherCount))
        writer.write(UInt32(clamping: profile.exposureCount))
        writer.write(UInt32(clamping: profile.interests.count))
        writer.write(UInt32(clamping: profile.negatives.count))
        writer.write(UInt32(0))
        writer.write(profile.newestMilliseconds)
        for interest in profile.interests {
            writer.write(interest.medoid)
            writer.write(interest.importance)
            writer.write(UInt32(clamping: interest.memberCount))
            writer.write(interest.shown)
            writer.write(interest.engaged)
            writer.write(UInt32(interest.lifecycle.rawValue))
            writer.write(UInt32(interest.stage.rawValue))
        }
        writer.write(column: profile.negatives.map(\.item))
        writer.write(column: profile.negatives.map(\.weight))
    }

    func decodeProfile(_ reader: inout BodyReader) throws(RequestError) -> PersonProfile {
        var profile = PersonProfile()
        profile.likedCount = Int(try reader.read(UInt32.self, "liked items"))
        profile.otherCount = Int(try reader.read(UInt32.self, "other items"))
        profile.exposureCount = Int(try reader.read(UInt32.self, "exposures"))
        let interests = try reader.readCount("interests", in: Self.interests)
        let negatives = try reader.readCount("negatives", in: Self.negatives)
        try reader.readReserved(UInt32.self, "reserved field of a profile")
        profile.newestMilliseconds = try reader.read(Int64.self, "newest event")
        for _ in 0..<interests { profile.interests.append(try decodeInterest(&reader)) }
        let items = try reader.readColumn(ItemID.self, count: negatives, "negatives")
        let weights = try reader.readColumn(Float.self, count: negatives, "negative weights")
        profile.negatives = zip(items, weights).map { WeightedItem($0, weight: $1) }
        return profile
    }

    private func decodeInterest(_ reader: inout BodyReader) throws(RequestError) -> Interest {
        let medoid = try reader.read(UInt64.self, "medoid")
        let importance = try reader.readFloat("importance")
        let members = Int(try reader.read(UInt32.self, "members"))
        let shown = try reader.readFloat("shown")
        let engaged = try reader.readFloat("engaged")
        let lifecycleTag = try reader.read(UInt32.self, "lifecycle")
        guard let lifecycle = UInt8(exactly: lifecycleTag).flatMap(Lifecycle.init) else {
            throw .unsupported(what: "lifecycle", got: Int(lifecycleTag))
        }
        let stageTag = try reader.read(UInt32.self, "stage")
        guard let stage = UInt8(exactly: stageTag).flatMap(FunnelStage.init) else {
            throw .unsupported(what: "funnel stage", got: Int(stageTag))
        }
        return Interest(
            medoid: medoid,
            importance: importance,
            memberCount: members,
            lifecycle: lifecycle,
            stage: stage,
            shown: shown,
            engaged: engaged
        )
    }

    func encodeHistory(_ history: History, _ writer: inout FrameWriter) {
        writer.write(UInt32(clamping: history.events.count))
        writer.write(UInt32(0))
        writer.write(history.next ?? 0)
        let events = history.events
        writer.write(column: history.sequences)
        writer.write(column: events.map(\.user))
        writer.write(column: events.map(\.item))
        writer.write(column: events.map(\.timeMilliseconds))
        writer.write(column: events.map { $0.id ?? .max })
        writer.write(column: events.map { $0.context ?? .max })
        writer.write(column: events.map { $0.propensity ?? 0 })
        writer.write(column: events.map(\.type.rawValue))
    }

    func decodeHistory(_ reader: inout BodyReader) throws(RequestError) -> History {
        var history = History()
        let count = try reader.readCount("events", in: 0...Limits.historyEvents.upperBound)
        try reader.readReserved(UInt32.self, "reserved field of a history")
        let next = try reader.read(UInt64.self, "next sequence")
        history.next = next == 0 ? nil : next
        history.sequences = try reader.readColumn(UInt64.self, count: count, "sequences")
        let columns: EventColumns = [.ids, .contexts, .propensities]
        history.events = try decodeEvents(&reader, count: count, columns)
        return history
    }
}
