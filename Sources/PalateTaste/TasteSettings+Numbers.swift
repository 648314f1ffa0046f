package import PalateModel

/// The settings as named numbers: how they travel, and how they are stored.
///
/// `weight.save`, `half_life.save` and so on for every event type but the impression, then the
/// names below.
extension TasteSettings {
    private struct Entry {
        var name: String
        var path: WritableKeyPath<TasteSettings, Float>
        var range: ClosedRange<Float>

        init(
            _ name: String,
            _ path: WritableKeyPath<TasteSettings, Float>,
            _ range: ClosedRange<Float>
        ) {
            self.name = name
            self.path = path
            self.range = range
        }
    }

    /// Computed, because key paths are not Sendable; read when settings change.
    private static var entries: [Entry] {
        [
            Entry("cluster_similarity", \.clusterSimilarity, -1...1),
            Entry("refresh_hours", \.refreshHours, 0...8_760),
            Entry("history_events", \.historyEvents, 0...1e9),
            Entry("history_days", \.historyDays, 0...36_500),
            Entry("recluster_events", \.reclusterEvents, 0...1e6),
            Entry("cluster_reward", \.clusterReward, 0...10),
            Entry("calibration_similarity", \.calibrationSimilarity, -1...1),
            Entry("negative_similarity", \.negativeSimilarity, -1...1),
            Entry("duplicate_similarity", \.duplicateSimilarity, -1...1),
            Entry("purchase_hold_days", \.purchaseHoldDays, 0...3_650),
            Entry("session_boost", \.sessionBoost, 0...1_000),
            Entry("session_half_life", \.sessionHalfLifeDays, 1e-4...3_650),
            Entry("fatigue_half_life", \.fatigueHalfLifeDays, 1e-4...3_650),
            Entry("fatigue_strength", \.fatigueStrength, 0...1_000),
            Entry("fatigue_limit", \.fatigueLimit, 0.01...1e6),
            Entry("fading_days", \.fadingDays, 0...3_650),
            Entry("nascent_days", \.nascentDays, 0...3_650),
            Entry("temperature", \.temperature, 0...100),
            Entry("interest_quota", \.interestQuota, 0.01...1),
            Entry("interest_field", \.interestField, 0...65_535),
            Entry("interest_spread", \.interestSpread, 0...1),
            Entry("fusion_constant", \.fusionConstant, 1...10_000),
            Entry("walk.seed_exponent", \.walk.seedDegreeExponent, 0...2),
            Entry("walk.user_exponent", \.walk.userDegreeExponent, 0...2),
            Entry("walk.sharpness", \.walk.sharpness, 0.1...10),
            Entry("walk.popularity_exponent", \.walk.popularityExponent, 0...2),
            Entry("walk.half_life", \.walk.halfLifeDays, 1e-4...Float.infinity),
        ]
    }

    private static let weights: ClosedRange<Float> = -20...10
    private static let halfLives: ClosedRange<Float> = 1e-4...Float.infinity

    /// Every setting.
    package var numbers: [NamedNumber] {
        var numbers: [NamedNumber] = []
        for type in EventType.allCases where type != .impression {
            numbers.append(NamedNumber("weight.\(type.name)", Double(self[type].weight)))
            numbers.append(NamedNumber("half_life.\(type.name)", Double(self[type].halfLifeDays)))
        }
        for entry in Self.entries {
            numbers.append(NamedNumber(entry.name, Double(self[keyPath: entry.path])))
        }
        return numbers
    }

    /// The settings with some numbers replaced.
    ///
    /// - Throws: `unknownChoice` for a name, `outOfRange` for a value.
    package func with(_ numbers: [NamedNumber]) throws(RequestError) -> TasteSettings {
        var settings = self
        for number in numbers { try settings.set(number) }
        return settings
    }

    private mutating func set(_ number: NamedNumber) throws(RequestError) {
        let value = Float(number.value)
        if let entry = Self.entries.first(where: { $0.name == number.name }) {
            try Self.check(value, number.name, entry.range)
            self[keyPath: entry.path] = value
            return
        }
        for type in EventType.allCases where type != .impression {
            if number.name == "weight.\(type.name)" {
                try Self.check(value, number.name, Self.weights)
                self[type].weight = value
                return
            }
            if number.name == "half_life.\(type.name)" {
                try Self.check(value, number.name, Self.halfLives)
                self[type].halfLifeDays = value
                return
            }
        }
        throw .unknownChoice(
            field: "taste setting",
            got: number.name,
            expected: self.numbers.map(\.name)
        )
    }

    private static func check(
        _ value: Float,
        _ name: String,
        _ range: ClosedRange<Float>
    ) throws(RequestError) {
        guard range.contains(value) else {
            throw .badNumber(
                field: name,
                got: Double(value),
                expected: Double(range.lowerBound)...Double(range.upperBound)
            )
        }
    }
}

extension TermValues {
    /// The weights as named numbers, one per term.
    package var numbers: [NamedNumber] {
        ScoreTerm.allCases.map { NamedNumber($0.name, Double(self[$0])) }
    }

    /// The weights with some replaced.
    ///
    /// - Throws: `unknownChoice` for a name, `badNumber` for a value.
    package func with(_ numbers: [NamedNumber]) throws(RequestError) -> TermValues {
        var weights = self
        for number in numbers {
            guard let term = ScoreTerm.named(number.name) else {
                throw .unknownChoice(
                    field: "score term",
                    got: number.name,
                    expected: ScoreTerm.names
                )
            }
            let most = Double(Limits.weightMagnitude)
            guard (-most...most).contains(number.value) else {
                throw .badNumber(field: number.name, got: number.value, expected: -most...most)
            }
            weights[term] = Float(number.value)
        }
        return weights
    }
}
