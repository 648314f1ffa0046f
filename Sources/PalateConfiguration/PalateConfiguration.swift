// PalateConfiguration: settings from flags, environment and a file, by one schema. Start at
// Configuration.swift.
//
// | file                     | job                                                       |
// |--------------------------|-----------------------------------------------------------|
// | Setting.swift            | one setting: its name, kind, default and reason           |
// | SettingKind.swift        | what a setting's text may be                              |
// | Schema.swift             | the table of all settings                                 |
// | SettingsFile.swift       | a file of YAML to settings, each with its place           |
// | Configuration.swift      | what holds, and where it comes from                       |
// | Settings.swift           | the same as numbers and texts                             |
// | ConfigurationError.swift | what is wrong, and where                                  |
