"""A person's own: account, ways in, settings."""

from tests.permissions.table.line import Line

TABLE = [
    Line("GET", "users/me/", (200, 200, 200, 200, 200, 401), scope="any"),
    Line("PATCH", "users/me/", (200, 200, 200, 200, 200, 401), {"bio": "Hello"}, scope="person"),
    Line("PUT", "users/me/", (400, 400, 400, 400, 400, 401), {"bio": "Hello"}, scope="person"),
    Line("DELETE", "users/me/", (409, 204, 204, 204, 204, 401), scope="person"),
    Line("GET", "users/me/password/", (200, 200, 200, 200, 200, 401), scope="person"),
    Line("GET", "users/me/connections/", (200, 200, 200, 200, 200, 401), scope="person"),
    # Alice's own, and her only way in.
    Line("DELETE", "users/me/connections/{connection}/", (409, 404, 404, 404, 404, 401), scope="person"),
    Line("POST", "users/me/password/", (400, 400, 400, 400, 400, 401), {"new": "short"}, scope="person"),
    # JSON; tests/community/test_avatars.py sends forms.
    Line("POST", "users/me/avatar/", (415, 415, 415, 415, 415, 401), scope="person"),
    Line("DELETE", "users/me/avatar/", (204, 204, 204, 204, 204, 401), scope="person"),
    Line("GET", "avatars/{nobody}/", (404, 404, 404, 404, 404, 401), scope="any"),
    # The cast has no password and no second factor: nothing to show again.
    Line("POST", "users/me/confirm/", (204, 204, 204, 204, 204, 401), scope="person"),
    Line("GET", "users/me/second-factor/", (200, 200, 200, 200, 200, 401), scope="person"),
    Line("POST", "users/me/second-factor/totp/", (201, 201, 201, 201, 201, 401), scope="person"),
    Line("DELETE", "users/me/second-factor/totp/", (404, 404, 404, 404, 404, 401), scope="person"),
    Line(
        "POST",
        "users/me/second-factor/totp/confirm/",
        (400, 400, 400, 400, 400, 401),
        {"setup_token": "x", "code": "1"},
        scope="person",
    ),
    Line("POST", "users/me/second-factor/recovery-codes/", (404, 404, 404, 404, 404, 401), scope="person"),
    Line("GET", "users/me/email/", (200, 200, 200, 200, 200, 401), scope="person"),
    Line("POST", "users/me/email/", (400, 400, 400, 400, 400, 401), {"email": "none"}, scope="person"),
    Line("DELETE", "users/me/email/", (404, 404, 404, 404, 404, 401), scope="person"),
    Line("POST", "users/me/email/resend/", (404, 404, 404, 404, 404, 401), scope="person"),
    Line("GET", "users/me/sign-ins/", (200, 200, 200, 200, 200, 401), scope="person"),
    Line("DELETE", "users/me/sign-ins/", (204, 204, 204, 204, 204, 401), scope="person"),
    Line("DELETE", "users/me/sign-ins/{nobody}/", (404, 404, 404, 404, 404, 401), scope="person"),
    Line("GET", "users/me/invitations/", (200, 200, 200, 200, 200, 401), scope="person"),
    # The stranger's own; the others have none.
    Line("POST", "users/me/invitations/{waiting}/accept/", (404, 404, 404, 404, 200, 401), scope="person"),
    Line("POST", "users/me/invitations/{waiting}/decline/", (404, 404, 404, 404, 204, 401), scope="person"),
]

PAGES = [
    Line("GET", "/settings/", (200, 200, 200, 200, 200, 302)),
    Line("POST", "/settings/", (422, 422, 422, 422, 422, 302), {"name": "Handle is missing"}),
    Line("GET", "/settings/account/", (200, 200, 200, 200, 200, 302)),
    Line("POST", "/settings/account/", (200, 200, 200, 200, 200, 302)),
    Line("POST", "/settings/avatar/", (400, 400, 400, 400, 400, 302)),
    Line("POST", "/settings/avatar/remove/", (302, 302, 302, 302, 302, 302)),
    Line("GET", "/settings/security/", (200, 200, 200, 200, 200, 302)),
    Line("POST", "/settings/security/end/", (302, 302, 302, 302, 302, 302)),
    Line("POST", "/settings/security/end/{nobody}/", (404, 404, 404, 404, 404, 302)),
]
