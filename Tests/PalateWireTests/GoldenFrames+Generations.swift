import PalateModel
import PalateWire

// What is said about generations.
extension GoldenFrames {
    /// Frames of generations, and of loads whose epoch the server names.
    static let generationRequests: [RequestFrame] = [
        frame(
            "generation-swap",
            22,
            .swapGeneration(
                GenerationSwap(
                    handle: 9,
                    step: .swap,
                    isForced: true,
                    thresholds: CanaryThresholds(
                        samples: 300,
                        rows: 0.5,
                        lacking: 0.25,
                        recall: 0.75,
                        overlap: 0.125,
                        nearer: 0.625
                    )
                )
            )
        ),
        frame(
            "generation-create",
            23,
            .createGeneration(GenerationCreate(handle: 9, schema: pins, model: "siglip 2"))
        ),
        frame("generation-drop", 24, .dropGeneration(handle: 9, role: .previous)),
        frame("generation-list", 25, .listGenerations(name: "pins")),
        frame(
            "load-resume",
            26,
            .loadBegin(LoadBegin(handle: 9, loaderID: 21, epoch: 0, start: .resume))
        ),
    ]

    /// Answers about generations, and a grant with its epoch.
    static let generationResponses: [ResponseFrame] = [
        frame(
            "generation-report",
            22,
            .generationReport(
                GenerationReport(
                    generation: 4,
                    isSwapped: true,
                    checks: [
                        CanaryCheck(name: "recall", got: 0.9375, threshold: 0.75),
                        CanaryCheck(name: "lacking", got: 0.5, threshold: 0.25, isCeiling: true),
                    ]
                )
            )
        ),
        frame("generation-created", 23, .generationCreated(info)),
        frame("generation-dropped", 24, .generationDropped),
        frame(
            "generations",
            25,
            .generations([
                GenerationInfo(
                    role: .live,
                    info: info,
                    model: "siglip 2",
                    liveItems: 11,
                    liveSinceMilliseconds: 1_700_000_000_000,
                    isForced: true
                ),
                GenerationInfo(role: .candidate, info: info, isDamaged: true),
            ])
        ),
        frame(
            "load-granted-epoch",
            26,
            .loadGranted(
                LoadGrant(
                    durableSequence: 4,
                    creditBytes: 32 << 20,
                    suggestedRows: 1_000,
                    epoch: 7
                )
            )
        ),
    ]
}
