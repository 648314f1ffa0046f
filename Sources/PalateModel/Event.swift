/// What somebody did with an item.
///
/// Raw values are the wire's and the store's.
///
/// Weights and half-lives are settings of the collection's taste graph; the defaults stand in
/// `PalateTaste/TasteSettings.swift`.
public enum EventType: UInt8, CaseIterable, Sendable {
    /// Shown; feeds exposure only.
    case impression = 0
    /// Looked at for less than 10 s.
    case view = 1
    /// Looked at for 10 s or more.
    case closeup = 2
    /// Followed to its source.
    case clickThrough = 3
    /// Followed to its source and stayed there for 35 s or more.
    case longClickThrough = 4
    /// Saved to a board, a list or a cart of ideas: the canonical taste edge.
    case save = 5
    /// Sent to somebody.
    case share = 6
    /// Put into the cart.
    case addToCart = 7
    /// Bought.
    case purchase = 8
    /// Shown several times and passed over.
    case skip = 9
    /// Taken back from a board.
    case unsave = 10
    /// Not for me: the item never comes back to this person.
    case hide = 11
    /// Reported: as `hide`, and stronger.
    case report = 12

    /// The name on the command line and in the Python client.
    public var name: String {
        switch self {
        case .impression: "impression"
        case .view: "view"
        case .closeup: "closeup"
        case .clickThrough: "click"
        case .longClickThrough: "long-click"
        case .save: "save"
        case .share: "share"
        case .addToCart: "cart"
        case .purchase: "purchase"
        case .skip: "skip"
        case .unsave: "unsave"
        case .hide: "hide"
        case .report: "report"
        }
    }
}

/// One thing one person did.
public struct Event: Equatable, Sendable {
    /// Who.
    public var user: UserID
    /// With which item; it need not be in the collection (yet).
    public var item: ItemID
    /// What.
    public var type: EventType
    /// When, in milliseconds since 1970 UTC.
    ///
    /// On the wire 0 means: the server's now.
    public var timeMilliseconds: Int64
    /// A number of the sender's, so that sending again counts once; nil = every one counts.
    public var id: UInt64?
    /// The item on whose page it happened.
    public var context: ItemID?
    /// How probable it was that the item was shown, as the answer that showed it said; in 0...1.
    public var propensity: Float?

    /// One event.
    public init(
        user: UserID,
        item: ItemID,
        type: EventType,
        timeMilliseconds: Int64,
        id: UInt64? = nil,
        context: ItemID? = nil,
        propensity: Float? = nil
    ) {
        self.user = user
        self.item = item
        self.type = type
        self.timeMilliseconds = timeMilliseconds
        self.id = id
        self.context = context
        self.propensity = propensity
    }
}
