"""The key pair an Adobe shop signs its webhooks with: RSA-SHA256, PKCS#1 v1.5."""

import base64

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

BITS = 2048


def new_private_key() -> str:
    """A fresh private key as PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=BITS)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def public_key(private_pem: str) -> str:
    """The PEM that the receiver checks signatures with."""
    return (
        _load(private_pem)
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )


def sign(private_pem: str, data: bytes) -> str:
    """The base64 signature over the data."""
    return base64.b64encode(_load(private_pem).sign(data, padding.PKCS1v15(), hashes.SHA256())).decode()


def _load(private_pem: str) -> rsa.RSAPrivateKey:
    key = serialization.load_pem_private_key(private_pem.encode(), None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ValueError("not an RSA key")
    return key
