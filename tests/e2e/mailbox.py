"""An SMTP server with TLS and login: aiosmtpd. Prints its port, then every mail, as JSON lines.

Arguments: certificate, key, and `starttls` (TLS after a command, and no mail without) or `tls` (from the first byte on).
"""

import email
import email.policy
import json
import ssl
import sys

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult


class Mailbox:
    async def handle_DATA(self, server, session, envelope):
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        parts = {part.get_content_type(): part.get_content() for part in mail.walk() if not part.is_multipart()}
        print(
            json.dumps(
                {
                    "to": envelope.rcpt_tos,
                    "subject": mail["subject"],
                    "id": mail["message-id"],
                    "parts": parts,
                    "tls": server.transport.get_extra_info("ssl_object") is not None,
                    "user": (session.auth_data or b"").decode(),
                }
            ),
            flush=True,
        )
        return "250 kept"


def login(server, session, envelope, mechanism, data):
    good = data.login == b"outrider" and data.password == b"open sesame"
    return AuthResult(success=good, auth_data=data.login, handled=good)


context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1], sys.argv[2])
implicit = sys.argv[3] == "tls"
controller = Controller(
    Mailbox(),
    hostname="127.0.0.1",
    port=0,
    tls_context=None if implicit else context,
    require_starttls=not implicit,
    # aiosmtpd takes a login over TLS alone, and does not see TLS that is beneath it.
    auth_require_tls=not implicit,
    auth_required=True,
    authenticator=login,
)
# The controller's own start asks its port for a greeting, which port 0 has none of.
server = controller.loop.run_until_complete(
    controller.loop.create_server(
        controller._factory_invoker, host="127.0.0.1", port=0, ssl=context if implicit else None
    )
)
print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
controller.loop.run_forever()
