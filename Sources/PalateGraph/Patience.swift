/// How long a search goes on without finding anything that matters.
struct Patience: Sendable {
    /// Candidates followed in a row without a newcomer among the watched ones that end a search.
    let lists: Int
    /// The nearest places of the beam, where a newcomer counts.
    let watched: Int

    /// A search that ends with its beam.
    static let endless = Patience(lists: .max, watched: 0)

    /// Searches are patient where fewer than these are eligible for each that is not: lists then
    /// bring too little to judge by.
    static let eligiblePerIneligible = 8

    /// By the beam and the results wanted.
    init(beamWidth: Int, kept: Int) {
        self.init(
            lists: max(Self.listsMin, beamWidth / Self.beamShare),
            watched: max(Self.watchedMin, kept)
        )
    }

    private init(lists: Int, watched: Int) {
        self.lists = lists
        self.watched = watched
    }

    /// A third of the beam.
    ///
    /// At equal recall (1,000,000 x 256) a half scored a tenth more rows at 0.999, a quarter as
    /// many.
    private static let beamShare = 3
    /// Narrow beams end by themselves.
    private static let listsMin = 8
    /// Ten results are safe when the 16 nearest no longer change; watching 10 takes 3 % more rows
    /// at equal recall, watching 24 as many.
    private static let watchedMin = 16
}
