import Foundation
import JWTKit

/// Keys that nothing but these tests trusts: making one of RSA takes a second.
enum TestKeys {
    /// A private key of 2,048 bits.
    static let rsa = """
        -----BEGIN PRIVATE KEY-----
        MIIEuwIBADANBgkqhkiG9w0BAQEFAASCBKUwggShAgEAAoIBAQDI+12BgXKIPrBp
        yDRb5ZKm2tiXP+UJ41YZeyPUTcEoJkiCQLem5mxUwFGLKGi/K7hs9KfL7i0Gg15c
        zgj2yoWWS81pRwiWASniwsX0ecF3SZQZl25PQXHwG4MNqirdcmFxTBxLK3HYILWn
        Qb3ZQyuhQLkbm3BuHCSUHidB7R8vh4qYtIRgB1ql5c0bdTbWPXFdgh/hdjvjUorQ
        2xyoC5KIyTkl+kBdLvgEA5awGH6JJGM1MBOJrSMgP7Vhfa8moKQ3OklqPT+boPnC
        sH8M/+YY9GjE9UzfM6Uq84g2zYTgx4Aul/OZctayR2CT73C5hjGVqmobOLmiIn3v
        UUpoWAN/AgMBAAECgf8cMKPoVyIgWHCIv88sX9qc8EF2JbO1BSUX08mvkRyIDeVU
        p2GfRnDx0psoXbQxP001P/3Y4qXmvGe4pdJf73+Mxyr9riiH7uPwhlYkPpwWOn56
        FN3k3gjM9qqXHzqeRaWUpY5V+tO58h/bZgkCnR8N3BcaQ9JqXak4Cc6JWWrcYGX4
        rnCOtseHgzT4QQn5kgFB1r2wKUH3ZJ8oGDozeTzfN4hrbd+ZFNkJLZW0Mhkv6fOF
        bSlo9bdpZJbl95sIEv2Fh8d+ALh6EsGaW4z1QnjwXqKNN8NNBgvsKyqA1zrWavpN
        ANRVUo6FKoSg5tx3zjYkYU99og9S+/dYOzZ0xnkCgYEA9CCHBUnUuhrnmqa6NV+m
        BM/T8PI4J15yuA88oBuo1nZuZakwFK339ABJibbRnUQCl6QD6aVgcV2p3/bjJrWb
        jNgkmYoC1fnYth3Bb+UGNUlM8z2AWrS9RuMZ2Yu3XT6KP4IYd/uO+mWWXv2p0eXX
        M6Q4ndRJ7DDGXOs7fsJCvLkCgYEA0sGqHSAI6HbWqiLjHVi+5Xsviniw9uAzGLAE
        G23WLx89epwlBkChmdmemLvoYs0KqoL8y422ktlAJRFqFbmpDoAOZx4gg22yp8eu
        LpAEcrp+WdVBgdMG+HDcI4tMrhrCDFUyCD/uKHPEcSLhtxm6dS7Zgc0D0w2tRc4u
        nd9e1fcCgYEAhhI3FNhvU6Xi/DQEn7tf2dSpePINlNFx/1Oe3+9Q0jdIedxo43KH
        ciGWQWN9yvjG07Dn1TFVvezKlo1oQqIKQ1eRAiGhXRJRyfKdgW4t8qXG9O8Zxrbs
        HDoswCTTFwp5slcoSPyGkU2pP5Hf6b5oaZwO297ymhxPVEh77CmTrUECgYAKzVBJ
        w92RBJ5GBBm95FGMc37hSwRO8vjLeCINwdhre99rzFr9cgyWVRgS3fawMbAtQx9v
        02ibKDVocPcN/AEVNC0Izft+oP26KbrcuhbwRmy5b/u2irldvHMcA0S/27E8bpVs
        5NHxEtXrsoz9FH2BChCt3XMnuxi5bjLndo5mywKBgDxuEUAZToY5AanPtADVSvOJ
        To2niRg6GoStgXfwoZPAz7UHF8t8jm6cP9YM6LFBdWHJTdjgtZVuDH2yO+BCentR
        exGy2EJwe5VoN2g1KgeVsUQY70d9+Y1yVuxBE4/LOlmnASeUHneD74LONbJSMpUm
        eG/WYe7rvJFIrVvT6xNJ
        -----END PRIVATE KEY-----
        """

    /// Its public half.
    static let rsaPublic = """
        -----BEGIN PUBLIC KEY-----
        MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAyPtdgYFyiD6wacg0W+WS
        ptrYlz/lCeNWGXsj1E3BKCZIgkC3puZsVMBRiyhovyu4bPSny+4tBoNeXM4I9sqF
        lkvNaUcIlgEp4sLF9HnBd0mUGZduT0Fx8BuDDaoq3XJhcUwcSytx2CC1p0G92UMr
        oUC5G5twbhwklB4nQe0fL4eKmLSEYAdapeXNG3U21j1xXYIf4XY741KK0NscqAuS
        iMk5JfpAXS74BAOWsBh+iSRjNTATia0jID+1YX2vJqCkNzpJaj0/m6D5wrB/DP/m
        GPRoxPVM3zOlKvOINs2E4MeALpfzmXLWskdgk+9wuYYxlapqGzi5oiJ971FKaFgD
        fwIDAQAB
        -----END PUBLIC KEY-----
        """

    /// A JSON Web Key Set of one Ed25519 key, `ed-1`.
    static func keySet(_ key: EdDSA.PublicKey) -> String {
        let x = key.rawRepresentation.base64EncodedString()
            .replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
        return """
            {"keys": [{"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "kid": "ed-1", "x": "\(x)"}]}
            """
    }
}
