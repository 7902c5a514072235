"""E-mail by the merchant's own mail server: TLS verified, a time limit, one class of error."""

from __future__ import annotations

import re
import smtplib
import ssl
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import formatdate, getaddresses, make_msgid, parseaddr
from urllib.parse import unquote, urlsplit

SECONDS = 15.0
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_PORTS = {"smtp": 587, "smtps": 465}
_ADDRESS = re.compile(r"[^@\s,;<>\"]+@[\w.:\[\]-]+\Z", re.ASCII)


class MailError(Exception):
    """An e-mail was not taken; the message is a sentence with the next step."""


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where e-mail is handed in: `smtp` begins plainly and goes over to TLS, `smtps` is TLS from the first byte."""

    scheme: str
    host: str
    port: int
    user: str
    password: str = field(repr=False)
    sender: str

    @classmethod
    def from_url(cls, url: str, sender: str) -> MailServer:
        """`smtps://user:password@host:465`; a `%40` in it is an @. Raises ValueError with a sentence.

        Without a sender it is the user where that is an e-mail address, else orderbridge at the host.
        """
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            parts, port = urlsplit(""), None
        if parts.scheme not in _PORTS or not parts.hostname:
            raise ValueError("Write it like smtps://user:password@mail.example.com:465, or smtp:// for STARTTLS.")
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        given = sender or (user if "@" in user else f"orderbridge@{parts.hostname}")
        return cls(parts.scheme, parts.hostname, port or _PORTS[parts.scheme], user, password, given)

    @property
    def domain(self) -> str:
        """The sender's."""
        return parseaddr(self.sender)[1].rpartition("@")[2]


def check_sender(text: str) -> None:
    """Whether e-mail can come from `a@b.example` or `Name <a@b.example>`. Raises ValueError with a sentence."""
    found = getaddresses([text]) if text.isprintable() else []
    if len(found) != 1 or not found[0][1].isascii() or not _ADDRESS.match(found[0][1]):
        raise ValueError('Write it like orders@shop.example or "My shop" <orders@shop.example>.')


def send(server: MailServer, to: str, subject: str, body: str) -> None:
    """Hand in one e-mail of plain text. Raises MailError."""
    letter = EmailMessage()
    letter["From"], letter["To"], letter["Subject"] = server.sender, to, subject
    letter["Date"], letter["Message-ID"] = formatdate(), make_msgid(domain=server.domain)
    letter["Auto-Submitted"] = "auto-generated"
    letter.set_content(body)
    try:
        session = _connected(server)
        try:
            if server.user:
                session.login(server.user, server.password)
            session.send_message(letter)
        finally:
            # However it says farewell: what was taken is taken.
            session.close()
    except smtplib.SMTPAuthenticationError:
        raise MailError(
            f"{server.host} refused the user name or password in SMTP_URL. Correct it and restart."
        ) from None
    except smtplib.SMTPRecipientsRefused as refused:
        said = next(iter(refused.recipients.values()), (0, b""))
        raise MailError(f"{server.host} does not take e-mail for this address: {_said(said[1])}") from None
    except smtplib.SMTPResponseException as refused:
        raise MailError(f"{server.host} refused the e-mail: {_said(refused.smtp_error)}") from None
    except ssl.SSLCertVerificationError:
        raise MailError(f"The certificate of {server.host} is not valid. Check SMTP_URL.") from None
    except UnicodeError:
        raise MailError(
            f"The user name or password in SMTP_URL, or the sender, has a letter that {server.host} cannot be given: "
            "only ASCII is possible there. Change it and restart."
        ) from None
    except (OSError, smtplib.SMTPException) as trouble:
        raise MailError(
            f"The mail server {server.host}:{server.port} cannot be used ({type(trouble).__name__}). Check SMTP_URL."
        ) from None


def _connected(server: MailServer) -> smtplib.SMTP:
    context = ssl.create_default_context()
    domain = server.domain
    if server.scheme == "smtps":
        return smtplib.SMTP_SSL(server.host, server.port, domain, timeout=SECONDS, context=context)
    session = smtplib.SMTP(server.host, server.port, domain, timeout=SECONDS)
    if server.host not in LOOPBACK:
        # A password or an order number never leaves this machine in the clear.
        session.starttls(context=context)
    return session


def _said(words: bytes | str) -> str:
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    return " ".join(text.split())[:200] or "it gave no reason."
