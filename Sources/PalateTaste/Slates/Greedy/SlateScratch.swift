/// The memory of all slate builders, leased per query and reused.
package struct SlateScratch: Sendable {
    var ranking = SlateRanking()
    var rules = SlateRuleState()
    var cosines = LargestCosineGain()
    var lengths = ResidualGain<ResidualLength>()
    var logarithms = ResidualGain<ResidualLogarithm>()
    var calibration = CalibrationGain()

    /// Empty; grows to fit on first use.
    package init() {}

    /// Starts a slate.
    mutating func load(count: Int, from input: SlateInput, rules: SlateRules) {
        ranking.load(input.relevance)
        self.rules.load(rules, count: count, from: input)
    }
}
