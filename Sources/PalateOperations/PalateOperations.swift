// PalateOperations: HTTP for operators, on a port of its own. Start at OperationsServer.swift.
//
// | file                   | job                                                          |
// |------------------------|--------------------------------------------------------------|
// | OperationsServer.swift | listen, serve, shut down                                     |
// | OperationsRoutes.swift | what each path answers                                       |
// | OperationsAccess.swift | who may ask                                                  |
// | MetricsPage.swift      | all figures, by their names                                  |
// | PrometheusText.swift   | families of metrics to text                                  |
// | ProcessFigures.swift   | what the kernel says of this process                         |
// | CollectionFigures.swift | a collection's figures as JSON                              |
