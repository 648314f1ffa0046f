/// The rules of one slate while it grows: who may still be chosen, and what spacing costs.
///
/// Asked once per candidate and place by the greedy loop, so the answer is one look-up: a group
/// that has reached its cap closes its candidates at once.
struct SlateRuleState: Sendable {
    /// Shape [n]: neither in the slate, nor pinned, nor closed by a cap.
    private(set) var isOpen: [Bool] = []
    /// Whether `penalty(of:)` can be anything but 0.
    private(set) var hasSpacing = false
    private var rules = SlateRules()
    /// By place; taken from the end.
    private var pinsLeft: [SlatePin] = []
    /// Shape [n], by group number.
    private var groupCounts: [Int] = []
    /// Shape [n], by group number: what spacing costs at the next place.
    private var penalties: [Float] = []
    /// Shape [c].
    private var clusterCounts: [Int] = []
    /// Groups of the last `spacingWindow` places, the newest last.
    private var recentGroups: [Int] = []

    /// Starts a slate.
    mutating func load(_ rules: SlateRules, count: Int, from input: SlateInput) {
        self.rules = rules
        refill(&isOpen, with: true, count: input.count)
        let hasGroups = !input.groups.isEmpty
        hasSpacing =
            (hasGroups || !input.spacingGroups.isEmpty) && rules.spacingWeight > 0
            && rules.spacingWindow > 0
        if hasGroups { refill(&groupCounts, with: 0, count: input.count) }
        if hasSpacing { refill(&penalties, with: 0, count: input.count) }
        refill(&clusterCounts, with: 0, count: rules.clusterQuotas.count)
        recentGroups.removeAll(keepingCapacity: true)
        closeForbidden(input)
        pinsLeft = rules.keptPins(count: count, candidates: input.count).reversed()
        for pin in pinsLeft { record(pin.candidate, in: input) }
    }

    /// The candidate pinned at this place.
    mutating func pin(at place: Int) -> Int? {
        guard let pin = pinsLeft.last, pin.position <= place else { return nil }
        pinsLeft.removeLast()
        return pin.candidate
    }

    /// The next pinned candidate, wherever its place: the slate closes up where it runs short.
    mutating func nextPin() -> Int? { pinsLeft.popLast()?.candidate }

    /// What spacing takes from a candidate at the next place.
    func penalty(of candidate: Int, in input: SlateInput) -> Float {
        guard hasSpacing else { return 0 }
        let group = input.spacingGroup(candidate)
        return group < 0 ? 0 : penalties[group]
    }

    /// Puts a candidate into the next place.
    mutating func place(_ candidate: Int, isPinned: Bool, in input: SlateInput) {
        if !isPinned { record(candidate, in: input) }
        guard hasSpacing else { return }
        for group in recentGroups where group >= 0 { penalties[group] = 0 }
        if recentGroups.count == min(rules.spacingWindow, SlateRules.spacingWindowMax) {
            recentGroups.removeFirst()
        }
        recentGroups.append(input.spacingGroup(candidate))
        for (age, group) in recentGroups.reversed().enumerated() where group >= 0 {
            penalties[group] += rules.spacingWeight / Float(age + 1)
        }
    }

    /// Counts a candidate towards its caps, and closes whatever they close.
    private mutating func record(_ candidate: Int, in input: SlateInput) {
        isOpen[candidate] = false
        let group = input.group(candidate)
        if group >= 0 {
            groupCounts[group] += 1
            if groupCounts[group] == rules.groupCap { close(input.groups, group) }
        }
        let cluster = input.cluster(candidate)
        if rules.clusterQuotas.indices.contains(cluster) {
            clusterCounts[cluster] += 1
            if clusterCounts[cluster] == rules.clusterQuotas[cluster] {
                close(input.clusters, cluster)
            }
        }
    }

    private mutating func close(_ numbers: Span<Int32>, _ number: Int) {
        for candidate in numbers.indices where Int(numbers[candidate]) == number {
            isOpen[candidate] = false
        }
    }

    /// Caps and quotas of 0.
    private mutating func closeForbidden(_ input: SlateInput) {
        for candidate in input.groups.indices {
            let group = input.group(candidate)
            precondition(group >= -1 && group < input.count, "group numbers lie below n")
            if rules.groupCap <= 0 && group >= 0 { isOpen[candidate] = false }
        }
        for candidate in input.spacingGroups.indices {
            let group = input.spacingGroup(candidate)
            precondition(group >= -1 && group < input.count, "group numbers lie below n")
        }
        for (cluster, quota) in rules.clusterQuotas.enumerated() where quota <= 0 {
            close(input.clusters, cluster)
        }
    }
}

/// Makes `values` `count` copies of one value, in the same buffer.
func refill<Value>(_ values: inout [Value], with value: Value, count: Int) {
    values.removeAll(keepingCapacity: true)
    values.append(contentsOf: repeatElement(value, count: count))
}
