// PalateAccess: who may do what. Start at Gatekeeper.swift.
//
// | file                | job                                                          |
// |---------------------|--------------------------------------------------------------|
// | Gatekeeper.swift    | credentials to grants: what a server asks                    |
// | Grant.swift         | what an authenticated peer may do                            |
// | Scopes.swift        | the four scopes, and their names                             |
// | APIKey.swift        | the text of a key, and what is stored of it                  |
// | KeyRecord.swift     | one key as the file has it                                   |
// | KeyRing.swift       | all keys: made, listed, revoked, rotated                     |
// | KeyFile.swift       | the file of keys: read whole, replaced whole, durable        |
// | TokenSettings.swift | which tokens are taken                                       |
// | TokenVerifier.swift | tokens to grants, by jwt-kit                                 |
// | FailureThrottle.swift | how long an address waits that guesses                     |
// | AccessError.swift   | why a credential is not taken, why a file of keys is not     |
