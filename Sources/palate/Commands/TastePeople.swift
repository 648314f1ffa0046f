import ArgumentParser
import PalateClient
import PalateModel

/// `palate taste person`.
struct PersonCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "person",
        abstract: "Show what is known of a person."
    )

    @OptionGroup var address: CollectionAddress

    @Option(help: "Whom.")
    var user: UInt64

    func run() async throws {
        let profile = try await address.open { client, info in
            try await client.profile(ProfileRequest(handle: info.handle, user: user))
        }
        let line = ProfileLine(profile)
        if address.json { try printJSON(line) } else { print(line.text) }
    }
}

/// `palate taste history`.
struct HistoryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "history",
        abstract: "Print a person's events, one line of JSON each, in order of arrival."
    )

    @OptionGroup var address: CollectionAddress

    @Option(help: "Whose.")
    var user: UInt64

    func run() async throws {
        try await address.open { client, info in
            var from: UInt64? = 0
            while let start = from {
                let page = try await client.history(
                    HistoryRequest(handle: info.handle, user: user, from: start)
                )
                for event in page.events { try printJSON(HistoryLine(event)) }
                from = page.next
            }
        }
    }
}

private struct HistoryLine: Encodable {
    var item: UInt64
    var type: String
    var time: Int64
    var id: UInt64?
    var context: UInt64?
    var propensity: Float?

    init(_ event: Event) {
        item = event.item
        type = event.type.name
        time = event.timeMilliseconds
        id = event.id
        context = event.context
        propensity = event.propensity
    }
}

private struct ProfileLine: Encodable {
    struct InterestLine: Encodable {
        var medoid: UInt64
        var importance: Float
        var members: Int
        var lifecycle: String
        var stage: String
        var shown: Float
        var engaged: Float
    }

    var liked: Int
    var other: Int
    var exposures: Int
    var newest: Int64
    var interests: [InterestLine]
    var negatives: [UInt64]

    init(_ profile: PersonProfile) {
        liked = profile.likedCount
        other = profile.otherCount
        exposures = profile.exposureCount
        newest = profile.newestMilliseconds
        interests = profile.interests.map {
            InterestLine(
                medoid: $0.medoid,
                importance: $0.importance,
                members: $0.memberCount,
                lifecycle: "\($0.lifecycle)",
                stage: "\($0.stage)",
                shown: $0.shown,
                engaged: $0.engaged
            )
        }
        negatives = profile.negatives.map(\.item)
    }

    var text: String {
        let head = "\(liked) liked, \(other) other, \(exposures) shown, newest at \(newest) ms"
        let lines = interests.map {
            "\($0.medoid)\t\($0.importance)\t\($0.members) items\t\($0.lifecycle)\t\($0.stage)"
        }
        return ([head] + lines).joined(separator: "\n")
    }
}
