"""A web server whose pages are isolated from others, so that their threads may share memory: python3 isolated_server.py FOLDER"""

import sys
from functools import partial
from http.server import HTTPServer, SimpleHTTPRequestHandler


class Isolated(SimpleHTTPRequestHandler):
    def end_headers(self):
        self.send_header("Cross-Origin-Opener-Policy", "same-origin")
        self.send_header("Cross-Origin-Embedder-Policy", "require-corp")
        super().end_headers()


server = HTTPServer(("127.0.0.1", 0), partial(Isolated, directory=sys.argv[1]))
print(f"http://127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
