package import PalateModel

/// What came of the lists that each weight profile made: the share of its impressions that led to
/// an event of each type.
///
/// A list is remembered for whom it was made; an impression of that person within the hour counts
/// for its profile; what they do with the item within a day of it counts once per type. Both
/// memories have a fixed number of places that newer entries take over, so a figure may miss what
/// came late, and counts nothing twice. Counted since the store was opened.
package struct EngagementGauges: Sendable {
    /// Profiles with figures of their own; lists by others are not counted.
    package static let profilesMax = 64
    /// How long after a list its impressions may come.
    package static let impressionMilliseconds: Int64 = 3_600_000
    /// How long after an impression an event is its work.
    package static let engagementMilliseconds: Int64 = 86_400_000

    /// Figures of one profile.
    package struct Figures: Equatable, Sendable {
        /// Lists made.
        package var lists: UInt64 = 0
        /// Items shown.
        package var impressions: UInt64 = 0
        /// By raw value of the event type: impressions that led to one.
        package var engagements = [UInt64](repeating: 0, count: EventType.allCases.count)
    }

    private struct Served {
        var user: UserID = 0
        var time: Int64 = .min
        var profile: UInt16 = 0
    }

    private struct Shown {
        var user: UserID = 0
        var item: ItemID = 0
        var time: Int64 = .min
        var profile: UInt16 = 0
        /// A bit per type of event that was counted.
        var types: UInt16 = 0
    }

    /// By profile, in the order in which they were first served.
    package private(set) var figures: [(profile: String, figures: Figures)] = []
    /// 1.5 MB and 10 MB, made with the first list.
    private var served: [Served] = []
    private var shown: [Shown] = []
    private static let servedPlaces = 1 << 16
    private static let shownPlaces = 1 << 18

    /// Nothing served.
    package init() {}

    /// A list was made for somebody.
    package mutating func serve(_ user: UserID, by profile: String, at time: Int64) {
        var number = figures.firstIndex { $0.profile == profile }
        if number == nil, figures.count < Self.profilesMax {
            number = figures.count
            figures.append((profile, Figures()))
        }
        guard let number else { return }
        if served.isEmpty {
            served = [Served](repeating: Served(), count: Self.servedPlaces)
            shown = [Shown](repeating: Shown(), count: Self.shownPlaces)
        }
        figures[number].figures.lists += 1
        served[Self.place(user, 0, of: Self.servedPlaces)] = Served(
            user: user,
            time: time,
            profile: UInt16(number)
        )
    }

    /// Remembers nothing of somebody; what they did stays counted.
    package mutating func forget(_ user: UserID) {
        for place in served.indices where served[place].user == user { served[place] = Served() }
        for place in shown.indices where shown[place].user == user { shown[place] = Shown() }
    }

    /// Counts what somebody did or was shown.
    package mutating func count(_ event: Event) {
        guard !served.isEmpty else { return }
        let place = Self.place(event.user, event.item, of: Self.shownPlaces)
        guard event.type != .impression else { return show(event, at: place) }
        guard shown[place].user == event.user, shown[place].item == event.item,
            Self.follows(event, shown[place].time, within: Self.engagementMilliseconds)
        else { return }
        let bit = UInt16(1) << event.type.rawValue
        guard shown[place].types & bit == 0 else { return }
        shown[place].types |= bit
        let profile = Int(shown[place].profile)
        figures[profile].figures.engagements[Int(event.type.rawValue)] += 1
    }

    private mutating func show(_ event: Event, at place: Int) {
        let last = served[Self.place(event.user, 0, of: Self.servedPlaces)]
        guard last.user == event.user,
            Self.follows(event, last.time, within: Self.impressionMilliseconds)
        else { return }
        figures[Int(last.profile)].figures.impressions += 1
        shown[place] = Shown(
            user: event.user,
            item: event.item,
            time: event.timeMilliseconds,
            profile: last.profile
        )
    }

    /// Whether an event came after something, and soon; clocks may be a minute apart.
    private static func follows(_ event: Event, _ time: Int64, within limit: Int64) -> Bool {
        guard time != .min else { return false }
        return (-60_000...limit).contains(Decay.elapsed(from: time, to: event.timeMilliseconds))
    }

    private static func place(_ user: UserID, _ item: ItemID, of places: Int) -> Int {
        Int(truncatingIfNeeded: SplitMix64.number(user, seed: item)) & (places - 1)
    }
}

/// A rate and the interval that holds the true one with a confidence of 95 % (Wilson, JASA 1927,
/// doi:10.1080/01621459.1927.10502953).
package struct RateInterval: Equatable, Sendable {
    /// What was seen.
    package let rate: Double
    /// The least that fits it.
    package let low: Double
    /// The most.
    package let high: Double

    /// Of so many tries so many successes, at most as many; all 0 of none.
    package init(successes: UInt64, of tries: UInt64) {
        guard tries > 0 else {
            (rate, low, high) = (0, 0, 0)
            return
        }
        let (n, z) = (Double(tries), 1.959964)
        let share = Double(min(successes, tries)) / n
        let scale = 1 / (1 + z * z / n)
        let centre = scale * (share + z * z / (2 * n))
        let reach =
            scale * z * (share * (1 - share) / n + z * z / (4 * n * n)).squareRoot()
        rate = share
        // Rounding must not leave the share outside.
        low = min(share, max(0, centre - reach))
        high = max(share, min(1, centre + reach))
    }
}
