// PalateOperations: HTTP for operators, on a port of its own. Start at OperationsServer.swift.
//
// | file                   | job                                                          |
// |------------------------|--------------------------------------------------------------|
// | OperationsServer.swift | listen, serve, shut down                                     |
// | OperationsRoutes*.swift | what each path answers                                      |
// | Asked.swift            | a request of somebody who may ask                            |
// | JSONLines.swift        | what the command line says in JSON as well                   |
// | HTTPFigures.swift      | requests counted by route and status                         |
// | RequestPatience.swift  | how long a request may take to arrive                        |
// | OperationsAccess.swift | who may ask                                                  |
// | MetricsPage.swift      | all figures, by their names                                  |
// | PrometheusText.swift   | families of metrics to text                                  |
// | ProcessFigures.swift   | what the kernel says of this process                         |
// | CollectionFigures.swift | a collection's figures as JSON                              |
