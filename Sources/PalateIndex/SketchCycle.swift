import PalateGraph
import PalateModel
import PalateQuantization

/// Makes and remakes the sketches of a collection's links, a part at a time, on the writer's queue.
///
/// A list that is written loses its sketches in the same moment, and is searched whole. They are
/// made again where they stood, once every search has ended that may still read those before. When
/// codes are trained again, all lists lose theirs.
struct SketchCycle {
    /// Lists of a part: in a quiet moment, and behind a write.
    static let listsPerChore = 2_048
    static let listsPerBatch = 256
    /// Lists looked at for a part, at most.
    private static let listsSeen = 65_536
    /// Parts that rest at a time.
    private static let restingParts = 2

    /// What sketches are made of, and by.
    private struct Maker {
        let codes: CodeSet
        let sketcher: LinkSketcher
        var scratch: LinkSketcher.Scratch
        /// Whether walks were timed with all sketches.
        var isMeasured = false
    }

    private var maker: Maker?
    /// Lists without sketches, and the epoch whose readers may still read older ones.
    private var resting: [(epoch: UInt64, lists: [UnestimatedList])] = []
    /// The next list to look at, and how many are left.
    private var next: Ordinal = 0
    private var left: Int
    /// Codes that no sketches can be made for.
    private var unfit: CodeSet?

    /// Starts with all lists of a graph.
    init(of graph: LiveGraph) { left = graph.count }

    /// Whether lists are left to be looked at or sketched.
    var hasWork: Bool { left > 0 || !resting.isEmpty }

    /// Lists may have been written.
    mutating func noteChange(in graph: LiveGraph) { left = graph.count }

    /// Lets lists rest, and sketches those that rested before: a part behind, so that searches end
    /// meanwhile.
    ///
    /// - Parameters:
    ///   - limit: lists, at most.
    ///   - graph: whose.
    ///   - state: holds the codes, and gets the sketches.
    /// - Returns: false where searches that run now have to end first.
    mutating func advance(limit: Int, _ graph: LiveGraph, _ state: CollectionState) -> Bool {
        guard let codes = state.codes, prepare(for: codes, graph, state) else {
            left = 0
            return true
        }
        if resting.count < Self.restingParts {
            let lists = look(limit, graph)
            if !lists.isEmpty { resting.append((ReadEpochs.shared.advance(), lists)) }
        }
        guard let part = resting.first else { return true }
        guard ReadEpochs.shared.hasEnded(part.epoch) else { return false }
        resting.removeFirst()
        sketch(part.lists, graph)
        if !hasWork, maker?.isMeasured == false {
            // Walks are cheaper now: the planner is to know.
            state.measureCosts(of: graph)
            maker?.isMeasured = true
        }
        return true
    }

    /// Makes a sketcher for new codes.
    ///
    /// - Returns: false where the codes are not fit, or address space is refused.
    private mutating func prepare(
        for codes: CodeSet,
        _ graph: LiveGraph,
        _ state: CollectionState
    ) -> Bool {
        guard maker?.codes !== codes else { return true }
        guard unfit !== codes else { return false }
        (maker, unfit, resting) = (nil, nil, [])
        // Who searches by older sketches goes on without; until such searches have ended, no list
        // is marked again.
        graph.forgetEstimates()
        do throws(QuantizationError) {
            let sketcher = try LinkSketcher(
                decoding: codes.stack,
                rows: codes.rows,
                count: graph.count,
                capacity: graph.capacity,
                linksMax: 2 * graph.parameters.neighbours
            )
            let sketched = CodeSet(codes, sketches: sketcher.sketches)
            maker = Maker(codes: sketched, sketcher: sketcher, scratch: sketcher.makeScratch())
            state.codes = sketched
            left = graph.count
            return true
        } catch {
            unfit = codes
            return false
        }
    }

    private mutating func sketch(_ lists: [UnestimatedList], _ graph: LiveGraph) {
        guard var maker = maker.take() else { return }
        graph.estimate(lists) { node, links in
            maker.sketcher.write(node, links, &maker.scratch)
        }
        self.maker = maker
    }

    /// The next lists without sketches.
    private mutating func look(_ limit: Int, _ graph: LiveGraph) -> [UnestimatedList] {
        var lists: [UnestimatedList] = []
        var seen = 0
        let count = Ordinal(graph.count)
        while left > 0, lists.count < limit, seen < Self.listsSeen {
            if next >= count { next = 0 }
            let end = min(next + Ordinal(min(left, limit - lists.count)), count)
            lists += graph.unestimatedLists(of: next..<end)
            left -= Int(end - next)
            seen += Int(end - next)
            next = end
        }
        return lists
    }
}
