"""A portal in a container: takes whatever is posted by https and prints each call as a line of JSON. Standard library only."""

import base64
import http.server
import json
import ssl
import sys
from typing import Any


class Portal(http.server.BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {
            name.lower(): value for name, value in self.headers.items() if name.lower().startswith("webhook-")
        }
        sys.stdout.write(json.dumps({"headers": headers, "body": base64.b64encode(body).decode()}) + "\n")
        sys.stdout.flush()
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


def main() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain("/run/secrets/portal.pem")
    server = http.server.ThreadingHTTPServer(("0.0.0.0", 8443), Portal)  # noqa: S104 - inside its container
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
