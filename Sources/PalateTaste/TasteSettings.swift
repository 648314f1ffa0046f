package import PalateModel

/// How much one event of a type counts, and for how long.
package struct SignalSetting: Equatable, Sendable {
    /// Weight of one event at its own time; negative for what drives away.
    package var weight: Float
    /// Days after which half of the weight is left; infinite for what never fades.
    package var halfLifeDays: Float

    /// A weight and its half-life.
    package init(weight: Float, halfLifeDays: Float) {
        self.weight = weight
        self.halfLifeDays = halfLifeDays
    }
}

/// The constants of a collection's taste graph.
///
/// The walk's were chosen by coordinate search on pinterest37k: one fifth of every person's items
/// held out. `benchmarks/taste/pinterest.py` prints what each term is worth.
package struct TasteSettings: Equatable, Sendable {
    /// By raw value of `EventType`.
    private var signals: [SignalSetting]
    /// Cosine from which a new positive item joins the nearest cluster.
    package var clusterSimilarity: Float = 0.85
    /// Hours after which item-item edges are derived again by themselves, where likes came or went;
    /// 0 = when told to.
    package var refreshHours: Float = 0
    /// A person's events, impressions aside, after which their clusters are made anew; 0 = never.
    package var reclusterEvents: Float = 32
    /// Events kept for replay, export and their ids, the last to arrive; 0 = all, some 100 bytes
    /// each.
    package var historyEvents: Float = 0
    /// Days for which events are kept; 0 = for ever.
    package var historyDays: Float = 0
    /// Cosine from which a candidate belongs to an interest that a calibrated slate gives a share.
    package var calibrationSimilarity: Float = 0.5
    /// Cosine from which a rejected item casts its shadow on its neighbours.
    package var negativeSimilarity: Float = 0.65
    /// How many times its lasting weight an event counts on top while it is fresh.
    ///
    /// On MovieLens-100K replayed event by event (10,131 next items), HR@20 is 0.227 without, 0.233
    /// with 2 and half an hour, 0.236 with 5; stronger and shorter gains more there, where people
    /// rate a list in one go, than a shop should trust.
    package var sessionBoost: Float = 2
    /// Days after which half of that is left: half an hour.
    package var sessionHalfLifeDays: Float = 1 / 48
    /// Cosine from which two items are near-duplicates.
    package var duplicateSimilarity: Float = 0.9
    /// Days for which near-duplicates of something bought are held back.
    package var purchaseHoldDays: Float = 30
    /// Days after which half of an impression is forgotten.
    package var fatigueHalfLifeDays: Float = 3
    /// beta of the fatigue of items that were shown.
    package var fatigueStrength: Float = 0.5
    /// Impressions, decayed, at which an item that nobody acted on is held back.
    package var fatigueLimit: Float = 5
    /// How much more an interest is searched whose results are acted on: importance times the
    /// `ClusterReward` to this power; 0 = by importance alone.
    package var clusterReward: Float = 2
    /// Days without a new event after which an interest is fading.
    package var fadingDays: Float = 30
    /// Days since its first event for which an interest of few items is nascent.
    package var nascentDays: Float = 7
    /// The share of a slate that may come of one interest, rounded up; 1 = all of it.
    package var interestQuota: Float = 1
    /// tau of the log-sum-exp over medoids: small = the nearest medoid counts, large = their mean;
    /// 0 = the nearest alone, whatever its importance.
    ///
    /// Of two interests far apart the mean likes best what lies between. On pinterest37k it says
    /// more beside item-item edges (0.1546 of Recall@20 at 2 and weight 0.4, against 0.1542 at 0.1
    /// and weight 0.1, 6,000 people), too little to give that up for people without edges.
    package var temperature: Float = 0.1
    /// The number of a field of keywords whose values are interests; 0 = none.
    package var interestField: Float = 0
    /// The share of an interest that goes to its parent, and from there to its siblings.
    package var interestSpread: Float = 0.3
    /// c of reciprocal rank fusion: the smaller, the more the first ranks count.
    package var fusionConstant: Float = 60
    /// The walk's exponents and bounds.
    package var walk = WalkSettings()

    /// The defaults: weights of 0.3 for a view to 10 for a purchase, -8 for a hide.
    package init() {
        let none = SignalSetting(weight: 0, halfLifeDays: .infinity)
        signals = Array(repeating: none, count: EventType.allCases.count)
        self[.view] = SignalSetting(weight: 0.3, halfLifeDays: 3)
        self[.closeup] = SignalSetting(weight: 1, halfLifeDays: 14)
        self[.clickThrough] = SignalSetting(weight: 2, halfLifeDays: 21)
        self[.longClickThrough] = SignalSetting(weight: 3, halfLifeDays: 21)
        self[.save] = SignalSetting(weight: 4, halfLifeDays: 69)
        self[.share] = SignalSetting(weight: 3, halfLifeDays: 90)
        self[.addToCart] = SignalSetting(weight: 6, halfLifeDays: 14)
        self[.purchase] = SignalSetting(weight: 10, halfLifeDays: 90)
        self[.skip] = SignalSetting(weight: -0.3, halfLifeDays: 7)
        self[.unsave] = SignalSetting(weight: -3, halfLifeDays: 30)
        self[.hide] = SignalSetting(weight: -8, halfLifeDays: 180)
        self[.report] = SignalSetting(weight: -20, halfLifeDays: .infinity)
    }

    /// Weight and half-life of one event type; an impression's are never read.
    package subscript(type: EventType) -> SignalSetting {
        get { signals[Int(type.rawValue)] }
        set { signals[Int(type.rawValue)] = newValue }
    }
}

/// The constants of the two-hop walk; `TwoHopWalk.swift` has the formula.
package struct WalkSettings: Equatable, Sendable {
    /// a: damping of seeds that many people have; 0.35 to 0.55 do equally well.
    package var seedDegreeExponent: Float = 0.45
    /// b: damping of people who have many items; 0.3 to 0.5 do equally well.
    package var userDegreeExponent: Float = 0.4
    /// q: how much more the people most alike count; 1 = the plain walk, 1.5 is as good as 1.3.
    package var sharpness: Float = 1.3
    /// beta: damping of popular candidates; 0.3 and 0.5 lose 0.0005 of Recall@20.
    package var popularityExponent: Float = 0.4
    /// Days after which half of another person's edge is left; infinite: they do not fade.
    ///
    /// That two items go together stays true for longer than that somebody wants them: on
    /// MovieLens-100K replayed event by event, HR@20 is 0.227 at infinity, 0.226 at 365 days, 0.202
    /// at 69. For goods that go out of fashion, lower it.
    package var halfLifeDays: Float = .infinity

    /// The defaults.
    package init() {}
}
