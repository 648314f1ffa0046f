// PalateConfiguration: settings from flags, environment and a file, by one schema. Start at
// Configuration.swift.
//
// | file                     | job                                                       |
// |--------------------------|-----------------------------------------------------------|
// | Setting.swift            | one setting: its name, kind, default and reason           |
// | SettingKind.swift        | what a setting's text may be                              |
// | SettingKind+Texts.swift  | sizes, times and addresses, from text and back            |
// | Schema.swift             | the table of all settings                                 |
// | SettingsFile.swift       | a file of YAML to settings, each with its place           |
// | SettingsText.swift       | a path to a tree of YAML, within bounds                   |
// | Configuration.swift      | what holds, and where it comes from                       |
// | Settings.swift           | the same as numbers and texts                             |
// | ConfigurationError.swift | what is wrong, and where                                  |
// | JSONLogLine.swift        | a line of the log as a JSON object                        |
