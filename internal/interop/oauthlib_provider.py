"""An OAuth 1.0 provider made of python3-oauthlib, for the tests of this folder.

It listens on a free port of the loopback interface, prints the port as its first line,
and ends when its standard input is closed. Every signature is checked by oauthlib alone.

    /initiate, /authorize, /token    the three legs for the client of CLIENT
    /protected                       a resource that wants a token of these legs
    any other path                   checks the signature with the secrets that the header
                                     X-Interop holds (base64 of JSON) and answers
                                     {"valid": true|false, "error": ...}

The header X-Scheme tells the scheme of the address, because there is no TLS here.
"""

import base64
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from oauthlib.oauth1 import RequestValidator, SignatureOnlyEndpoint, WebApplicationServer

METHODS = ["HMAC-SHA1", "HMAC-SHA256", "HMAC-SHA512", "RSA-SHA1", "RSA-SHA256", "RSA-SHA512", "PLAINTEXT"]


class Validator(RequestValidator):
    """Accepts what is well signed. The rules for the form of keys are the provider's own
    and not part of RFC 5849, so they are off."""

    allowed_signature_methods = METHODS
    timestamp_lifetime = 10**10
    enforce_ssl = False
    dummy_client = "dummy"
    dummy_request_token = "dummy"
    dummy_access_token = "dummy"

    def __init__(self, secrets):
        super().__init__()
        self.secrets = secrets

    def check_client_key(self, _key):
        return True

    check_nonce = check_request_token = check_access_token = check_verifier = check_realms = check_client_key

    def validate_timestamp_and_nonce(self, *_args, **_kwargs):
        return True

    def validate_client_key(self, *_args):
        return True

    def get_client_secret(self, *_args):
        return self.secrets["client_secret"]

    def get_access_token_secret(self, *_args):
        return self.secrets["token_secret"]

    def get_rsa_key(self, *_args):
        return self.secrets["rsa_key"]


class Provider(Validator):
    """Keeps temporary credentials, tokens and nonces in memory."""

    def __init__(self, secrets):
        super().__init__(secrets)
        self.temporary, self.tokens, self.nonces = {}, {}, set()
        self.lock = threading.Lock()

    def validate_client_key(self, client_key, _request):
        return client_key == self.secrets["client_key"]

    def validate_timestamp_and_nonce(self, client_key, timestamp, nonce, _request, request_token=None, access_token=None):
        with self.lock:
            seen = (client_key, timestamp, nonce, request_token, access_token)
            fresh = seen not in self.nonces
            self.nonces.add(seen)
            return fresh

    def get_default_realms(self, *_args):
        return []

    get_realms = get_default_realms

    def validate_requested_realms(self, *_args):
        return True

    def validate_realms(self, *_args, **_kwargs):
        return True

    verify_realms = validate_realms

    def validate_redirect_uri(self, _client_key, redirect_uri, _request):
        return redirect_uri == "oob" or urlsplit(redirect_uri).scheme in ("http", "https")

    def save_request_token(self, token, request):
        self.temporary[token["oauth_token"]] = {
            "secret": token["oauth_token_secret"], "callback": request.redirect_uri, "verifier": None}

    def verify_request_token(self, token, _request):
        return token in self.temporary

    def get_redirect_uri(self, token, _request):
        return self.temporary[token]["callback"]

    def save_verifier(self, token, verifier, _request):
        self.temporary[token]["verifier"] = verifier["oauth_verifier"]

    def validate_request_token(self, _client_key, token, _request):
        return token in self.temporary

    def get_request_token_secret(self, _client_key, token, _request):
        return self.temporary.get(token, {"secret": ""})["secret"]

    def validate_verifier(self, _client_key, token, verifier, _request):
        return self.temporary.get(token, {"verifier": None})["verifier"] == verifier

    def invalidate_request_token(self, _client_key, token, _request):
        del self.temporary[token]

    def save_access_token(self, token, _request):
        self.tokens[token["oauth_token"]] = token["oauth_token_secret"]

    def validate_access_token(self, _client_key, token, _request):
        return token in self.tokens

    def get_access_token_secret(self, _client_key, token, _request):
        return self.tokens.get(token, "")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one packet
    provider = None  # the Provider of the three legs

    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode("utf-8", "replace")
        headers = {name: value for name, value in self.headers.items() if name != "X-Interop"}
        uri = self.headers.get("X-Scheme", "http") + "://" + self.headers["Host"] + self.path
        try:
            head, text, status = self.route(uri, body, headers)
        except Exception as error:  # what oauthlib lets through
            head, text, status = {}, json.dumps({"valid": False, "error": f"{type(error).__name__}: {error}"}), 200
        raw = (text or "").encode()
        self.send_response(status)
        for name, value in head.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(raw)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = answer

    def route(self, uri, body, headers):
        if "X-Interop" in self.headers:
            return self.check(uri, body, headers, json.loads(base64.b64decode(self.headers["X-Interop"])))
        server = WebApplicationServer(self.provider)
        path = urlsplit(self.path).path
        if path == "/initiate":
            return server.create_request_token_response(uri, self.command, body, headers)
        if path == "/authorize":
            return server.create_authorization_response(uri, self.command, body, headers, realms=[], credentials={})
        if path == "/token":
            return server.create_access_token_response(uri, self.command, body, headers)
        if path == "/protected":
            valid, _ = server.validate_protected_resource_request(uri, self.command, body, headers)
            return {}, "hello" if valid else "refused", 200 if valid else 401
        return {}, "no such path", 404

    def check(self, uri, body, headers, secrets):
        valid, request = SignatureOnlyEndpoint(Validator(secrets)).validate_request(uri, self.command, body, headers)
        answer = {"valid": valid, "error": "" if request is not None else "refused before the signature"}
        return {"X-Valid": str(valid).lower()}, json.dumps(answer), 200

    def log_message(self, *_args):
        pass


def main():
    Handler.provider = Provider(json.loads(sys.stdin.readline()))
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    print(server.server_port, flush=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdin.read()


main()
