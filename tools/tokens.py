"""JSON Web Tokens for tests, made without a library: also those that no library would make."""

import base64
import hashlib
import hmac
import json
import time

SECRET = b"0123456789abcdef0123456789abcdef"


def encoded(data):
    """Base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def token(seconds=600, secret=SECRET, header=None, **claims):
    """A token of HS256 that ends so many seconds from now."""
    header = header or {"alg": "HS256", "typ": "JWT"}
    body = {"sub": "ranker", "exp": time.time() + seconds, "scope": "query write admin",
            "collections": ["*"]} | claims  # fmt: skip
    signed = b".".join(encoded(json.dumps(part).encode()) for part in (header, body))
    return (signed + b"." + encoded(hmac.digest(secret, signed, hashlib.sha256))).decode()
