import Dispatch
internal import PalateKernels
package import PalateModel
import Synchronization

/// Makes the sketches of a graph's links.
///
/// The links of a node take one look at each of their rows: at its rotated point, of which either
/// the first components are kept as halves for every row (132 bytes), or none, and the row's code
/// is decoded and rotated each time. Lengths of links are those that building had: between codes.
package final class LinkSketcher: Sendable {
    /// What it makes; of nodes that were not written, all links pass.
    package let sketches: LinkSketches

    private let space: SketchSpace
    private let scorePairs: ScorePairs
    private let stack: CodeStack
    /// The codes behind a projection; nil = there is none.
    private let inner: (any Quantizer)?
    private let rows: StackRows
    /// Of each row the first components times `scale`, then the point's square; nil = rows are
    /// decoded.
    private let points: RowArena?
    private let scale: Float

    /// Rows that the centre is taken of, and how far rows are from it.
    private static let sampleRows = 4_096
    /// Rows rotated at a time.
    private static let chunkRows = 1_024
    private static let signCount = SketchQuery.signCount
    private static let pointBytes = 2 * signCount + 4
    /// What the largest square of a link counts in units; 16 bits hold eight times that.
    private static let largestSquare: Float = 8_192

    /// What writing one node's sketches needs.
    package struct Scratch {
        fileprivate var distances: [Float] = []
        fileprivate var own = [Float](repeating: 0, count: LinkSketcher.signCount)
        fileprivate var other = [Float](repeating: 0, count: LinkSketcher.signCount)
        fileprivate var links = Links()
        fileprivate var bytes: [UInt8]
        /// Shape [dimensions] of a vector, and of its rotated point.
        fileprivate var vector: [Float]
        fileprivate var point: [Float]
    }

    /// What will be packed, by link.
    fileprivate struct Links {
        var signs: [UInt64] = []
        var offsets: [Float] = []
        var factors: [Float] = []

        mutating func removeAll() {
            signs.removeAll(keepingCapacity: true)
            offsets.removeAll(keepingCapacity: true)
            factors.removeAll(keepingCapacity: true)
        }
    }

    /// Rotates all rows.
    ///
    /// - Parameters:
    ///   - stack: what searches walk on: codes of 4 bits and more a component.
    ///   - rows: of the stack.
    ///   - count: rows there are.
    ///   - linksMax: of a node; at most 64.
    ///   - threads: workers.
    ///   - read: writes the vector of a row, shape [dimensions], as callers gave it.
    /// - Throws: `outOfAddressSpace`, `notForSketches`, or a kernel level that is not there.
    package convenience init(
        of stack: CodeStack,
        rows: StackRows,
        count: Int,
        linksMax: Int,
        threads: Int,
        read: @Sendable (_ row: Ordinal, _ vector: inout MutableSpan<Float>) -> Void
    ) throws(QuantizationError) {
        guard let points = RowArena(stride: Self.pointBytes, capacity: count) else {
            throw .outOfAddressSpace(bytes: Self.pointBytes * count)
        }
        try self.init(
            stack,
            rows,
            points,
            sample: Self.sample(of: count, dimensions: stack.dimensions, read),
            capacity: count,
            linksMax: linksMax
        )
        rotate(count, points, threads, read)
    }

    /// Keeps no points: rows may come and go.
    ///
    /// - Parameters:
    ///   - stack: as above.
    ///   - rows: of the stack.
    ///   - count: rows there are now.
    ///   - capacity: nodes there may be.
    ///   - linksMax: of a node; at most 64.
    /// - Throws: as above.
    package convenience init(
        decoding stack: CodeStack,
        rows: StackRows,
        count: Int,
        capacity: Int,
        linksMax: Int
    ) throws(QuantizationError) {
        let sample = Self.sample(of: count, dimensions: stack.dimensions) { row, vector in
            stack.decode(row, of: rows, into: &vector)
        }
        try self.init(stack, rows, nil, sample: sample, capacity: capacity, linksMax: linksMax)
    }

    private init(
        _ stack: CodeStack,
        _ rows: StackRows,
        _ points: RowArena?,
        sample: [Float],
        capacity: Int,
        linksMax: Int
    ) throws(QuantizationError) {
        guard stack.codes.isFitForBuilding else { throw .notForSketches(got: stack.codes.name) }
        let kernels: KernelTable
        do { kernels = try KernelTable.selected() } catch { throw .kernels(error) }
        let nodeBytes = LinkSketches.bytesPerNode(links: linksMax)
        guard let nodes = RowArena(stride: nodeBytes, capacity: capacity) else {
            throw .outOfAddressSpace(bytes: nodeBytes * capacity)
        }
        space = SketchSpace(stack.codes, sample: sample.span, kernels: kernels)
        let spread = space.spread(of: sample.span)
        sketches = LinkSketches(
            space: space,
            rows: nodes,
            unit: spread > 0 ? 4 * spread / Self.largestSquare : 1
        )
        scorePairs = stack.codes.scorePairs
        self.stack = stack
        inner = (stack.codes as? Projected)?.inner
        self.rows = rows
        self.points = points
        scale = spread > 0 ? 1 / spread.squareRoot() : 1
    }

    /// The vectors of rows spread over the first `count`, row-major.
    private static func sample(
        of count: Int,
        dimensions: Int,
        _ read: (Ordinal, inout MutableSpan<Float>) -> Void
    ) -> [Float] {
        let picked = SampleError.spread(sampleRows, over: count)
        var sample = [Float](repeating: 0, count: picked.count * dimensions)
        var all = sample.mutableSpan
        for (position, row) in picked.enumerated() {
            let start = position * dimensions
            var vector = all._mutatingExtracting(start..<start + dimensions)
            read(Ordinal(row), &vector)
        }
        return sample
    }

    /// Scratch for one thread.
    package func makeScratch() -> Scratch {
        Scratch(
            bytes: [UInt8](repeating: 0, count: sketches.bytesPerNode),
            vector: [Float](repeating: 0, count: space.vectorDimensions),
            point: [Float](repeating: 0, count: space.dimensions)
        )
    }

    /// Keeps the first rotated components of every row.
    private func rotate(
        _ count: Int,
        _ points: RowArena,
        _ threads: Int,
        _ read: @Sendable (Ordinal, inout MutableSpan<Float>) -> Void
    ) {
        let next = Atomic<Int>(0)
        DispatchQueue.concurrentPerform(iterations: max(1, threads)) { _ in
            var vector = [Float](repeating: 0, count: space.vectorDimensions)
            var rotated = [Float](repeating: 0, count: space.dimensions)
            var bytes = [UInt8](repeating: 0, count: Self.pointBytes)
            while true {
                let first = next.wrappingAdd(Self.chunkRows, ordering: .relaxed).oldValue
                guard first < count else { return }
                for row in Ordinal(first)..<Ordinal(min(first + Self.chunkRows, count)) {
                    var span = vector.mutableSpan
                    read(row, &span)
                    var point = rotated.mutableSpan
                    let squares = space.rotate(vector.span, into: &point)
                    var written = bytes.mutableSpan
                    var raw = written.rawBytes
                    space.kernels.encodeHalves(
                        rotated.span.extracting(first: Self.signCount),
                        by: scale,
                        .binary16,
                        into: &raw
                    )
                    raw.setInteger(squares.bitPattern, at: 2 * Self.signCount)
                    points.store(row, raw.bytes)
                }
            }
        }
    }

    /// Writes the first components of a row's rotated point; returns the point's square.
    private func load(
        _ row: Ordinal,
        into components: inout [Float],
        _ vector: inout [Float],
        _ point: inout [Float]
    ) -> Float {
        var span = components.mutableSpan
        guard let points else {
            var rotated = point.mutableSpan
            let squares: Float
            if let inner {
                let codes = rows.codes
                squares = space.rotate(codes.row(row), of: inner, into: &rotated)
            } else {
                var decoded = vector.mutableSpan
                stack.decode(row, of: rows, into: &decoded)
                squares = space.rotate(vector.span, into: &rotated)
            }
            for index in span.indices { span[index] = rotated[index] }
            return squares
        }
        let bytes = points.row(row)
        space.kernels.decodeHalves(
            bytes.extracting(0..<2 * Self.signCount),
            by: 1 / scale,
            .binary16,
            into: &span
        )
        return Float(bitPattern: bytes.integer(at: 2 * Self.signCount))
    }

    /// Writes the sketches of a node's links.
    ///
    /// - Parameters:
    ///   - node: whose; nobody reads them yet.
    ///   - links: shape [n], n at most the `linksMax` of all.
    ///   - scratch: of this thread.
    package func write(_ node: Ordinal, _ links: Span<Ordinal>, _ scratch: inout Scratch) {
        scratch.links.removeAll()
        while scratch.distances.count < links.count { scratch.distances.append(0) }
        var distances = scratch.distances.mutableSpan
        scorePairs(node, rows.codes, links, &distances)
        let ownSquares = load(node, into: &scratch.own, &scratch.vector, &scratch.point)
        for position in links.indices {
            let otherSquares = load(
                links[position],
                into: &scratch.other,
                &scratch.vector,
                &scratch.point
            )
            let link = space.link(
                distance: scratch.distances[position],
                squares: (ownSquares, otherSquares)
            )
            append(link, to: &scratch)
        }
        store(node, scratch.links, &scratch.bytes)
    }

    private func store(_ node: Ordinal, _ links: Links, _ packed: inout [UInt8]) {
        var bytes = packed.mutableSpan
        space.kernels.packSketches(
            signs: links.signs.span,
            offsets: links.offsets.span,
            factors: links.factors.span,
            into: &bytes
        )
        let raw = bytes.rawBytes
        sketches.rows.store(node, raw.bytes)
    }

    /// Adds the signs and numbers of one link, whose ends are in the scratch.
    private func append(_ link: SketchSpace.Link, to scratch: inout Scratch) {
        let (signs, total, along) = KernelTable.linkSigns(
            from: scratch.own.span,
            to: scratch.other.span
        )
        let factor = total > 0 ? link.slope / total : 0
        scratch.links.signs.append(signs)
        scratch.links.offsets.append((link.start + factor * along) / sketches.unit)
        scratch.links.factors.append(factor / sketches.unit)
    }
}
