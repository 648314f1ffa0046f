/// What a generation is to its collection.
///
/// Raw values are the wire's.
public enum GenerationRole: UInt8, CaseIterable, Sendable {
    /// It serves queries and takes writes.
    case live = 0
    /// It is being loaded beside the live one.
    case candidate = 1
    /// It was live before the last change and can be rolled back to.
    case previous = 2
}

/// GENERATION_CREATE: a generation to load beside the live one.
public struct GenerationCreate: Equatable, Sendable {
    /// The collection's.
    public var handle: UInt32
    /// What the generation is; its name is the collection's.
    public var schema: CollectionSchema
    /// Name and version of the embedding model, for people; up to `Limits.modelBytes` of UTF-8.
    public var model: String

    /// A generation to be.
    public init(handle: UInt32, schema: CollectionSchema, model: String = "") {
        self.handle = handle
        self.schema = schema
        self.model = model
    }
}

/// What GENERATION_LIST says of one generation.
public struct GenerationInfo: Equatable, Sendable {
    /// What it is to the collection.
    public var role: GenerationRole
    /// Its number, its schema, and its handle; a previous one has none (0).
    public var info: CollectionInfo
    /// Name and version of the embedding model.
    public var model: String
    /// Rows that answer queries; of a previous one, when it was replaced.
    public var liveItems: UInt64
    /// When it last became live, in milliseconds since 1970 UTC; 0 = never, or when it was created.
    public var liveSinceMilliseconds: Int64
    /// Whether it became live in spite of its check.
    public var isForced: Bool
    /// Whether its files could not be read: it can be dropped and nothing else.
    public var isDamaged: Bool

    /// All there is to say.
    public init(
        role: GenerationRole,
        info: CollectionInfo,
        model: String = "",
        liveItems: UInt64 = 0,
        liveSinceMilliseconds: Int64 = 0,
        isForced: Bool = false,
        isDamaged: Bool = false
    ) {
        self.role = role
        self.info = info
        self.model = model
        self.liveItems = liveItems
        self.liveSinceMilliseconds = liveSinceMilliseconds
        self.isForced = isForced
        self.isDamaged = isDamaged
    }
}

/// What GENERATION_SWAP is asked to do.
///
/// Raw values are the wire's.
public enum GenerationStep: UInt8, CaseIterable, Sendable {
    /// Check the candidate, and make it live where it passes.
    case swap = 0
    /// Check the candidate and change nothing.
    case check = 1
    /// Make the previous generation live again, unchecked.
    case rollback = 2
}

/// GENERATION_SWAP.
public struct GenerationSwap: Equatable, Sendable {
    /// The collection's.
    public var handle: UInt32
    /// What to do.
    public var step: GenerationStep
    /// Swap even where the check fails; the catalog keeps record of it.
    public var isForced: Bool
    /// What the check asks of the candidate.
    public var thresholds: CanaryThresholds

    /// A change.
    public init(
        handle: UInt32,
        step: GenerationStep,
        isForced: Bool = false,
        thresholds: CanaryThresholds = CanaryThresholds()
    ) {
        self.handle = handle
        self.step = step
        self.isForced = isForced
        self.thresholds = thresholds
    }
}

/// What a candidate has to reach to become live.
public struct CanaryThresholds: Equatable, Sendable {
    /// Items sampled for recall and for shift.
    public var samples: Int
    /// Rows, as a share of the live generation's, at least.
    public var rows: Float
    /// Live items that the candidate lacks, as a share, at most.
    public var lacking: Float
    /// Recall@10 against exact search, at least.
    public var recall: Float
    /// Overlap@10 of neighbours with the live generation's beyond what chance gives, at least.
    ///
    /// 0 is what shuffled vectors have; 1 is the same lists.
    public var overlap: Float
    /// How often a live neighbour is nearer than another item, at least.
    ///
    /// 0.5 is what shuffled vectors have.
    public var nearer: Float

    /// The gate as it stands unless asked otherwise.
    public init(
        samples: Int = 200,
        rows: Float = 0.9,
        lacking: Float = 0.1,
        recall: Float = 0.9,
        overlap: Float = 0.05,
        nearer: Float = 0.65
    ) {
        self.samples = samples
        self.rows = rows
        self.lacking = lacking
        self.recall = recall
        self.overlap = overlap
        self.nearer = nearer
    }
}

/// One line of a candidate's check.
public struct CanaryCheck: Equatable, Sendable {
    /// What was measured.
    public var name: String
    /// What came out; NaN where nothing could be measured, which fails.
    public var got: Double
    /// What was asked.
    public var threshold: Double
    /// Whether the threshold is the most allowed; else the least.
    public var isCeiling: Bool

    /// Whether the candidate passes this line.
    public var isPassed: Bool { isCeiling ? got <= threshold : got >= threshold }

    /// A line.
    public init(name: String, got: Double, threshold: Double, isCeiling: Bool = false) {
        self.name = name
        self.got = got
        self.threshold = threshold
        self.isCeiling = isCeiling
    }
}

/// What GENERATION_SWAP answers.
public struct GenerationReport: Equatable, Sendable {
    /// The generation that is live now.
    public var generation: UInt64
    /// Whether the request changed which one that is.
    public var isSwapped: Bool
    /// The lines of the check; none for a rollback.
    public var checks: [CanaryCheck]

    /// Whether every line is passed.
    public var isPassed: Bool { checks.allSatisfy(\.isPassed) }

    /// A report.
    public init(generation: UInt64, isSwapped: Bool, checks: [CanaryCheck]) {
        self.generation = generation
        self.isSwapped = isSwapped
        self.checks = checks
    }
}
