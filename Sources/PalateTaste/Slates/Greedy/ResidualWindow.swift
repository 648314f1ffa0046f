import PalateKernels

/// What is left of every candidate's vector once the directions of the last results are taken out.
///
/// The directions b of a window are orthonormal, so what is left of v has the squared length
/// |v|^2 - sum (v . b)^2: one inner product per candidate and direction, and none for a candidate
/// whose turn cannot come. A direction comes back when its result leaves the window.
struct ResidualWindow: Sendable {
    /// Results whose directions are taken out: what somebody still has in view.
    static let length = 10
    /// Squared lengths below this are rounding: cosines in Float are good to about 1e-6.
    static let smallestSquare: Float = 1e-5

    /// Shape [n]: squared length of what is left, at most; exact once `measure` says so.
    private(set) var squares: [Float] = []
    /// Ring of directions, row-major [length, dimensions].
    private var directions: [Float] = []
    /// Shape [length]; a twin of something in the window has no direction of its own.
    private var hasDirection: [Bool] = []
    /// Products of vector and direction where measured, else 0: row-major [n, length].
    private var shares: [Float] = []
    /// Shape [n]: directions measured, counted from the first; -1 = not even the length.
    private var measured: [Int32] = []
    /// What is left of the vector being added, shape [dimensions].
    private var rest: [Float] = []
    /// Directions so far, seeds included.
    private var count = 0

    /// Starts with the directions of the seeds.
    mutating func load(_ input: SlateInput) {
        precondition(input.count == 0 || !input.vectors.isEmpty, "a builder of vectors")
        count = 0
        refill(&squares, with: 1, count: input.count)
        refill(&shares, with: 0, count: input.count * Self.length)
        refill(&measured, with: -1, count: input.count)
        refill(&hasDirection, with: false, count: Self.length)
        // Slots without a direction are not read, so what they hold does not matter.
        if directions.count != Self.length * input.dimensions {
            refill(&directions, with: 0, count: Self.length * input.dimensions)
            refill(&rest, with: 0, count: input.dimensions)
        }
        for index in max(0, input.seedCount - Self.length)..<input.seedCount {
            add(input.seed(index), input)
        }
    }

    /// Takes out of one candidate what is not yet taken out.
    ///
    /// - Returns: whether `squares` is exact; not when it fell below `floor` first.
    mutating func measure(_ candidate: Int, from floor: Float, in input: SlateInput) -> Bool {
        let vector = input.vector(candidate)
        var square = squares[candidate]
        if measured[candidate] < 0 {
            // A broken vector has nothing new.
            let length = input.kernels.innerProduct(vector, vector)
            square = length.isFinite ? min(length, 1) : 0
            measured[candidate] = 0
        }
        var next = max(Int(measured[candidate]), count - Self.length)
        while next < count && square >= floor {
            let slot = next % Self.length
            if hasDirection[slot] {
                let share = input.cosine(direction(slot), vector)
                shares[candidate * Self.length + slot] = share
                square -= share * share
            }
            next += 1
        }
        squares[candidate] = square
        measured[candidate] = Int32(next)
        return next == count
    }

    /// The result or seed `vector` enters the window, and the oldest leaves it.
    ///
    /// What leaves must have been given back to every candidate before.
    mutating func add(_ vector: Span<Float>, _ input: SlateInput) {
        let slot = count % Self.length
        hasDirection[slot] = false
        for column in vector.indices { rest[column] = vector[column] }
        for other in 0..<Self.length where hasDirection[other] { takeOut(other, input.kernels) }
        let square = input.kernels.innerProduct(rest.span, rest.span)
        if square > Self.smallestSquare && square.isFinite {
            let scale = 1 / square.squareRoot()
            for column in rest.indices {
                directions[slot * rest.count + column] = rest[column] * scale
            }
            hasDirection[slot] = true
        }
        count += 1
    }

    /// Gives the direction that leaves next back to one candidate.
    ///
    /// - Returns: whether that changed anything.
    mutating func giveBack(to candidate: Int) -> Bool {
        let index = candidate * Self.length + count % Self.length
        let share = shares[index]
        guard share != 0 else { return false }
        squares[candidate] += share * share
        shares[index] = 0
        return true
    }

    /// Takes one direction out of `rest` (modified Gram-Schmidt).
    private mutating func takeOut(_ slot: Int, _ kernels: KernelTable) {
        var rest: [Float] = []
        swap(&rest, &self.rest)
        subtract(slot, from: &rest, kernels)
        swap(&rest, &self.rest)
    }

    private func subtract(_ slot: Int, from rest: inout [Float], _ kernels: KernelTable) {
        let direction = directions.span.extracting(slot * rest.count..<(slot + 1) * rest.count)
        let share = kernels.innerProduct(direction, rest.span)
        var left = rest.mutableSpan
        for column in left.indices { left[column] -= share * direction[column] }
    }

    @_lifetime(borrow self)
    private func direction(_ slot: Int) -> Span<Float> {
        directions.span.extracting(slot * rest.count..<(slot + 1) * rest.count)
    }
}
