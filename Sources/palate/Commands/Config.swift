import ArgumentParser
import Glibc
import PalateAccess
import PalateConfiguration
import PalateServer

/// `palate config`.
struct Config: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Check a file of settings, show what holds, list all settings.",
        subcommands: [Check.self, Show.self, List.self]
    )

    struct Check: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say everything that is wrong with a file; exit with 1 where something is.",
            discussion: """
                The certificate, the keys and the keys of tokens that it names are read as well, \
                as the server would read them.
                """
        )

        @Argument(help: "The file, YAML.")
        var file: String

        @Flag(help: "Do not read the files that it names: they are on another machine.")
        var settingsOnly = false

        func run() async throws {
            let configuration: Configuration
            do throws(ConfigurationError) {
                configuration = try Configuration(file: file, environment: [:], flags: [:])
            } catch {
                // FILE:LINE:COLUMN at the beginning of each line, for editors.
                let lines = Array("\(error)\n".utf8)
                _ = lines.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
                throw ExitCode.failure
            }
            if !settingsOnly {
                _ = try ServerOptions(configuration)
                // Without either there is no saying where the keys will be.
                if configuration.text("data") != nil || configuration.text("access.keys") != nil {
                    let data = configuration.text("data") ?? ""
                    _ = try await Gatekeeper(configuration, data: data)
                }
            }
            print("ok")
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "What `serve` would hold, given the same flags, and where it comes from."
        )

        @OptionGroup var flags: ServeFlags

        func run() throws {
            for (setting, held) in try flags.load().all {
                let value = held.value.map(setting.kind.text) ?? "-"
                print("\(setting.name)\t\(value)\t\(held.source.rawValue)")
            }
        }
    }

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "schema",
            abstract: "Every setting, as a table in Markdown."
        )

        func run() {
            print("| setting | variable | what it may be | default | reload | what it is for |")
            print("|---|---|---|---|---|---|")
            for setting in Schema.settings {
                let columns = [
                    "`\(setting.name)`", "`\(setting.variable)`", setting.kind.expected,
                    setting.fallback ?? "", setting.isReloadable ? "yes" : "no", setting.help,
                ]
                print("| \(columns.joined(separator: " | ")) |")
            }
        }
    }
}
