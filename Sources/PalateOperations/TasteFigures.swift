import PalateModel

/// The taste gauges of one collection, as TASTE_NUMBERS tells them.
struct TasteFigures {
    /// Of the collection.
    var gauges: [NamedNumber]
    /// By weight profile, in the order in which they were first served.
    var profiles: [(name: String, numbers: [NamedNumber])] = []

    private static let means: [(gauge: String, metric: String, help: String)] = [
        ("diversity", "palate_taste_diversity", "Mean intra-list distance of sampled lists."),
        ("head_share", "palate_taste_head_share", "Results among the most liked hundredth."),
        ("drift", "palate_taste_drift", "Mean change of what people like over seven days."),
    ]

    /// Writes those of all collections.
    static func write(_ all: [(name: String, figures: TasteFigures)], to page: inout PrometheusText)
    {
        for mean in means {
            page.family(mean.metric, .gauge, mean.help)
            for (name, figures) in all {
                guard let number = figures.gauges.first(where: { $0.name == mean.gauge }) else {
                    continue
                }
                page.sample(mean.metric, [("collection", name)], number.value)
            }
        }
        write(all, "lists", "palate_taste_lists_total", "Lists made by a profile.", &page)
        write(
            all,
            "impressions",
            "palate_taste_impressions_total",
            "Impressions of lists by a profile.",
            &page
        )
        let engagements = "palate_taste_engagements_total"
        page.family(engagements, .counter, "Impressions of a profile that led to an event.")
        for (name, figures) in all {
            for profile in figures.profiles {
                for type in EventType.allCases where type != .impression {
                    let labels = [
                        ("collection", name), ("profile", profile.name), ("type", type.name),
                    ]
                    page.sample(engagements, labels, profile.numbers.value(type.name))
                }
            }
        }
    }

    private static func write(
        _ all: [(name: String, figures: TasteFigures)],
        _ number: String,
        _ metric: String,
        _ help: String,
        _ page: inout PrometheusText
    ) {
        page.family(metric, .counter, help)
        for (name, figures) in all {
            for profile in figures.profiles {
                let labels = [("collection", name), ("profile", profile.name)]
                page.sample(metric, labels, profile.numbers.value(number))
            }
        }
    }
}

extension [NamedNumber] {
    fileprivate func value(_ name: String) -> Double { first { $0.name == name }?.value ?? 0 }
}
